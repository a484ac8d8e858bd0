"""The parts into which a network's names divide it, from the image to the classifier: what freezing and thawing go by."""

from __future__ import annotations

from collections.abc import Collection

from cnn_studio.graph.commands import Macro, SetTraining
from cnn_studio.graph.cutting import find_classifier
from cnn_studio.graph.freezing import Stage, stages
from cnn_studio.graph.shapes import ShapeReport

_LAST_SHARE = 0.2
"""Of the parameters before the head, which the last stage has at least: less would hardly differ from a new head."""

_LEAST_RATE = 0.01
"""The rate factor below which a stage would hardly learn at all."""


def list_stages(report: ShapeReport) -> tuple[Stage, ...]:
    """Return the stages with weights in execution order; the classifier is the last one, by itself.

    Raises:
        GraphError: the network has no output, or no layer with weights.
    """
    head = find_classifier(report)
    found = []
    for stage in stages(report):
        ids = tuple(i for i in stage.ids if i != head)
        if ids:
            found.append(Stage(stage.path, ids))
    return (*found, Stage(report.document.layer(head).path, (head,)))


def last_stage(report: ShapeReport) -> tuple[int, ...]:
    """Return the layers of the head and of the last stages that hold a fifth of the other parameters."""
    *parts, head = list_stages(report)
    total = sum(report.num_params(i) or 0 for stage in parts for i in stage.ids)
    found, held = list(head.ids), 0
    for stage in reversed(parts):
        if held >= _LAST_SHARE * total:
            break
        found = [*stage.ids, *found]
        held += sum(report.num_params(i) or 0 for i in stage.ids)
    return tuple(found)


def thaw_steps(report: ShapeReport, count: int) -> tuple[tuple[int, ...], ...]:
    """Return what learns in each step of gradual unfreezing: the head, then more from the end, at last everything.

    Args:
        report: shapes of the network.
        count: of the steps, two at least; fewer come back where the network has not so many stages.
    """
    *parts, head = list_stages(report)
    steps, learning = [head.ids], list(head.ids)
    more = max(1, count - 1)
    for step in range(more):
        upto = len(parts) - len(parts) * (step + 1) // more
        begun = len(parts) - len(parts) * step // more
        new = [i for stage in parts[upto:begun] for i in stage.ids]
        if new:
            learning = [*new, *learning]
            steps.append(tuple(learning))
    return tuple(steps)


def set_rates(report: ShapeReport, decay: float) -> Macro:
    """Return the command by which each stage before the head learns at a share of the rate of the one behind it."""
    *parts, head = list_stages(report)
    commands = [SetTraining(ids=head.ids, lr_factor=1.0)]
    for number, stage in enumerate(reversed(parts), 1):
        commands.append(SetTraining(ids=stage.ids, lr_factor=max(_LEAST_RATE, decay**number)))
    return Macro(text="set the rates of stages", commands=tuple(commands))


def frozen_with(report: ShapeReport, learning: Collection[int]) -> tuple[int, ...]:
    """Return the layers to freeze so that of those with weights only some learn.

    Layers without weights in front of everything that learns count as frozen with their neighbours.
    """
    document, found = report.document, set[int]()
    for layer_id in report.order:
        if layer_id in learning:
            continue
        has_weights = (report.num_params(layer_id) or 0) > 0 or document.layer(layer_id).tied_to is not None
        sources = document.sources_of(layer_id)
        if has_weights or all(source in found for source in sources):
            found.add(layer_id)
    return tuple(i for i in document.layers if i in found)
