"""What cards and wires say: plain values made from a document and its shape report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from cnn_studio.graph.blocks import Block, block_ends, totals
from cnn_studio.graph.document import Layer, Link
from cnn_studio.graph.problems import Problem
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import Severity, shape_text

WireState = Literal["plain", "error", "waits"]

_MAX_MESSAGES = 4

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
        is_frozen: all layers of the card are frozen.
        is_half_frozen: some of a block's layers are.
        is_block: it stands for a folded block.
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
    is_half_frozen: bool = False
    is_block: bool = False


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


def card_content(report: ShapeReport, layer: Layer, badge: Badge | None, name: str = "") -> CardContent:
    """Return what a layer's card says; `name` is said for its path."""
    spec = layer.spec
    name = layer.title or name or layer.path
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


def block_content(report: ShapeReport, block: Block, badges: Mapping[int, Badge], name: str) -> CardContent:
    """Return what the card of a folded block says."""
    document = report.document
    sums = totals(report, block.members)
    ends = block_ends(document, block.members)
    output = document.info.output
    is_output = output in block.members
    end = ""
    if is_output or not ends.exits:
        last = output if is_output else ends.results[-1] if ends.results else None
        shape = report.states[last].shape if last is not None else None
        parts = [shape_text(shape)] if shape is not None else []
        end = "  ".join([*parts, "output"] if is_output else parts)
    return CardContent(
        name=name,
        family=_main_family(report, block),
        caption=f"× {sums.num_layers:,} layers",
        subtitle=f"{quantity(sums.macs)} MAC" if sums.macs else "",
        parameters=f"{sums.num_params:,}" if sums.num_params else "",
        badge=_block_badge(report, block, badges),
        is_frozen=sums.frozen == "all",
        is_output=is_output,
        end=end,
        is_half_frozen=sums.frozen == "some",
        is_block=True,
    )


def quantity(number: int) -> str:
    """Return a large number in the way people say it: ``218 M``, ``1.8 G``."""
    for unit, name in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit:
            share = number / unit
            return f"{share:.0f} {name}" if share >= 100 else f"{share:.1f} {name}"
    return str(number)


def _main_family(report: ShapeReport, block: Block) -> str:
    """Return the family that most of a block's work is done in, or that most of its layers are of."""
    work: Counter[str] = Counter()
    for layer_id in block.members:
        spec = report.document.layer(layer_id).spec
        if spec is not None:
            work[spec.family.key] += 1 + (report.macs(layer_id) or 0)
    return work.most_common(1)[0][0] if work else "io"


def _block_badge(report: ShapeReport, block: Block, badges: Mapping[int, Badge]) -> Badge | None:
    found = [(report.document.layer(i).path, badges[i]) for i in block.members if i in badges]
    if not found:
        return None
    worst = max((badge.severity for _, badge in found), key=lambda severity: _RANK[severity])
    messages = [f"{path}: {text}" for path, badge in found for text in badge.messages]
    if len(messages) > _MAX_MESSAGES:
        more = len(messages) - _MAX_MESSAGES
        messages = [*messages[:_MAX_MESSAGES], f"And {more} more; unfold the block to see them."]
    return Badge(worst, tuple(messages))


def merged_content(report: ShapeReport, links: Sequence[Link]) -> WireContent:
    """Return what a wire says that stands for several links."""
    contents = [wire_content(report, link) for link in links]
    texts = list(dict.fromkeys(content.text for content in contents))
    states = [content.state for content in contents]
    state: WireState = "error" if "error" in states else "waits" if "waits" in states else "plain"
    return WireContent(texts[0] if len(texts) == 1 else f"{texts[0]} and {len(texts) - 1} more", state)


def wire_content(report: ShapeReport, link: Link) -> WireContent:
    """Return what a link's wire says: the shape that runs through it, or for which layer it waits."""
    document, source = report.document, report.states[link.source]
    if source.shape is None:
        culprit = source.waits_for or link.source
        return WireContent(f"waits for {document.layer(culprit).path}", "waits")
    target = report.states[link.target]
    fails = any(finding.severity == "error" for finding in target.findings)
    return WireContent(shape_text(source.shape), "error" if fails else "plain")
