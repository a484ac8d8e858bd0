"""Batch norms folded into the convolutions before them, for forward passes of a network that does not learn.

``γ (w ∗ x + b − μ) / √(σ² + ε) + β`` is a convolution with the weights ``w γ / √(σ² + ε)`` and the bias
``(b − μ) γ / √(σ² + ε) + β``. It rounds otherwise than the two do, in the last digits.
"""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor, fx, nn


def fold_norms(module: fx.GraphModule) -> int:
    """Fold the batch norms of a network in evaluation mode, in place; returns how many.

    Those stay that do not follow a convolution alone, share it with others, or normalise with each batch.
    """
    calls = Counter(str(node.target) for node in module.graph.nodes if node.op == "call_module")
    count = 0
    for node in list(module.graph.nodes):
        if node.op != "call_module" or len(node.all_input_nodes) != 1:
            continue
        before = node.all_input_nodes[0]
        if before.op != "call_module" or len(before.users) != 1:
            continue
        norm, conv = module.get_submodule(str(node.target)), module.get_submodule(str(before.target))
        if not isinstance(norm, nn.BatchNorm2d) or not isinstance(conv, nn.Conv2d):
            continue
        if calls[str(node.target)] > 1 or calls[str(before.target)] > 1:
            continue
        if norm.training or norm.running_mean is None or norm.running_var is None:
            continue
        _fold(conv, norm, norm.running_mean, norm.running_var)
        node.replace_all_uses_with(before)
        module.graph.erase_node(node)
        count += 1
    module.recompile()
    return count


@torch.no_grad()
def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    scale = torch.rsqrt(variance + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight
    bias = -mean if conv.bias is None else conv.bias - mean
    bias = bias * scale
    if norm.bias is not None:
        bias = bias + norm.bias
    conv.weight = nn.Parameter(conv.weight * scale.reshape(-1, 1, 1, 1), requires_grad=False)
    conv.bias = nn.Parameter(bias, requires_grad=False)
