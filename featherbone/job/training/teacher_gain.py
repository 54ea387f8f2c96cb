"""What a teacher brought: a run beside the same run without it."""

from __future__ import annotations

import math
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.job.training.plan import identity_of
from featherbone.metrics import Z95
from featherbone.run_file import read_record
from featherbone.run_record import RunRecord, TeacherGain


def gain_of(folder: Path, record: RunRecord) -> TeacherGain | None:
    """The gain in top-1 over the same run without a teacher, which is looked for in the folders beside this one.

    None without a teacher, or where no such run is finished.
    """
    taught = record.result
    if record.teacher is None or taught is None:
        return None
    wanted = {**identity_of(record), "teacher": None}
    for other in sorted(folder.resolve().parent.iterdir()):
        try:
            found = read_record(other)
        except (FeatherboneError, OSError):
            continue
        alone = found.result if found is not None and found.is_training else None
        if found is not None and alone is not None and identity_of(found) == wanted:
            error = math.hypot(taught.test_top1_standard_error, alone.test_top1_standard_error)
            gain = taught.test_top1 - alone.test_top1
            return TeacherGain(run=str(other), top1=alone.test_top1, gain=gain, half=Z95 * error)
    return None
