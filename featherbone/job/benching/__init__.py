"""The job ``bench``: which file of a network should be shipped, told by one table."""
