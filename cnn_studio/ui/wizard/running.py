"""A recipe carried out in a job, with events that the wizard's pages read; knows no widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cnn_studio.app.awake import KeptAwake
from cnn_studio.app.comparing import compare
from cnn_studio.app.jobs import Job
from cnn_studio.app.transferring import Prepared, prepare, run_transfer
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
            else:
                prepared = prepare(recipe, job.report, job.control)
                job.report(Kept(key_of(recipe), prepared))
            if compares:
                job.report(compare(recipe, job.report, job.control, prepared=prepared))
                return
            job.report(run_transfer(recipe, job.report, job.control, prepared=prepared, network=network))

    return work
