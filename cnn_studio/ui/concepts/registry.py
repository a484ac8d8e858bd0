"""All concept pictures by layer type, and the two ways to have one: painted, or in words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from cnn_studio.graph.registry import find_spec
from cnn_studio.graph.spec import Params, Shape
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import Sketch


@cache
def concepts() -> Mapping[str, Concept]:
    """Return the pictures by layer type; the modules that draw them are loaded when the first one is wanted."""
    from cnn_studio.ui.concepts import (
        borders,
        bricks,
        channels,
        curves,
        merges,
        noise,
        norms,
        resizing,
        spreading,
        table,
        vectors,
        windows,
    )

    found: dict[str, Concept] = {}
    modules = (
        windows,
        spreading,
        table,
        curves,
        norms,
        noise,
        vectors,
        bricks,
        merges,
        channels,
        borders,
        resizing,
    )
    for module in modules:
        if doubled := found.keys() & module.CONCEPTS.keys():
            raise ValueError(f"two pictures for {', '.join(sorted(doubled))}")
        found |= module.CONCEPTS
    return found


def make_case(
    type_id: str, params: Params, inputs: tuple[Shape, ...] = (), output: Shape | None = None, step: int = 0
) -> Case | None:
    """Return what a picture is drawn of: the layer's own shapes, or an example where they are unknown.

    Inputs that the layer refuses are replaced too, unless the picture can show why they do not fit.

    Returns:
        None where the layer type is unknown.
    """
    spec = find_spec(type_id)
    concept = concepts().get(type_id)
    if spec is None or concept is None:
        return None
    if inputs and output is None:
        output = spec.infer(params, inputs).shape
    if output is not None and (inputs or spec.max_inputs == 0):
        return Case(type_id, params, inputs, output, step)
    if inputs and concept.draws(params, inputs):
        return Case(type_id, params, inputs, None, step)
    example = concept.example(params)
    return Case(type_id, params, example, spec.infer(params, example).shape, step, is_example=bool(example))


def paint_case(painter: QPainter, rect: QRectF, case: Case) -> None:
    """Paint the picture of a case into a rectangle, on the ground that is there."""
    concept = concepts()[case.type_id]
    painter.save()
    try:
        painter.setClipRect(rect)
        concept.paint(Sketch(painter, QRectF(rect), case.spec.family.key), case)
    finally:
        painter.restore()


def paint_concept(
    painter: QPainter,
    rect: QRectF,
    type_id: str,
    params: Params,
    inputs: tuple[Shape, ...] = (),
    output: Shape | None = None,
) -> bool:
    """Paint what a layer does, with its parameters on its input.

    Args:
        painter: active; its state is the same afterwards.
        rect: where the picture goes; at least about 200 × 120 pixels at 100 % for all to be readable.
        type_id: the layer type.
        params: its canonical parameter values.
        inputs: shapes of its inputs; empty takes an example that suits the parameters.
        output: its output shape; None works it out.

    Returns:
        Whether there is a picture of this type.
    """
    case = make_case(type_id, params, inputs, output)
    if case is None:
        return False
    paint_case(painter, rect, case)
    return True


def describe_concept(case: Case) -> str:
    """Return in words what the picture of a case shows."""
    words = concepts()[case.type_id].say(case)
    return f"{words} (An example: the layer's own input is not known.)" if case.is_example else words
