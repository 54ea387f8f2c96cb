"""Models from ``package.module:build`` or ``file.py:Build(width=0.5)``, built without allocating their weights."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.files import require_regular


class Weightless(TorchFunctionMode):
    """Large tensors are made on the meta device; ``arange``, ``linspace`` and ``tensor`` keep their values.

    Constructors compute with the latter (drop rates, positions) and fill the former, which are the weights.
    """

    MADE = frozenset({torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.normal})

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in self.MADE and kwargs.get("device") is None:
            kwargs = {**kwargs, "device": "meta"}
        return func(*args, **kwargs)


Made = tuple[Any, tuple[str, ...]]


def maker(home: str, function: str, call: str) -> Callable[[bool], Made]:
    """A function that calls ``function`` of a module or file, with weights from the start or only where it needs them.

    It returns what that returns, and what is to be said about how it was built. The module is imported once.

    Raises:
        FeatherboneError: no such file, module or function (with the closest one); arguments that are not plain values;
            a function that fails.
    """
    arguments, settings = _arguments(function, call)
    with _current_folder_first():
        module = _from_file(Path(home)) if home.endswith(".py") else _from_package(home)
    made = _attribute(module, home, function)
    if not callable(made) or isinstance(made, torch.nn.Module):
        return lambda weights: (made, ())

    def make(weights: bool) -> Made:
        said = f"{function} was built with its weights, as its code looks at values"
        with _current_folder_first():
            if not weights:
                try:
                    with Weightless():
                        return made(*arguments, **settings), ()
                except (Exception, SystemExit) as error:
                    said = f"{function} could not be built without weights ({_sentence(error)}), so they were allocated"
            try:
                return made(*arguments, **settings), (said,)
            except (Exception, SystemExit) as error:
                raise FeatherboneError(
                    f"{home}:{function}{call if call != '()' else ''} fails: {_sentence(error)}",
                    hint=f"give its arguments as plain values, such as {function}(width=0.5)",
                ) from error

    return make


def _arguments(function: str, call: str) -> tuple[list[Any], dict[str, Any]]:
    try:
        tree = ast.parse(f"f{call}", mode="eval").body
        if not isinstance(tree, ast.Call) or any(keyword.arg is None for keyword in tree.keywords):
            raise ValueError
        arguments = [ast.literal_eval(argument) for argument in tree.args]
        settings = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in tree.keywords}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise FeatherboneError(
            f"the arguments {call[:80]} of {function} are not plain values",
            hint="numbers, text, True, False, None, and lists, tuples and dictionaries of them",
        ) from None
    return arguments, settings


def _from_file(path: Path) -> ModuleType:
    if not path.exists():
        near = [other.name for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise FeatherboneError(f"there is no file {path}", hint=_closest(path.name, near) or "check the path")
    require_regular(path)
    name = path.stem
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None, "a .py file has a loader"
    assert specification.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(specification)
    sys.path.insert(0, str(path.resolve().parent))
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise FeatherboneError(f"{path} fails when it is imported: {_sentence(error)}", hint=_guard(error)) from error
    finally:
        sys.path.remove(str(path.resolve().parent))
        if before is not None:
            sys.modules[name] = before
    return module


def _from_package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if missing != name and not name.startswith(missing + "."):
            raise FeatherboneError(f"{name} needs the package {missing}", hint=f"pip install {missing}") from None
        raise FeatherboneError(
            f"there is no module {name!r}", hint=_closest(missing, _modules_beside(missing)) or "check its name"
        ) from None
    except (Exception, SystemExit) as error:
        raise FeatherboneError(f"{name} fails when it is imported: {_sentence(error)}", hint=_guard(error)) from error


def _modules_beside(name: str) -> list[str]:
    parent, _, _ = name.rpartition(".")
    try:
        folders = list(importlib.import_module(parent).__path__) if parent else None
    except Exception:  # the parent's own failure is told where it is imported itself
        return ["package.module"]
    prefix = f"{parent}." if parent else ""
    return [prefix + found.name for found in pkgutil.iter_modules(folders) if not found.name.startswith("_")][:5000]


def _attribute(module: ModuleType, home: str, function: str) -> Any:
    found: Any = module
    for part in function.split("."):
        if not hasattr(found, part):
            known = [name for name in vars(found) if callable(getattr(found, name)) and not name.startswith("_")]
            raise FeatherboneError(f"{home} has no {part!r}", hint=_closest(part, known) or "it defines no function")
        found = getattr(found, part)
    return found


@contextmanager
def _current_folder_first() -> Iterator[None]:
    """A command does not have the current folder on its path, but ``python -m`` has, and people expect it."""
    sys.path.insert(0, "")
    try:
        yield
    finally:
        sys.path.remove("")


def _closest(word: str, known: list[str]) -> str:
    """The closest of many names, or a few of them."""
    hint = did_you_mean(word, known) if known else ""
    return hint if len(known) <= 12 or not hint.startswith("known") else f"such as {', '.join(sorted(known)[-6:])}"


def _guard(error: BaseException) -> str:
    """What to do where a script ends Python, as one does that reads its own arguments."""
    if not isinstance(error, SystemExit):
        return ""
    return "let what runs stand under if __name__ == '__main__', so that its functions can be imported"


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
