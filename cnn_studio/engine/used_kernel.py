"""Computes convolutions with the part of the kernel that can meet the image, where padding meets the rest.

On maps of 1 x 1 a 3 x 3 kernel with padding 1 multiplies one weight in nine with something other than zero. Networks made
for large images have such layers when they are trained on small ones: the last stage of ResNet-18 on images of 32 x 32
holds three quarters of its weights, and took half of its time. The sums are the same without their zeros; kernels may add
in another order, so results can differ in the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

_Convolve = Callable[[Tensor, Tensor, Tensor | None], Tensor]


@lru_cache(maxsize=4096)
def used_taps(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> tuple[int, int, int] | None:
    """Return the taps of a kernel that can meet the image along one side, and the padding that then is left.

    Args:
        size: pixels of the image along this side.

    Returns:
        The first tap, the end of the taps, and the new padding; None where the part cannot stand for the whole, since the
        padding would have to differ on both sides.
    """
    reach = dilation * (kernel - 1) + 1
    out = (size + 2 * padding - reach) // stride + 1
    starts = range(-padding, -padding + out * stride, stride)
    used = [tap for tap in range(kernel) if any(0 <= start + tap * dilation < size for start in starts)]
    if not used:
        return None
    first, end = used[0], used[-1] + 1
    left = padding - first * dilation
    if left < 0 or (size + 2 * left - dilation * (end - first - 1) - 1) // stride + 1 != out:
        return None
    return first, end, left


def is_cut(conv: nn.Conv2d, height: int, width: int) -> bool:
    """Whether a convolution of maps of this size can do with a part of its kernel."""
    return _used_part(conv, height, width) is not None


def any_is_cut(module: nn.Module, images: Tensor) -> bool:
    """Whether any convolution of a network can do with a part of its kernel.

    Args:
        images: float32 of shape [B, C, H, W], on any device.
    """
    place = next(module.parameters(), images).device
    found: list[nn.Module] = []

    def look(conv: nn.Module, inputs: Sequence[Tensor]) -> None:
        if isinstance(conv, nn.Conv2d) and inputs[0].ndim == 4 and is_cut(conv, *inputs[0].shape[2:]):
            found.append(conv)

    hooks = [m.register_forward_pre_hook(look) for m in module.modules() if isinstance(m, nn.Conv2d)]
    was_training = module.training
    try:
        module.eval()
        with torch.no_grad():
            module(images[:1].to(place))
    finally:
        module.train(was_training)
        for hook in hooks:
            hook.remove()
    return bool(found)


def cut_kernels(module: nn.Module) -> None:
    """Let the convolutions of a network compute with the part of the kernel that can meet their maps.

    Weights, their gradients and their names stay as they are; maps of any size are right.
    """
    for conv in module.modules():
        if isinstance(conv, nn.Conv2d):
            conv._conv_forward = partial(_convolve, conv, conv._conv_forward)  # type: ignore[method-assign]  # what its forward calls


class _Part(torch.autograd.Function):
    """A part of a kernel; the gradient of the rest is zero.

    Plain indexing gives the gradient in another order of memory than that of a channels-last weight, and turning it round
    took longer than the convolution.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: slice, columns: slice) -> Tensor:
        ctx.part = (rows, columns)
        ctx.save_for_backward(weight)
        return weight[:, :, rows, columns].clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (weight,) = ctx.saved_tensors
        rows, columns = ctx.part
        gradient = torch.zeros_like(weight)
        gradient[:, :, rows, columns] = gradients[0]
        return gradient, None, None


def _convolve(
    conv: nn.Conv2d, whole: _Convolve, images: Tensor, weight: Tensor, bias: Tensor | None
) -> Tensor:
    part = _used_part(conv, *images.shape[-2:])
    if part is None:
        return whole(images, weight, bias)
    rows, columns, padding = part
    used = _Part.apply(weight, rows, columns)
    return conv2d(images, used, bias, conv.stride, padding, conv.dilation, conv.groups)


def _used_part(conv: nn.Conv2d, height: int, width: int) -> tuple[slice, slice, tuple[int, int]] | None:
    """Return the rows and columns of a kernel that can meet maps of a size and the padding they need; None for all of it."""
    if conv.padding_mode != "zeros" or isinstance(conv.padding, str):
        return None
    rows, columns = (
        used_taps(size, conv.kernel_size[i], conv.stride[i], conv.padding[i], conv.dilation[i])
        for i, size in enumerate((height, width))
    )
    if rows is None or columns is None:
        return None
    if (rows[1] - rows[0], columns[1] - columns[0]) == tuple(conv.kernel_size):
        return None
    return slice(*rows[:2]), slice(*columns[:2]), (rows[2], columns[2])
