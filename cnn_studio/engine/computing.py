"""A network in the form in which a run computes it: device, order of memory, precision, compiled or not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from cnn_studio.core.frozen import is_frozen
from cnn_studio.engine.events import Tuning
from cnn_studio.engine.pool_first import pool_first
from cnn_studio.engine.used_kernel import cut_kernels

Features = tuple[Tensor, ...]
"""What stands for images behind the part of a network that is computed once."""


class Computing:
    """Gives the logits of a network as a `Tuning` says.

    Attributes:
        module: the network itself, on the device and in the order of memory of the tuning.
        device: where it is.
        tuning: how it computes.
    """

    def __init__(self, module: nn.Module, device: torch.device, tuning: Tuning) -> None:
        self.device = device
        self.tuning = tuning
        memory_format = torch.channels_last if tuning.channels_last else torch.contiguous_format
        module.to(device)
        for param in module.parameters():
            if param.ndim == 4:
                # not `contiguous`: it leaves weights for one channel as they are, in either order, and kernels that
                # look at their strides would then work in the other
                param.data = param.data.to(memory_format=memory_format)
        if tuning.cut_kernels:
            cut_kernels(module)
        self.module = module
        self._forward = self._function_of(module)
        self._mixed = tuning.precision == "bfloat16"

    def of(self, part: nn.Module) -> Computing:
        """Return what computes a part of the network, which shares its layers, in the same way."""
        found = copy.copy(self)
        found._forward = self._function_of(part)
        return found

    def _function_of(self, part: nn.Module) -> Callable[..., Any]:
        fast = pool_first(part)
        # the packaged program may go on with what was measured by another installation that has a compiler
        return torch.compile(fast) if self.tuning.compiled and not is_frozen() else fast

    def logits(self, images: Tensor | Features) -> Tensor:
        """Return the logits as float32, of shape [B, K].

        Args:
            images: float32 of shape [B, C, H, W], on the device, or what stands for them.
        """
        found: Tensor = self._computed(images)
        return found.float()

    def features(self, images: Tensor) -> Features:
        """Return all results of a part that has several, as they are.

        Args:
            images: float32 of shape [B, C, H, W], on the device.
        """
        return tuple(self._computed(images))

    def run(self, images: Tensor) -> None:
        """Compute, and wait for the end of it."""
        self._computed(images)
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _computed(self, images: Tensor | Features) -> Any:
        inputs = (images,) if isinstance(images, Tensor) else images
        if self.tuning.channels_last:
            inputs = tuple(
                value.to(memory_format=torch.channels_last) if value.ndim == 4 else value for value in inputs
            )
        if not self._mixed:
            return self._forward(*inputs)
        # without its cache a weight that two layers share would be cast twice; with it casts end with the block
        with torch.autocast(self.device.type, torch.bfloat16):
            return self._forward(*inputs)
