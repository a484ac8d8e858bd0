"""Hypothesis strategies made from the program's own descriptions: parameter values, layers, whole documents."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from math import prod
from typing import Any

from hypothesis import strategies as st

from cnn_studio.core.lists import Connections, Integers
from cnn_studio.core.params import Choice, Flag, Integer, Pair, Param, Real, Sides, Value
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.legality import check_link, free_port
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.graph.registry import all_specs
from cnn_studio.graph.spec import Family, LayerSpec

SMALL = 7  # windows and paddings up to this meet maps up to 12 cells in every way there is


def value_of(param: Param, most: int = SMALL) -> st.SearchStrategy[Value]:
    """Canonical values of a parameter, whole numbers not above `most` where its range allows that."""
    match param:
        case Integer():
            return st.integers(param.minimum, min(param.maximum, max(param.minimum, most)))
        case Real():
            low = max(param.minimum, -5.0)
            top = min(param.maximum, low + 10 if low < 0 else low + 5)
            exclude = param.above_minimum and low == param.minimum
            return st.floats(low, top, exclude_min=exclude, allow_nan=False)
        case Flag():
            return st.booleans()
        case Choice():
            return st.sampled_from([value for value, _ in param.options])
        case Pair():
            one = st.integers(param.minimum, min(param.maximum, max(param.minimum, most)))
            return st.one_of(one.map(lambda n: (n, n)), st.tuples(one, one))
        case Sides():
            cells = st.integers(0, min(param.maximum, most // 2))
            sides = st.one_of(
                st.just((0, 0, 0, 0)),
                cells.map(lambda n: (n, n, n, n)),
                st.tuples(cells, cells).map(lambda two: (two[0], two[0], two[1], two[1])),
                st.tuples(cells, cells, cells, cells),
            )
            return st.one_of(sides, st.just("same")) if param.allows_same else sides
        case Integers():
            one = st.integers(param.minimum, min(param.maximum, most))
            return st.lists(one, min_size=param.least, max_size=min(param.most, 4)).map(tuple)
        case Connections():
            row = st.sets(st.integers(0, min(param.maximum, 5)), min_size=1, max_size=4)
            return st.lists(row.map(lambda maps: tuple(sorted(maps))), min_size=1, max_size=6).map(tuple)
    raise TypeError(f"no strategy for {type(param).__name__}")


@st.composite
def params_of(draw: st.DrawFn, spec: LayerSpec, most: int = SMALL) -> dict[str, Value]:
    """Parameter values of a layer; half of those that stand under "More" keep their defaults."""
    values: dict[str, Value] = {}
    for param in spec.params:
        keep = param.advanced and draw(st.booleans())
        values[param.key] = param.default if keep else draw(value_of(param, most))
    if spec.id == "permute" and draw(st.integers(0, 3)):
        values["order"] = draw(st.sampled_from([*permutations(range(3)), (0,)]))
    if spec.family is Family.POOLING and "padding" in values and draw(st.integers(0, 4)):
        # most drawn paddings are too wide for the drawn window; cut them to what pooling accepts
        height, width = values["kernel_size"]  # type: ignore[misc]
        top, bottom, left, right = values["padding"]  # type: ignore[misc]
        sides = (
            min(top, height // 2),
            min(bottom, height // 2),
            min(left, width // 2),
            min(right, width // 2),
        )
        values["padding"] = sides
    return values


def maps(channels: int = 6, size: int = 12) -> st.SearchStrategy[tuple[int, int, int]]:
    """Shapes (C, H, W)."""
    return st.tuples(st.integers(1, channels), st.integers(1, size), st.integers(1, size))


SHAPES = st.one_of(maps(), maps(), maps(), st.tuples(st.integers(1, 24)))
"""Shapes of one activation: mostly maps, some vectors."""


@st.composite
def input_shapes(draw: st.DrawFn, spec: LayerSpec) -> tuple[tuple[int, ...], ...]:
    """Input shapes for a layer type; those of a merge mostly fit together."""
    first = draw(SHAPES)
    if spec.max_inputs == 1:
        return (first,)
    count = draw(st.integers(spec.min_inputs, spec.max_inputs or 4))
    if draw(st.integers(0, 4)) == 0:
        return (first, *(draw(SHAPES) for _ in range(count - 1)))
    if spec.id == "concat":
        return (first, *((draw(st.integers(1, 6)), *first[1:]) for _ in range(count - 1)))
    if len(first) == 3 and draw(st.booleans()):
        repeated = st.sampled_from([first, (first[0], 1, 1), (1, *first[1:])])
        return draw(st.permutations([first, *(draw(repeated) for _ in range(count - 1))]).map(tuple))
    return (first,) * count


@st.composite
def fitting_params(draw: st.DrawFn, spec: LayerSpec, shapes: tuple[tuple[int, ...], ...]) -> dict[str, Value]:
    """Parameter values of a layer; where few of them would suit the inputs, mostly such that do."""
    values = draw(params_of(spec))
    if not shapes or not draw(st.integers(0, 3)):
        return values
    channels, *size = shapes[0]
    divisors = [n for n in range(1, channels + 1) if channels % n == 0]
    match spec.id:
        case "group_norm" | "channel_shuffle":
            values["groups"] = draw(st.sampled_from(divisors))
        case "conv_transpose2d":
            groups = draw(st.sampled_from(divisors))
            values |= {"groups": groups, "out_channels": groups * draw(st.integers(1, 3))}
            most = [max(two) - 1 for two in zip(values["stride"], values["dilation"], strict=True)]  # type: ignore[arg-type]
            values["output_padding"] = tuple(draw(st.integers(0, n)) for n in most)
        case "connection_conv2d":
            row = st.sets(st.integers(0, channels - 1), min_size=1).map(lambda maps: tuple(sorted(maps)))
            values["table"] = draw(st.lists(row, min_size=1, max_size=5).map(tuple))
        case "channel_slice":
            start = draw(st.integers(0, channels - 1))
            values |= {"start": start, "stop": draw(st.integers(start + 1, channels))}
        case "chunk":
            values["index"] = draw(st.integers(0, channels - 1))
        case "reshape":
            rest = channels * prod(size)
            first = draw(st.sampled_from([n for n in range(1, rest + 1) if rest % n == 0]))
            values["shape"] = draw(
                st.sampled_from([(first, rest // first), (first, -1), (-1, first, 1), (rest,)])
            )
        case "pixel_shuffle" | "space_to_depth":
            sizes = [channels] if spec.id == "pixel_shuffle" else size
            power = 2 if spec.id == "pixel_shuffle" else 1
            fitting = [n for n in range(1, 13) if all(one % n**power == 0 for one in sizes)]
            values["factor"] = draw(st.sampled_from(fitting))
        case "hardtanh" if values["min_val"] > values["max_val"]:  # type: ignore[operator]
            values |= {"min_val": values["max_val"], "max_val": values["min_val"]}
    return values


_SEGMENT = st.sampled_from(["conv1", "fc", "0", "1", "12", "block", "layer1", "Relu_2", "C1", "_hidden"])
PATHS = st.lists(_SEGMENT, min_size=1, max_size=3).map(".".join)
"""Legal paths, few enough to collide."""

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
COORDINATES = st.floats(-1e6, 1e6, allow_nan=False)


def _preprocessing() -> st.SearchStrategy[Preprocessing]:
    one_to_one = st.none() | st.lists(st.floats(0.01, 1), min_size=1, max_size=3).map(tuple)
    return st.builds(
        Preprocessing,
        resize=st.sampled_from(["stretch", "crop", "pad"]),
        interpolation=st.sampled_from(["nearest", "bilinear", "bicubic"]),
        crop_fraction=st.floats(0.1, 1),
        measured=st.booleans(),
        mean=one_to_one,
        std=one_to_one,
    )


PREPROCESSING = _preprocessing()


@st.composite
def documents(draw: st.DrawFn, most: int = 8, types: Iterable[str] | None = None) -> NetworkDocument:
    """Documents of any kind: branches, merges, loose layers, all parameters; most of them have problems."""
    specs = [spec for spec in all_specs() if types is None or spec.id in types]
    document = NetworkDocument()
    for path in draw(st.lists(PATHS, max_size=most, unique=True)):
        if document.is_taken(path):
            continue
        spec = draw(st.sampled_from(specs))
        layer_id = document.next_id + draw(st.integers(0, 3))
        document.put_layer(
            Layer(
                layer_id,
                path,
                spec.id,
                draw(params_of(spec)),
                x=draw(COORDINATES),
                y=draw(COORDINATES),
                title=draw(st.just("") | TEXT),
                trainable=draw(st.booleans()),
                lr_factor=draw(st.sampled_from([1.0, 0.1, 2.5])),
                keep_statistics=draw(st.booleans()),
            )
        )
        sources = draw(st.lists(st.sampled_from(list(document.layers)), max_size=3))
        for source in sources:
            _link_if_legal(document, source, layer_id)
    info: dict[str, Any] = {"name": draw(TEXT), "preprocessing": draw(PREPROCESSING)}
    info["labels"] = tuple(draw(st.lists(TEXT, max_size=4)))
    if document.layers:
        info["output"] = draw(st.none() | st.sampled_from(list(document.layers)))
    document.change_info(**info)
    return document


def _link_if_legal(document: NetworkDocument, source: int, target: int) -> None:
    from cnn_studio.core.errors import GraphError

    link = Link(source, target, free_port(document, target))
    try:
        check_link(document, link)
    except GraphError:
        return
    document.put_link(link)
