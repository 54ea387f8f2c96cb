"""What every test and doctest shares: no cache of the user's is read or written, and Ctrl-C means what it does."""

import os
import signal
import tempfile

os.environ.setdefault("FEATHERBONE_CACHE", tempfile.mkdtemp(prefix="featherbone-test-cache-"))

# In the background of a shell, SIGINT is ignored, by all processes that are started from there as well.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
