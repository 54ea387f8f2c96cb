"""Commands that write, run and judge files for runtimes."""
