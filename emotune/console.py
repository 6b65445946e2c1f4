"""The console is ours: what TensorFlow's libraries write there before they heed their own log level is left out.

With ``TF_CPP_MIN_LOG_LEVEL`` at 3 only errors are to be shown, but absl begins to log before anyone can tell it so. It writes to the
file descriptor itself, so that descriptor is led through a sieve while TensorFlow is imported, wherever that happens first. Lines of
others, and errors, pass. A lower level switches the sieve off. Nothing that TensorFlow computes depends on it.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

LEVEL_VARIABLE = "TF_CPP_MIN_LOG_LEVEL"
ERRORS_ONLY = "3"
NOISY = "tensorflow"
NOISE = re.compile(rb"WARNING: All log messages before absl::InitializeLog|[IW]\d{4} \d\d:\d\d:")
"""How absl's information and warnings begin."""
STDERR = 2
PATIENCE_SECONDS = 1.0


class _QuietLoader(Loader):
    """Another loader, whose module is executed behind the sieve."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        with sieved():
            self._loader.exec_module(module)


class _QuietFinder(MetaPathFinder):
    """Finds TensorFlow as Python does, once."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != NOISY:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _QuietLoader(spec.loader)
        return spec


def quieten() -> None:
    """See to it that TensorFlow's import writes nothing but errors; before it is imported."""
    os.environ.setdefault(LEVEL_VARIABLE, ERRORS_ONLY)
    if os.environ[LEVEL_VARIABLE] == ERRORS_ONLY and not any(isinstance(finder, _QuietFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _QuietFinder())


@contextmanager
def sieved() -> Iterator[None]:
    """Lead standard error through the sieve, whoever writes to it; as it is where there is none."""
    try:
        real = os.dup(STDERR)
    except OSError:
        yield
        return
    inlet, outlet = os.pipe()
    os.dup2(outlet, STDERR)
    os.close(outlet)
    pump = threading.Thread(target=_pass_on, args=(inlet, os.dup(real)), name="console", daemon=True)
    pump.start()
    try:
        yield
    finally:
        os.dup2(real, STDERR)
        os.close(real)
        pump.join(PATIENCE_SECONDS)  # a process that was started meanwhile keeps the other end open


def _pass_on(inlet: int, real: int) -> None:
    with os.fdopen(inlet, "rb") as lines, os.fdopen(real, "wb", buffering=0) as console:
        for line in lines:
            if not NOISE.match(line):
                console.write(line)
