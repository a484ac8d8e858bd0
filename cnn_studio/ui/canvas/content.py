"""What cards and wires say: plain values made from a document and its shape report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from cnn_studio.graph.document import Layer, Link
from cnn_studio.graph.problems import Problem
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import Severity, shape_text

WireState = Literal["plain", "error", "waits"]

_RANK: Mapping[Severity, int] = {"note": 0, "warning": 1, "error": 2}


class Badge(NamedTuple):
    """The worst problem of a layer, and what all of them say."""

    severity: Severity
    messages: tuple[str, ...]


class CardContent(NamedTuple):
    """All that a card shows.

    Attributes:
        name: the layer's path, or its title.
        family: key of its colour.
        parameters: their number, empty where there are none or the shapes are unknown.
        end: what stands below the last card of a chain: its shape, and whether it is the output.
    """

    name: str
    family: str
    caption: str
    subtitle: str
    parameters: str
    badge: Badge | None = None
    is_frozen: bool = False
    is_output: bool = False
    is_known: bool = True
    end: str = ""


class WireContent(NamedTuple):
    """What stands beside a wire."""

    text: str
    state: WireState = "plain"


def badges(problems: tuple[Problem, ...]) -> dict[int, Badge]:
    """Return the badge of each layer that has problems."""
    found: dict[int, Badge] = {}
    for problem in problems:
        if problem.layer_id is None:
            continue
        known = found.get(problem.layer_id)
        if known is None:
            found[problem.layer_id] = Badge(problem.severity, (problem.message,))
            continue
        worst = max(known.severity, problem.severity, key=lambda severity: _RANK[severity])
        found[problem.layer_id] = Badge(worst, (*known.messages, problem.message))
    return found


def card_content(report: ShapeReport, layer: Layer, badge: Badge | None) -> CardContent:
    """Return what a layer's card says."""
    spec = layer.spec
    name = layer.title or layer.path
    if spec is None:
        return CardContent(name, "io", layer.type, "unknown layer type", "", badge, is_known=False)
    count = report.num_params(layer.id)
    document = report.document
    is_output = document.info.output == layer.id
    end = ""
    if is_output or not document.outputs_of(layer.id):
        shape = report.states[layer.id].shape
        parts = [shape_text(shape)] if shape is not None else []
        end = "  ".join([*parts, "output"] if is_output else parts)
    subtitle = spec.subtitle(layer.params)
    if layer.tied_to is not None:
        subtitle = f"weights of {document.layer(layer.tied_to).path}"
    return CardContent(
        name=name,
        family=spec.family.key,
        caption=spec.caption(layer.params) or spec.title,
        subtitle=subtitle,
        parameters=f"{count:,}" if count else "",
        badge=badge,
        is_frozen=not layer.trainable,
        is_output=is_output,
        end=end,
    )


def wire_content(report: ShapeReport, link: Link) -> WireContent:
    """Return what a link's wire says: the shape that runs through it, or for which layer it waits."""
    document, source = report.document, report.states[link.source]
    if source.shape is None:
        culprit = source.waits_for or link.source
        return WireContent(f"waits for {document.layer(culprit).path}", "waits")
    target = report.states[link.target]
    fails = any(finding.severity == "error" for finding in target.findings)
    return WireContent(shape_text(source.shape), "error" if fails else "plain")
