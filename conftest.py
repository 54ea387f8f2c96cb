"""What every test and doctest shares: no cache of the user's is read or written."""

import os
import tempfile

os.environ.setdefault("FEATHERBONE_CACHE", tempfile.mkdtemp(prefix="featherbone-test-cache-"))
