"""How branches that do not fit together are made to: a layer on one of them that brings it to the other's size."""

from __future__ import annotations

from collections.abc import Iterator

from cnn_studio.core.params import Value
from cnn_studio.graph.spec import FixSpec, Shape, shape_text


def equalising(inputs: tuple[Shape, ...]) -> tuple[FixSpec, ...]:
    """Return the fixes after which all inputs have one shape: a layer on the only input that differs."""
    found: list[FixSpec] = []
    for wanted in dict.fromkeys(inputs):
        others = [port for port, shape in enumerate(inputs) if shape != wanted]
        if len(others) == 1:
            found += _bring(inputs[others[0]], wanted, others[0])
    return tuple(found)


def _bring(shape: Shape, wanted: Shape, port: int) -> Iterator[FixSpec]:
    place = f"on input {port + 1}"
    if len(shape) == 1 and len(wanted) == 1:
        units = {"out_features": wanted[0]}
        yield FixSpec(
            f"Fully connected {place}: {wanted[0]:,} units", insert="linear", insert_params=units, port=port
        )
    if len(shape) != 3 or len(wanted) != 3:
        return
    strides = [_stride(have, need) for have, need in zip(shape[1:], wanted[1:], strict=True)]
    if strides[0] is not None and strides[1] is not None:
        pair = (strides[0], strides[1])
        params: dict[str, Value] = {
            "out_channels": wanted[0],
            "kernel_size": (1, 1),
            "stride": pair,
            "bias": False,
        }
        by = (
            ""
            if pair == (1, 1)
            else f", stride {pair[0]}"
            if pair[0] == pair[1]
            else f", stride {pair[0]}×{pair[1]}"
        )
        label = f"1 × 1 conv {place}: {wanted[0]:,} filters{by}"
        yield FixSpec(label, insert="conv2d", insert_params=params, port=port)
    elif shape[0] == wanted[0] and _is_larger(shape, wanted):
        yield _pooled(wanted, port)


def _stride(have: int, need: int) -> int | None:
    """Return the stride with which a 1 × 1 window makes `need` cells of `have`, or None."""
    return next((s for s in range(1, have + 1) if (have - 1) // s + 1 == need), None)


def _is_larger(shape: Shape, wanted: Shape) -> bool:
    return shape[1] >= wanted[1] and shape[2] >= wanted[2]


def _pooled(wanted: Shape, port: int) -> FixSpec:
    size = wanted[1:]
    return FixSpec(
        f"Average pool on input {port + 1} to {shape_text(size)}",
        insert="adaptive_avg_pool2d",
        insert_params={"output_size": size},
        port=port,
    )


def stackable(inputs: tuple[Shape, ...]) -> tuple[FixSpec, ...]:
    """Return the fixes after which the channels of all inputs can be stacked: the only larger one is pooled."""
    maps = [shape for shape in inputs if len(shape) == 3]
    vectors = [shape for shape in inputs if len(shape) == 1]
    if len(maps) == 1 and len(vectors) == len(inputs) - 1:
        port = inputs.index(maps[0])
        return (FixSpec(f"Flatten input {port + 1}", insert="flatten", port=port),)
    if len(maps) != len(inputs):
        return ()
    smallest = min(maps, key=lambda shape: shape[1] * shape[2])
    larger = [port for port, shape in enumerate(inputs) if shape[1:] != smallest[1:]]
    if len(larger) != 1 or not _is_larger(inputs[larger[0]], smallest):
        return ()
    port = larger[0]
    height, width = inputs[port][1] // smallest[1], inputs[port][2] // smallest[2]
    found = [_pooled(smallest, port)]
    if (height * smallest[1], width * smallest[2]) == inputs[port][1:]:
        window = (height, width)
        found.insert(
            0,
            FixSpec(
                f"Max pool {shape_text(window)} on input {port + 1}",
                insert="max_pool2d",
                insert_params={"kernel_size": window, "stride": window},
                port=port,
            ),
        )
    return tuple(found)
