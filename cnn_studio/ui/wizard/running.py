"""A recipe carried out in a job, with events that the wizard's pages read; knows no widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cnn_studio.app.awake import KeptAwake
from cnn_studio.app.coding import CodesReady
from cnn_studio.app.comparing import WayFinished, WayStarted, compare
from cnn_studio.app.jobs import Job
from cnn_studio.app.training import DataReady
from cnn_studio.app.transferring import (
    ClassifierFitted,
    Prepared,
    SourceReady,
    StageStarted,
    prepare,
    run_transfer,
)
from cnn_studio.engine.events import (
    EpochDone,
    FrontComputed,
    RunStarted,
    SpeedTuned,
    TuningStarted,
    describe_tuning,
)
from cnn_studio.graph.cutting import find_cut, shapes_of
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.transfer.recipe import TransferRecipe

PreparedKey = tuple[str, str, object]
"""What source and images in memory depend on: source, weights, data."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Source and images in memory, for the next run."""

    key: PreparedKey
    prepared: Prepared


def key_of(recipe: TransferRecipe) -> PreparedKey:
    """Return what source and images of a recipe depend on."""
    return recipe.source, recipe.weights, recipe.data


def work_of(
    recipe: TransferRecipe,
    network: NetworkDocument | None,
    kept: Kept | None,
    *,
    compares: bool,
) -> Callable[[Job], None]:
    """Return the work of a job that carries a recipe out; it reports the events, and the outcome at the end.

    Args:
        recipe: what to do.
        network: the network as its layers shall train, for fine-tuning.
        kept: source and images of a run before.
        compares: try several ways in place of the recipe's own.
    """

    def work(job: Job) -> None:
        with KeptAwake():
            if kept is not None and kept.key == key_of(recipe):
                cut = find_cut(shapes_of(kept.prepared.source.document), recipe.cut)
                prepared = replace(kept.prepared, cut=cut)
                job.report(DataReady(prepared.data))
            else:
                prepared = prepare(recipe, job.report, job.control)
                job.report(Kept(key_of(recipe), prepared))
            if compares:
                job.report(compare(recipe, job.report, job.control, prepared=prepared))
                return
            job.report(run_transfer(recipe, job.report, job.control, prepared=prepared, network=network))

    return work


def event_text(event: object) -> str:
    """Return an event of a run as a line for people; nothing for those that are shown otherwise."""
    match event:
        case SourceReady(title, _, cut, size):
            return f"{title}: cut behind {cut}, a code of {size:,} numbers"
        case DataReady(data):
            return (
                f"{data.name}: {len(data.train):,} images to learn from, {len(data.val):,} to validate with"
            )
        case CodesReady(codes, _, were_kept):
            how = (
                "as kept from before"
                if were_kept
                else f"{codes.images_per_second:,.0f} images/s, {codes.how}"
            )
            return f"CNN codes: {how}"
        case ClassifierFitted():
            note = "" if event.is_converged else "; the solver stopped before its tolerance was reached"
            return f"Linear classifier: C = {event.c:g}, fitted in {event.seconds:.1f} s{note}"
        case StageStarted(number, total, paths):
            named = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
            return f"Step {number} of {total}: {named} learn{' too' if number > 1 else ''}"
        case WayStarted(number, total, name):
            return f"{number} of {total}: {name}"
        case WayFinished(compared):
            return compared.message or f"{compared.text}, {compared.seconds:.1f} s"
    return _training_text(event)


def _training_text(event: object) -> str:
    match event:
        case TuningStarted():
            return "Measuring the fastest way to compute"
        case SpeedTuned(tuning):
            return f"Computes with {describe_tuning(tuning)}"
        case FrontComputed(done, total, layers) if done == total:
            return f"The {layers} frozen layers in front were computed once for all images"
        case RunStarted():
            return f"{event.trainable_params:,} of {event.total_params:,} parameters learn, on {event.device}"
        case EpochDone() if event.val_accuracy is not None:
            return f"Epoch {event.epoch}: {100 * event.val_accuracy:.1f} % of the validation images are right"
    return ""
