"""Several ways to the same classifier under one budget, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import Report
from cnn_studio.app.transferring import (
    Prepared,
    TransferOutcome,
    count_right,
    prepare,
    run_transfer,
    with_linear_head,
)
from cnn_studio.core.errors import Cancelled, StudioError
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import RunFinished
from cnn_studio.transfer.recipe import STRATEGIES, TransferRecipe
from cnn_studio.transfer.verdict import Compared, judge


@dataclass(frozen=True, slots=True)
class WayStarted:
    """One of the ways begins.

    Attributes:
        number, total: which of how many, from 1.
        name: of the way.
        recipe: what it does.
    """

    number: int
    total: int
    name: str
    recipe: TransferRecipe


@dataclass(frozen=True, slots=True)
class WayFinished:
    """One of the ways ended.

    Attributes:
        compared: what the table says of it.
        outcome: all of it; None where it failed.
    """

    compared: Compared
    outcome: TransferOutcome | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The end of a comparison.

    Attributes:
        ways: in the order in which they were tried.
        verdict: sentences that say which wins.
        best: the outcome of the winner; None where none came to a result.
        is_cut_short: the user stopped it before all ways had been tried.
    """

    ways: tuple[WayFinished, ...]
    verdict: tuple[str, ...]
    best: TransferOutcome | None
    is_cut_short: bool = False


def ways_of(recipe: TransferRecipe) -> tuple[tuple[str, TransferRecipe], ...]:
    """Return the ways that a comparison tries, quick ones first: all of them with the recipe's settings."""
    plain = recipe.model_copy(update={"freeze": (), "unfreeze": ()})
    coded = with_linear_head(plain)
    return (
        (STRATEGIES["svm"], coded.model_copy(update={"strategy": "svm"})),
        (STRATEGIES["softmax"], coded.model_copy(update={"strategy": "softmax"})),
        ("Fine-tuning of the last stage", plain.model_copy(update={"strategy": "finetune"})),
        ("Fine-tuning of everything", plain.model_copy(update={"strategy": "finetune", "unfreeze": ("*",)})),
        (STRATEGIES["scratch"], plain.model_copy(update={"strategy": "scratch"})),
    )


def compare(
    recipe: TransferRecipe,
    report: Report,
    control: RunControl,
    *,
    prepared: Prepared | None = None,
    store: RunStore | None = None,
    ways: Sequence[tuple[str, TransferRecipe]] | None = None,
) -> Comparison:
    """Carry out several ways on the same images and say which wins.

    `report` gets `WayStarted`, the events of `run_transfer`, and `WayFinished`, once per way. One that fails does not
    hold up the others.

    Args:
        recipe: source, images, cut, head and settings; its strategy does not count.
        report, control, prepared, store: as for `run_transfer`.
        ways: what to compare; those of `ways_of` if None.

    Raises:
        StudioError: source or images cannot be used.
    """
    ways = ways or ways_of(recipe)
    finished: list[WayFinished] = []
    try:
        prepared = prepared or prepare(recipe, report, control)
        for number, (name, own) in enumerate(ways, 1):
            control.check()
            report(WayStarted(number, len(ways), name, own))
            finished.append(_tried(name, own, prepared, report, control, store))
            report(finished[-1])
            control.check()
    except Cancelled:
        return _result(finished, is_cut_short=True)
    return _result(finished)


def _tried(
    name: str,
    recipe: TransferRecipe,
    prepared: Prepared,
    report: Report,
    control: RunControl,
    store: RunStore | None,
) -> WayFinished:
    count = len(prepared.data.val)
    empty = Compared(name, recipe.strategy != "scratch", None, count, 0.0)
    try:
        outcome = run_transfer(recipe, report, control, prepared=prepared, store=store)
    except StudioError as error:
        return WayFinished(replace(empty, message=str(error)), None)
    if outcome.finished.val_accuracy is None:
        return WayFinished(
            replace(empty, message=_reason(outcome.finished), seconds=outcome.seconds), outcome
        )
    right = count_right(outcome, prepared.data.val)
    return WayFinished(replace(empty, right=right, seconds=outcome.seconds), outcome)


def _reason(finished: RunFinished) -> str:
    return finished.message or "It was stopped before its first validation."


def _result(ways: Sequence[WayFinished], *, is_cut_short: bool = False) -> Comparison:
    done = [way for way in ways if way.compared.right is not None and way.outcome is not None]
    best = max(done, key=lambda way: (way.compared.right or 0, -way.compared.seconds), default=None)
    verdict = judge([way.compared for way in ways])
    return Comparison(tuple(ways), verdict, best.outcome if best is not None else None, is_cut_short)
