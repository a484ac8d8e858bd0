"""Which versions compute a run, written beside its numbers."""

from __future__ import annotations

import importlib.metadata
import platform
from functools import cache

import cnn_studio

_PACKAGES = ("torch", "torchvision", "numpy")


@cache
def versions(*more: str) -> dict[str, str]:
    """Return the versions of the program, Python and the libraries that a run's numbers depend on, by name.

    Args:
        more: further packages.
    """
    found = {"cnn-studio": cnn_studio.__version__, "python": platform.python_version()}
    for name in (*_PACKAGES, *more):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
