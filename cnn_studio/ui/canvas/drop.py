"""What would happen if a layer or block were put somewhere: planned as data before anything is changed.

The plan is tried on a copy of the document, so that the shapes that would follow can be shown while dragging.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.commands import AddLayer, AddLink, AnyCommand, Macro, MoveLayers, SetOutput
from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH, STEP, append_after, insert_on_links, new_layer
from cnn_studio.graph.layout import COLUMN
from cnn_studio.graph.presets import Preset, insert_preset
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.spec import LayerSpec
from cnn_studio.ui.canvas.catalogue import Entry

_MAX_PLACES = 12  # that are tried in front of a classifier


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a new layer is to go: into a link, behind a layer, or freely at a place.

    Attributes:
        link: the link.
        others: more links of the same source that the layer goes into, where one wire stands for all of them.
    """

    link: Link | None = None
    others: tuple[Link, ...] = ()
    after: int | None = None
    x: float = 0.0
    y: float = 0.0

    @property
    def is_free(self) -> bool:
        """Whether the layer will have no links."""
        return self.link is None and self.after is None


@dataclass(frozen=True, slots=True)
class DropPlan:
    """The edit that puts a new layer or block at a spot, and what it leads to.

    Attributes:
        entry: what is put there.
        command: the edit, or None where it is refused.
        refusal: why it is refused.
        trouble: the first error that the network has afterwards and had not before.
        new_ids: ids of the new layers.
        report: shapes of a copy with the edit; None for a free spot or a refused edit.
        moves: cards that make room, with their new places.
    """

    entry: Entry
    spot: Spot
    command: AnyCommand | None
    refusal: str = ""
    trouble: str = ""
    new_ids: tuple[int, ...] = ()
    report: ShapeReport | None = None
    moves: tuple[tuple[int, float, float], ...] = ()

    @property
    def result(self) -> int:
        """The new layer that goes on from the spot: the one, or the last of a block."""
        commands = self.command.commands if isinstance(self.command, Macro) else ()
        inner = {
            part.source for part in commands if isinstance(part, AddLink) and part.target in self.new_ids
        }
        ends = [layer_id for layer_id in self.new_ids if layer_id not in inner]
        return (ends or self.new_ids)[-1]


def spot_below(document: NetworkDocument, current: int | None) -> Spot:
    """Return where a layer goes that is chosen by name: behind the current one, or at the end of the network."""
    if current is not None and current in document.layers:
        return Spot(after=current)
    if document.info.output is not None:
        return Spot(after=document.info.output)
    ends = [layer_id for layer_id in document.layers if not document.outputs_of(layer_id)]
    return Spot(after=ends[-1]) if ends else Spot()


class Planner:
    """Plans where a new layer goes; each question is worked out once for a document as it is."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Spot], DropPlan] = {}

    def forget(self) -> None:
        """Drop what was worked out; the document has changed."""
        self._known.clear()

    def plan(self, report: ShapeReport, entry: Entry, spot: Spot) -> DropPlan:
        """Return what putting something at a spot means.

        Args:
            report: the document's shapes as they are now.
            entry: the layer type or preset.
            spot: where it goes.
        """
        if spot.is_free:
            add = _loose(report.document, entry, spot)
            return DropPlan(entry, spot, add, new_ids=_new_ids(add))
        key = (entry.key, spot)
        if key not in self._known:
            self._known[key] = _linked_plan(report, entry, spot)
        return self._known[key]

    def place_for(self, report: ShapeReport, entry: Entry) -> Spot:
        """Return where something goes that is chosen while nothing is selected.

        In front of the classifier of a finished network, so that the outputs stay the classes: as near to it as causes
        no trouble, or else as near as the new layers themselves can work. Other networks, and what fits nowhere, get
        it at the end.
        """
        document = report.document
        end = spot_below(document, None)
        here = document.layers.get(end.after) if end.after is not None else None
        if here is None or here.type != "linear":
            return end
        second: Spot | None = None
        for _ in range(_MAX_PLACES):
            links = document.inputs_of(here.id)
            if len(links) != 1:
                break
            spot = Spot(link=links[0])
            plan = self.plan(report, entry, spot)
            if plan.command is not None and not plan.trouble:
                return spot
            if second is None and plan.report is not None:
                shapes = (plan.report.states[layer_id].shape for layer_id in plan.new_ids)
                second = spot if None not in shapes else None
            here = document.layers[links[0].source]
        return second or end


def _loose(document: NetworkDocument, entry: Entry, spot: Spot) -> AddLayer | Macro:
    if isinstance(entry.what, Preset):
        return insert_preset(document, entry.what, at=(spot.x, spot.y))
    return new_layer(document, entry.what.id, spot.x, spot.y)


def _new_ids(command: AnyCommand) -> tuple[int, ...]:
    parts = command.commands if isinstance(command, Macro) else (command,)
    return tuple(part.id for part in parts if isinstance(part, AddLayer))


def _linked_plan(before: ShapeReport, entry: Entry, spot: Spot) -> DropPlan:
    copy = before.document.copy()
    try:
        command = _edit(before, entry, spot)
        command.apply(copy)
    except StudioError as error:
        return DropPlan(entry, spot, None, refusal=str(error))
    after = infer_shapes(copy)
    new_ids = _new_ids(command)
    moves = tuple(
        (layer_id, x, y)
        for part in command.commands
        if isinstance(part, MoveLayers)
        for layer_id, (x, y) in part.places.items()
    )
    return DropPlan(entry, spot, command, "", _trouble(before, after, new_ids), new_ids, after, moves)


def _edit(report: ShapeReport, entry: Entry, spot: Spot) -> Macro:
    document = report.document
    if spot.link is not None:
        return _aside(document, _into_links(report, entry, spot.link, spot.others), spot.link)
    if spot.after is None:
        raise ValueError("a free spot needs no links")
    links = document.outputs_of(spot.after)
    if isinstance(entry.what, Preset):
        macro = insert_preset(document, entry.what, after=spot.after, report=report)
    else:
        macro = append_after(document, spot.after, entry.what.id)
    commands = [*macro.commands]
    is_marked = document.info.output is not None
    if isinstance(entry.what, LayerSpec) and (
        len(links) > 1 or (links and document.info.output == spot.after)
    ):
        commands.append(_shift_below(document, spot.after))
    elif not links and not is_marked:
        # the first chain that is built gets its mark by itself
        commands.append(SetOutput(id=DropPlan(entry, spot, macro, new_ids=_new_ids(macro)).result))
    return Macro(text=macro.text, commands=tuple(commands))


def _into_links(report: ShapeReport, entry: Entry, link: Link, others: tuple[Link, ...]) -> Macro:
    if isinstance(entry.what, Preset):
        return insert_preset(report.document, entry.what, link=link, others=others, report=report)
    return insert_on_links(report.document, (link, *others), entry.what.id)


def _aside(document: NetworkDocument, macro: Macro, link: Link) -> Macro:
    """Return the edit with the new cards in a free column, if another card is where one of them would be."""
    moved: dict[int, tuple[float, float]] = {}
    for part in macro.commands:
        if isinstance(part, MoveLayers):
            moved.update(part.places)
    places = [moved.get(layer.id, (layer.x, layer.y)) for layer in document.layers.values()]
    new = [part for part in macro.commands if isinstance(part, AddLayer)]
    start = document.layer(link.target).x - new[0].x
    side = (start + sign * n * COLUMN for n in range(1, 100) for sign in (-1, 1))
    aside = next((by for by in chain((0.0, start), side) if _are_free(new, by, places)), 0.0)
    commands = (
        part.model_copy(update={"x": part.x + aside}) if isinstance(part, AddLayer) else part
        for part in macro.commands
    )
    return Macro(text=macro.text, commands=tuple(commands))


def _are_free(new: Iterable[AddLayer], aside: float, places: list[tuple[float, float]]) -> bool:
    return all(_is_free(layer.x + aside, layer.y, places) for layer in new)


def _is_free(x: float, y: float, places: list[tuple[float, float]]) -> bool:
    return not any(abs(x - left) < CARD_WIDTH and abs(y - top) < CARD_HEIGHT for left, top in places)


def _shift_below(document: NetworkDocument, layer_id: int) -> MoveLayers:
    """Return the move that makes room behind a layer by shifting all that it leads to."""
    waiting, found = [layer_id], set[int]()
    while waiting:
        for link in document.outputs_of(waiting.pop()):
            if link.target not in found:
                found.add(link.target)
                waiting.append(link.target)
    found.discard(layer_id)
    return MoveLayers(places={i: (document.layer(i).x, document.layer(i).y + STEP) for i in found})


def _trouble(before: ShapeReport, after: ShapeReport, new_ids: tuple[int, ...]) -> str:
    known = {(problem.layer_id, problem.code) for problem in before.problems}
    layers = after.document.layers
    # layers that merge wait for their second input by nature; that is no reason against putting one there
    types = {i: layers[i].spec for i in new_ids}
    merging = {i for i, spec in types.items() if spec is not None and spec.min_inputs > 1}
    found = [
        problem
        for problem in after.problems
        if problem.severity == "error"
        and (problem.layer_id, problem.code) not in known
        and not (problem.code == "too_few_inputs" and problem.layer_id in merging)
    ]
    found.sort(key=lambda problem: problem.layer_id not in new_ids)
    if not found:
        return ""
    first = found[0]
    if first.layer_id == new_ids[0] or first.path in first.message:
        return first.message
    return f"{first.path}: {first.message}"


def free_spot_above(document: NetworkDocument) -> Spot:
    """Return a free place above all cards (for a layer that takes no input)."""
    if not document.layers:
        return Spot()
    top = min(document.layers.values(), key=lambda layer: layer.y)
    return Spot(x=top.x, y=top.y - STEP)
