"""Building a library's network without memory for its weights, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


class _WeightsOnMeta(TorchFunctionMode):
    """Puts on the meta device what is made without values, as all weights are before they are drawn.

    Other tensors stay real: some builders compute widths or drop rates with tensors and read them.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.empty:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)


def build_without_memory(build: Callable[[], nn.Module]) -> nn.Module:
    """Return what `build` makes, with its large weights on the meta device; nothing is drawn from the random state."""
    with _WeightsOnMeta():
        return build()
