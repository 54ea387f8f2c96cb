"""`torchrun` for featherbone: its options and then a command, and an end in our sentence, without torch's traceback.

    python -m featherbone.torchrun --standalone --nproc-per-node 4 train photos --network mobilenet_v2

The exit code is that of the process that failed first.
"""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

INTERRUPTED = 130
FAILED = 1


def main() -> NoReturn:
    """Run what the command line says in so many processes."""
    logging.disable(logging.ERROR)  # of the launcher's own: each process says itself why it ends
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    asked = run.parse_args(["-m", *sys.argv[1:]])  # type: ignore[no-untyped-call]
    asked.training_script_args = [asked.training_script, *asked.training_script_args]
    asked.training_script = "featherbone"
    try:
        run.run(asked)  # type: ignore[no-untyped-call]
    except ChildFailedError as failed:
        _, first = failed.get_first_failure()
        sys.exit(first.exitcode if first.exitcode > 0 else FAILED)
    except (SignalException, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    sys.exit(0)


if __name__ == "__main__":
    main()
