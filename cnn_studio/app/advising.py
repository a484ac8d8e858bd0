"""Advice on images and a source, with what it rests on: counted, measured, and nothing trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnn_studio.app.jobs import Progress
from cnn_studio.app.measuring import RULER, can_measure, measure_likeness, replacement_text
from cnn_studio.app.sources import OpenedSource, is_own, open_source
from cnn_studio.app.training import Report
from cnn_studio.core.errors import NetworkError
from cnn_studio.engine.control import RunControl
from cnn_studio.graph.cutting import list_cuts, shapes_of
from cnn_studio.graph.depths import cut_at_depth
from cnn_studio.transfer.advisor import EARLIER_DEPTH, Advice, advise
from cnn_studio.transfer.likeness import Likeness
from cnn_studio.transfer.recipe import TransferRecipe


@dataclass(frozen=True, slots=True)
class Advised:
    """Advice and what it rests on.

    Attributes:
        advice: what to do, and why.
        counts: training images per class.
        likeness: how similar the images are to the source data; None where it could not be measured.
        cut: path of the layer to cut behind; empty for the usual place, and where the source is not on this machine.
        notes: what to know of the measurement, as sentences.
    """

    advice: Advice
    counts: Mapping[str, int]
    likeness: Likeness | None
    cut: str = ""
    notes: tuple[str, ...] = ()


def advise_on(recipe: TransferRecipe, report: Report, control: RunControl) -> Advised:
    """Count and measure a recipe's images, and return what suits them and its source.

    Args:
        recipe: its source and images count.
        report: hears `Progress`.
        control: stop requests.

    Raises:
        GraphError: there is no such source.
        NetworkError: the source is one's own and has no weights.
        DataError: the images cannot be used, or are of one class.
        Cancelled: the control asked to stop.
    """
    from cnn_studio.datasets.report import make_report

    notes: list[str] = []
    opened = _open(recipe, notes)
    found = make_report(
        recipe.data,
        lambda done, total: report(Progress("Looking at images", done, total)),
        lambda: control.stop_requested,
    )
    counts = dict(zip(found.classes, found.counts.get("train", ()), strict=False))
    own = is_own(recipe.source)
    source = "its source data" if own else "ImageNet"
    advise(counts, source=source)  # images of one class need no measurement to be refused
    likeness = _measure(recipe, opened if own else None, report, control, notes)
    advice = advise(counts, likeness, source=source)
    cut = None
    if advice.cut == "earlier" and opened is not None:
        cut = cut_at_depth(list_cuts(shapes_of(opened.project.document)), EARLIER_DEPTH)
    return Advised(advice, counts, likeness, cut.path if cut is not None else "", tuple(notes))


def _open(recipe: TransferRecipe, notes: list[str]) -> OpenedSource | None:
    """Return the source; None, and say so, for a published one whose weights are still to be fetched."""
    weights = Path(recipe.weights) if recipe.weights else None
    if not is_own(recipe.source):
        from cnn_studio.transfer.sources import find_source

        find_source(recipe.source)
    try:
        return open_source(recipe.source, weights=weights)
    except NetworkError as error:
        if is_own(recipe.source):
            raise
        notes.append(str(error))
        return None


def _measure(
    recipe: TransferRecipe, own: OpenedSource | None, report: Report, control: RunControl, notes: list[str]
) -> Likeness | None:
    """Measure with one's own network, which knows its images best, and with the usual one otherwise."""
    ruler, weights = RULER, None
    if own is not None:
        if can_measure(shapes_of(own.project.document)):
            ruler, weights = recipe.source, Path(recipe.weights) if recipe.weights else None
        else:
            notes.append(replacement_text(own.title))
    try:
        return measure_likeness(recipe.data, report, control, ruler=ruler, weights=weights)
    except NetworkError as error:
        notes.append(f"How similar the images are could not be measured. {error}")
        return None
