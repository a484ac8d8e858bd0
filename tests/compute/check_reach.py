"""How far a layer's output cells see, as its description says and as gradients show."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from cnn_studio.graph.spec import LayerSpec, Reach, Shape

_EXACT = frozenset(
    {
        *(
            "identity",
            "conv2d",
            "conv_transpose2d",
            "connection_conv2d",
            "avg_pool2d",
            "sum_pool2d",
            "lp_pool2d",
        ),
        *("subsampling", "adaptive_avg_pool2d", "global_avg_pool", "tanh", "sigmoid", "silu", "scaled_tanh"),
        *(
            "crop2d",
            "chunk",
            "channel_slice",
            "dropout",
            "dropout2d",
            "stochastic_depth",
            "multiply",
            "subtract",
        ),
        *("batch_norm", "add", "concat", "upsample", "pixel_shuffle", "space_to_depth", "channel_shuffle"),
    }
)
"""Layers through which every input cell in reach has an influence, whatever the values: no maximum, no cut-off, no factor of 0."""


def check_reach(
    spec: LayerSpec, params: dict[str, Any], shapes: tuple[Shape, ...], module: nn.Module, output: Shape
) -> None:
    """Check that no output cell sees farther than the description says, and of generic layers that it sees so far."""
    reach = spec.reach(params, shapes)
    shape = max(shapes, key=lambda one: (len(one), torch.Size(one).numel()))
    if len(shape) != 3:
        return
    if len(output) != 3:
        assert [r.span for r in reach] == list(shape[1:]), "a vector has seen the whole map"
        return
    if "circular" in (params.get("padding_mode"), params.get("mode")):
        return  # a window over the edge goes on at the other side of the map
    # in maps of H x W x C, rows and columns are the first two axes
    axes_in = (0, 1) if _channels_last(spec, params) else (1, 2)
    axes_out = tuple(params["order"].index(axis) for axis in (1, 2)) if spec.id == "permute" else axes_in
    for in_axis, out_axis in zip(axes_in, axes_out, strict=True):
        seen = _seen(module, shapes, shapes.index(shape), in_axis, output[out_axis], out_axis)
        _compare(spec, params, shape, reach, seen, axes_in.index(in_axis))


def _channels_last(spec: LayerSpec, params: dict[str, Any]) -> bool:
    return (spec.id in {"linear", "layer_norm"} and params["over"] == "last") or (
        spec.id == "layer_scale" and params["layout"] == "vector"
    )


def _seen(
    module: nn.Module, shapes: tuple[Shape, ...], which: int, in_axis: int, cells: int, out_axis: int
) -> list[tuple[int, int]]:
    """Return, per output cell along an axis, the first and last input cell with a gradient; (0, -1) if none."""
    generator = torch.Generator().manual_seed(7)
    # image number n of the batch asks what output cell n sees
    one = [torch.randn(1, *shape, generator=generator) for shape in shapes]
    inputs = [x.repeat(cells, *(1 for _ in x.shape[1:])) for x in one]
    asked = inputs[which].requires_grad_()
    result = module.eval()(*inputs)
    weights = torch.zeros(result.shape)
    chosen = weights.movedim(out_axis + 1, 1)
    each = torch.arange(cells)
    chosen[each, each] = torch.rand(chosen.shape[2:], generator=generator) + 0.5
    (result * weights).sum().backward()
    assert asked.grad is not None
    moved = asked.grad.movedim(in_axis + 1, 1).flatten(2).abs().amax(2) > 0
    found = []
    for row in moved:
        at = row.nonzero().flatten().tolist()
        found.append((at[0], at[-1]) if at else (0, -1))
    return found


def _compare(
    spec: LayerSpec,
    params: dict[str, Any],
    shape: Shape,
    reaches: tuple[Reach, Reach],
    seen: list[tuple[int, int]],
    axis: int,
) -> None:
    reach = reaches[axis]
    spans = [last - first + 1 for first, last in seen]
    assert max(spans) <= reach.span, (
        f"an output cell sees {max(spans)} cells, the description says {reach.span}"
    )
    full = [at for at, span in enumerate(spans) if span == reach.span]
    if spec.id not in _EXACT:
        return
    # where every window along the other axis lies in the padding, nothing is seen along this one either
    if all(_inner_cell_exists(spec, params, shape, reaches[n], n) for n in (0, 1)):
        assert full, f"no output cell sees {reach.span} cells, but at most {max(spans)}"
    if len(full) > 1 and reach.span < shape[axis + 1]:
        apart = seen[full[-1]][0] - seen[full[0]][0]
        assert abs(apart - reach.stride * (full[-1] - full[0])) <= 1, "neighbours do not lie that far apart"


def _inner_cell_exists(
    spec: LayerSpec, params: dict[str, Any], shape: Shape, reach: Reach, axis: int
) -> bool:
    """Whether some output cell's window lies inside the map, so that it must see all of its span."""
    size = shape[axis + 1]
    if spec.window is not None:
        geometry = spec.window(params, shape)[axis]
        starts = (n * geometry.stride - geometry.before for n in range(geometry.output))
        return any(start >= 0 and start + geometry.span <= size for start in starts)
    if spec.id == "conv_transpose2d":
        span = params["dilation"][axis] * params["kernel_size"][axis]
        return params["padding"][axis] == 0 and size > 2 * span + reach.span
    return size >= reach.span
