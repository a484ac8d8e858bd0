"""From documents to PyTorch: `lower` builds a GraphModule whose submodules sit at the layers' paths. No Qt.

`lower` is loaded when it is first asked for: code as text (`cnn_studio.compiler.source`) needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnn_studio.compiler.lowering import lower

__all__ = ["lower"]


def __getattr__(name: str) -> object:
    if name == "lower":
        from cnn_studio.compiler.lowering import lower

        globals()["lower"] = lower
        return lower
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
