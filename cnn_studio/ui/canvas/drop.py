"""What would happen if a new layer were put somewhere: planned as data before anything is changed.

The plan is tried on a copy of the document, so that the shapes that would follow can be shown while dragging.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.commands import AddLayer, AnyCommand, Macro, MoveLayers, SetOutput
from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH, STEP, append_after, insert_on_links, new_layer
from cnn_studio.graph.layout import COLUMN
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.shapes import ShapeReport, infer_shapes


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
    """The edit that puts a new layer at a spot, and what it leads to.

    Attributes:
        command: the edit, or None where it is refused.
        refusal: why it is refused.
        trouble: the first error that the network has afterwards and had not before.
        new_id: the new layer's id.
        report: shapes of a copy with the edit; None for a free spot or a refused edit.
        moves: cards that make room, with their new places.
    """

    type_id: str
    spot: Spot
    command: AnyCommand | None
    refusal: str = ""
    trouble: str = ""
    new_id: int = 0
    report: ShapeReport | None = None
    moves: tuple[tuple[int, float, float], ...] = ()

    @property
    def misfit(self) -> str:
        """Why the layer itself cannot be there; empty where only layers behind it get into trouble."""
        if self.refusal or self.report is None:
            return self.refusal
        return self.trouble if self.report.states[self.new_id].shape is None else ""


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

    def plan(self, report: ShapeReport, type_id: str, spot: Spot) -> DropPlan:
        """Return what putting a layer of a type at a spot means.

        Args:
            report: the document's shapes as they are now.
            type_id: the layer type.
            spot: where it goes.
        """
        if spot.is_free:
            add = new_layer(report.document, type_id, spot.x, spot.y)
            return DropPlan(type_id, spot, add, new_id=add.id)
        key = (type_id, spot)
        if key not in self._known:
            self._known[key] = _linked_plan(report, type_id, spot)
        return self._known[key]


def _linked_plan(before: ShapeReport, type_id: str, spot: Spot) -> DropPlan:
    document = before.document
    copy = document.copy()
    try:
        command = _edit(document, type_id, spot)
        command.apply(copy)
    except StudioError as error:
        return DropPlan(type_id, spot, None, refusal=str(error))
    after = infer_shapes(copy)
    new_id = document.next_id
    moves = tuple(
        (layer_id, x, y)
        for part in command.commands
        if isinstance(part, MoveLayers)
        for layer_id, (x, y) in part.places.items()
    )
    return DropPlan(type_id, spot, command, "", _trouble(before, after, new_id), new_id, after, moves)


def _edit(document: NetworkDocument, type_id: str, spot: Spot) -> Macro:
    if spot.link is not None:
        return _aside(document, insert_on_links(document, (spot.link, *spot.others), type_id), spot.link)
    if spot.after is None:
        raise ValueError("a free spot needs no links")
    macro = append_after(document, spot.after, type_id)
    links = document.outputs_of(spot.after)
    commands = [*macro.commands]
    if len(links) > 1 or (links and document.info.output == spot.after):
        commands.append(_shift_below(document, spot.after))
    elif not links and document.info.output is None:
        # the first chain that is built gets its mark by itself
        commands.append(SetOutput(id=document.next_id))
    return Macro(text=macro.text, commands=tuple(commands))


def _aside(document: NetworkDocument, macro: Macro, link: Link) -> Macro:
    """Return the edit with the new card in a free column, if another card is where it would be."""
    moved: dict[int, tuple[float, float]] = {}
    for part in macro.commands:
        if isinstance(part, MoveLayers):
            moved.update(part.places)
    places = [moved.get(layer.id, (layer.x, layer.y)) for layer in document.layers.values()]
    commands: list[AnyCommand] = []
    for part in macro.commands:
        if isinstance(part, AddLayer):
            target = document.layer(link.target)
            side = (sign * n * COLUMN for n in range(1, 100) for sign in (-1, 1))
            columns = chain((part.x, target.x), (target.x + offset for offset in side))
            x = next((x for x in columns if _is_free(x, part.y, places)), part.x)
            part = part.model_copy(update={"x": x})
        commands.append(part)
    return Macro(text=macro.text, commands=tuple(commands))


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


def _trouble(before: ShapeReport, after: ShapeReport, new_id: int) -> str:
    known = {(problem.layer_id, problem.code) for problem in before.problems}
    # the layers that merge wait for their second input by nature; that is no reason against putting one there
    ignored = "too_few_inputs" if (get_spec(after.document.layers[new_id].type).min_inputs > 1) else ""
    found = [
        problem
        for problem in after.problems
        if problem.severity == "error"
        and (problem.layer_id, problem.code) not in known
        and problem.code != ignored
    ]
    found.sort(key=lambda problem: problem.layer_id != new_id)
    if not found:
        return ""
    first = found[0]
    if first.layer_id == new_id or first.path in first.message:
        return first.message
    return f"{first.path}: {first.message}"


def free_spot_above(document: NetworkDocument) -> Spot:
    """Return a free place above all cards (for a layer that takes no input)."""
    if not document.layers:
        return Spot()
    top = min(document.layers.values(), key=lambda layer: layer.y)
    return Spot(x=top.x, y=top.y - STEP)
