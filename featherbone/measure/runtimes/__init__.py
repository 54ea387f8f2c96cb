"""The runtimes that can be timed. Each ``on_*`` file has the same two functions, and is imported only where it runs.

``load(job)`` prepares a network and returns a function that runs it once; ``profile(job, runs, folder)`` returns the
median seconds by operator, from the runtime's own profiler.
"""
