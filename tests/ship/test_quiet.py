"""What runtimes write to the standard error stays away, and only while it is asked for."""

import os
import subprocess
import sys
import warnings

import pytest

from featherbone.ship.quiet import quiet


def test_nothing_is_written_by_whichever_way(capfd):
    with quiet():
        os.write(2, b"from C\n")
        print("from Python", file=sys.stderr)
        warnings.warn("from a package", stacklevel=1)
        subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('from a process')"], check=True)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_an_exception_passes_and_ends_it(capfd):
    with pytest.raises(ValueError, match="broken"), quiet():
        raise ValueError("broken")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
