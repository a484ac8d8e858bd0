"""First weights, drawn from generators of our own: the same seed gives the same weights whatever other threads draw."""

from __future__ import annotations

import math

import torch
from torch import nn

from cnn_studio.compiler.modules import BlockParameter, ConnectionConv2d, Subsampling
from cnn_studio.core.randomness import derive_seed

_CONSTANT = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm)


def initialise(module: nn.Module, seed: int, layer_id: int) -> None:
    """Fill the parameters and buffers of one layer's module.

    Convolution (a table's filters by what each of them sees) and fully connected layers get PyTorch's own distribution: uniform in ±1/sqrt(fan in), for
    weights (Kaiming uniform with a = sqrt 5) and biases alike.

    Args:
        module: a module on the CPU whose memory may hold anything.
        seed: the run's seed.
        layer_id: the layer's id, so that renaming a layer or editing another one changes nothing here.
    """
    generator = torch.Generator().manual_seed(derive_seed(seed, layer_id))
    with torch.no_grad():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            fan_in = module.weight[0].numel()
            bound = 1 / math.sqrt(fan_in)
            module.weight.uniform_(-bound, bound, generator=generator)
            if module.bias is not None:
                module.bias.uniform_(-bound, bound, generator=generator)
        elif isinstance(module, Subsampling):
            module.weight.fill_(1 / math.sqrt(module.kernel[0] * module.kernel[1]))
            module.bias.zero_()
        elif isinstance(module, ConnectionConv2d):
            _initialise_connections(module, generator)
        elif isinstance(module, BlockParameter | nn.PReLU):
            module.weight.fill_(module.init)
        elif isinstance(module, _CONSTANT):
            module.reset_parameters()  # ones and zeros, no draws
        elif next(module.parameters(), None) is not None:
            raise TypeError(f"no rule to initialise {type(module).__name__}")


def _initialise_connections(module: ConnectionConv2d, generator: torch.Generator) -> None:
    area = module.kernel[0] * module.kernel[1]
    bounds = torch.tensor([1 / math.sqrt(len(row) * area) for row in module.table])
    per_connection = bounds.repeat_interleave(torch.tensor([len(row) for row in module.table]))
    module.weight.uniform_(-1, 1, generator=generator).mul_(per_connection.view(-1, 1, 1))
    if module.bias is not None:
        module.bias.uniform_(-1, 1, generator=generator).mul_(bounds)
