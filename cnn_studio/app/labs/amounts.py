"""What transfer is worth on few images and on many: pre-trained layers against ones that begin anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from cnn_studio.app.labs.lab import (
    Arm,
    ArmResult,
    Findings,
    Lab,
    Option,
    Setup,
    percent,
    surely_differ,
    without_result,
)
from cnn_studio.app.labs.transferred import (
    FEW,
    IMAGES_HINT,
    SOME,
    codes_at,
    drawing,
    figures,
    is_on_digits,
    lead_of,
    pretrained,
    same_layers_anew,
    small_network,
)
from cnn_studio.app.project import Project
from cnn_studio.transfer.card import ALWAYS_HERE
from cnn_studio.transfer.recipe import TransferRecipe

_SIDE = 32
_CUT = "blocks.3"
_SURE = 2.0
"""Standard errors by which two gains must differ to be called different."""
_LARGE = 100_000
"""Weights above which the network that begins anew is that of the photographs, and not a small one."""

_TRANSFERRED, _ANEW = "Pre-trained", "From scratch"
_SIZES = {f"{FEW} per class": (FEW, 8, 30), f"{SOME} per class": (SOME, 16, 20), "all images": (None, 32, 15)}
"""What a size is called: images of a class, batch size and epochs of the arm that begins anew."""


def _pretrained(setup: Setup) -> Project:
    return pretrained(setup, side=_SIDE)


def _codes(setup: Setup) -> TransferRecipe:
    # the last layers tell photographs apart; what digits need lies before them
    return codes_at(setup, cut=_CUT if is_on_digits(setup) else "")


def _anew(setup: Setup, *, batch_size: int, epochs: int) -> Project:
    if is_on_digits(setup):
        return same_layers_anew(setup, side=_SIDE, cut=_CUT, batch_size=batch_size, epochs=epochs)
    return small_network(setup, batch_size=batch_size, epochs=2 * epochs)


def _arms() -> tuple[Arm, ...]:
    found: list[Arm] = []
    for size, (per_class, batch_size, epochs) in _SIZES.items():
        draw = drawing(per_class)
        anew = partial(_anew, batch_size=batch_size, epochs=epochs)
        found += (
            Arm(f"{_TRANSFERRED}, {size}", _pretrained, draw, _codes, size, _TRANSFERRED),
            Arm(f"{_ANEW}, {size}", anew, draw, None, size, _ANEW),
        )
    return tuple(found)


def _observe(results: Sequence[ArmResult]) -> Findings:
    if missing := [one.name for one in results if one.val_accuracy is None]:
        return without_result(results, missing)
    pairs = list(zip(_SIZES, results[::2], results[1::2], strict=True))
    (_, *few), *_, (_, *many) = pairs
    came_true, change = _change(few, many)
    said = [_pair_words(size, codes, anew) for size, codes, anew in pairs]
    return Findings(came_true, (*said, change, _how_many_learn(*few)), figures(results))


def _change(few: Sequence[ArmResult], many: Sequence[ArmResult]) -> tuple[str, str]:
    """Return which answer the leads with the fewest images and with all of them speak for, and why."""
    first, last = lead_of(*few), lead_of(*many)
    if abs(first - last) <= _SURE * _error(*few, *many):
        return "same", (
            f"The lead is {_points(first)} points with the fewest images and {_points(last)} with all: with {few[0].num_val:,} "
            "validation images that difference may be chance."
        )
    went = (
        f"The lead went from {_points(first)} points with {few[0].num_train:,} images to {_points(last)} with "
        f"{many[0].num_train:,}"
    )
    if first > last:
        return "shrinks", (
            f"{went}: what the layers have seen before stands in for images that are missing, and is worth less the more "
            "there are."
        )
    return "grows", f"{went}. That is not the rule; another seed may tell something else."


def _points(lead: float) -> str:
    return f"{lead:.1f}".replace("-", "−")


def _pair_words(size: str, codes: ArmResult, anew: ArmResult) -> str:
    lead = lead_of(codes, anew)
    if surely_differ(codes, anew):
        end = f"transfer is {'ahead' if lead > 0 else 'behind'} by {abs(lead):.1f} points"
    else:
        end = f"{abs(lead):.1f} points apart may be chance"
    return (
        f"{size[0].upper()}{size[1:]}, {codes.num_train:,} together: {percent(codes.val_accuracy or 0.0)} right with the "
        f"pre-trained layers, {percent(anew.val_accuracy or 0.0)} from scratch; {end}."
    )


def _error(*results: ArmResult) -> float:
    """Return the standard error of a sum or difference of accuracies, in points, as of independent draws."""
    shares = [(one.val_accuracy or 0.0, max(1, one.num_val)) for one in results]
    return 100 * math.sqrt(sum(share * (1 - share) / count for share, count in shares))


def _how_many_learn(codes: ArmResult, anew: ArmResult) -> str:
    said = (
        f"Of the pre-trained layers none learns: only the classifier behind them does, with {codes.num_params:,} weights. From "
        f"scratch {anew.num_params:,} weights must be found in the same images."
    )
    if anew.num_params > _LARGE:
        said += (
            " A network made for the digits, with a tenth of them, needs fewer: Negative transfer has one."
        )
    return said


LAB = Lab(
    id="transfer-amount",
    title="Few images and many",
    question=f"The early layers of {ALWAYS_HERE}, which learnt from 1.2 million photographs, give codes of the images (digits, "
    f"unless you choose others), and a linear classifier learns on them; the same layers also learn from scratch. Each gets {FEW} images of a class, then {SOME}, "
    "then all. How far is transfer ahead on unseen images?",
    options=(
        Option("shrinks", "Far ahead with few images, less or not at all with many"),
        Option("same", "About as far with few images as with many"),
        Option("grows", "Further with many images than with few"),
    ),
    arms=_arms(),
    observe=_observe,
    takes_images=True,
    images_hint=f"{IMAGES_HINT} A small network then learns from scratch.",
)
