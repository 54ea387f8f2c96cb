"""The job ``export``: a network in the files of other runtimes, each verified and run before it is handed over."""
