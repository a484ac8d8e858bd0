"""Where numbers stop being numbers: the first layer whose result, or whose weights, are NaN or infinite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Culprit:
    """The layer where NaN or infinity arose.

    Attributes:
        path: of the layer.
        in_weights: whether its weights are no numbers already; otherwise its result is, from weights that are.
    """

    path: str
    in_weights: bool


def find_culprit(module: nn.Module, images: Tensor) -> Culprit | None:
    """Return the first layer, in the order of computation, that gives NaN or infinity for a batch.

    The network is run once more, in the mode it is in.

    Args:
        module: the network.
        images: the batch, of shape [B, C, H, W].
    """
    bad_weights = {
        path
        for path, part in module.named_modules()
        if any(not bool(param.isfinite().all()) for param in part.parameters(recurse=False))
    }
    found: list[str] = []

    def look(path: str) -> Callable[[nn.Module, object, object], None]:
        def hook(part: nn.Module, inputs: object, output: object) -> None:
            if not found and isinstance(output, Tensor) and not bool(output.isfinite().all()):
                found.append(path)

        return hook

    hooks = [
        part.register_forward_hook(look(path))
        for path, part in module.named_modules()
        if path and next(part.children(), None) is None
    ]
    try:
        with torch.no_grad():
            module(images)
    finally:
        for handle in hooks:
            handle.remove()
    if found:
        return Culprit(found[0], found[0] in bad_weights)
    return Culprit(min(bad_weights), True) if bad_weights else None
