"""``python -m featherbone`` is ``featherbone``."""

from featherbone.cli.main import run

run()
