"""Hypothesis strategies made from the program's own descriptions: parameter values, layers, whole documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

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
            top = min(param.maximum, param.minimum + 5)
            return st.floats(param.minimum, top, exclude_min=param.above_minimum, allow_nan=False)
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
    raise TypeError(f"no strategy for {type(param).__name__}")


@st.composite
def params_of(draw: st.DrawFn, spec: LayerSpec, most: int = SMALL) -> dict[str, Value]:
    """Parameter values of a layer; half of those that stand under "More" keep their defaults."""
    values: dict[str, Value] = {}
    for param in spec.params:
        keep = param.advanced and draw(st.booleans())
        values[param.key] = param.default if keep else draw(value_of(param, most))
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
    count = draw(st.integers(spec.min_inputs, 4))
    if draw(st.integers(0, 4)) == 0:
        return (first, *(draw(SHAPES) for _ in range(count - 1)))
    if spec.id == "concat":
        return (first, *((draw(st.integers(1, 6)), *first[1:]) for _ in range(count - 1)))
    return (first,) * count


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
