"""An ONNX file opened by ONNX Runtime on the CPU, with its own messages turned into ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime

from featherbone.errors import FeatherboneError
from featherbone.files import require_regular

ONLY_FATAL = 4  # ONNX Runtime's severity; it would otherwise write its own error lines beside ours


def open_session(path: Path | str, *, threads: int = 1, profile: Path | None = None) -> Any:
    """An ``onnxruntime.InferenceSession`` on ``threads`` threads.

        open_session("model.onnx").run(None, {"image": images})

    Given a path prefix as ``profile``, ONNX Runtime times every operator into a file that begins with it.

    Raises:
        FeatherboneError: no such file, not an ONNX model, or one that ONNX Runtime can't run.
    """
    path = Path(path)
    if not path.exists():
        raise FeatherboneError(f"there is no file {path}", hint="give the path of a model.onnx")
    require_regular(path)
    if threads < 1:
        raise FeatherboneError(f"threads is {threads}; it must be at least 1")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ONLY_FATAL
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a dozen types without a common base of its own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FeatherboneError(
            f"{path} is not an ONNX model that ONNX Runtime can run: {reason}", hint="export the model again"
        ) from error
