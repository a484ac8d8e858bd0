"""Documents and PyTorch: `lower` builds a module from a document, `trace` a document from a module. No Qt.

Submodules sit at the layers' paths, in both directions. Both functions are loaded when they are first asked for: code
as text (`cnn_studio.compiler.source`) needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnn_studio.compiler.lowering import lower
    from cnn_studio.compiler.tracing import Traced, trace

__all__ = ["Traced", "lower", "trace"]

_HOMES = {"lower": "lowering", "trace": "tracing", "Traced": "tracing"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
