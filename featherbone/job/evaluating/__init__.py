"""The job ``evaluate``: how good any file that is written here is on labelled images."""
