"""When transfer hurts: the code that photographs need, on images that are none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cnn_studio.app.labs.lab import (
    Arm,
    ArmResult,
    Findings,
    Lab,
    Option,
    Setup,
    by_chance,
    percent,
    surely_differ,
    without_result,
)
from cnn_studio.app.labs.transferred import (
    FEW,
    IMAGES_HINT,
    codes_at,
    drawing,
    figures,
    lead_of,
    pretrained,
    small_network,
)
from cnn_studio.app.project import Project
from cnn_studio.transfer.card import ALWAYS_HERE

_SIDE = 64
_LATE, _EARLY, _ANEW = "Last code", "Earlier code", "From scratch"
_CUTS = {_LATE: "", _EARLY: "blocks.4"}
_SIZES = {f"{FEW} per class": (FEW, 16, 60), "all images": (None, 32, 20)}
"""What a size is called: images of a class, batch size and epochs of the arm that begins anew."""


def _pretrained(setup: Setup) -> Project:
    return pretrained(setup, side=_SIDE)


def _arms() -> tuple[Arm, ...]:
    found: list[Arm] = []
    for size, (per_class, batch_size, epochs) in _SIZES.items():
        draw = drawing(per_class)
        for series, cut in _CUTS.items():
            recipe = partial(codes_at, cut=cut)
            found.append(Arm(f"{series}, {size}", _pretrained, draw, recipe, size, series))
        anew = partial(small_network, batch_size=batch_size, epochs=epochs)
        found.append(Arm(f"{_ANEW}, {size}", anew, draw, None, size, _ANEW))
    return tuple(found)


def _observe(results: Sequence[ArmResult]) -> Findings:
    if missing := [one.name for one in results if one.val_accuracy is None]:
        return without_result(results, missing)
    few, many = results[:3], results[3:]
    came_true, why = _verdict(many[0], many[-1])
    said = [words for part in (few, many) for words in (_beside_scratch(part[0], part[-1]), _remedy(*part))]
    return Findings(came_true, (*said, *why), figures(results))


def _verdict(late: ArmResult, anew: ArmResult) -> tuple[str, list[str]]:
    """Return which answer the last code and training from scratch speak for, and why it may be so."""
    if not surely_differ(late, anew):
        return "same", []
    if lead_of(late, anew) > 0:
        return "helps", [
            "These images are near enough to what the network knows: its last code carries over to them."
        ]
    return "hurts", [
        "This is negative transfer: the last layers of a network tell the classes of its source apart and drop the rest, and "
        "what tells these images apart is in the rest. Earlier layers, with their edges and corners, are more general."
    ]


def _beside_scratch(late: ArmResult, anew: ArmResult) -> str:
    right = (
        f"{late.name}: {percent(late.val_accuracy or 0.0)} right, beside {percent(anew.val_accuracy or 0.0)}"
    )
    if not surely_differ(late, anew):
        return f"{right} from scratch; they {by_chance(late, anew)}"
    lead = lead_of(late, anew)
    return f"{right} from scratch: {abs(lead):.1f} points {'ahead' if lead > 0 else 'behind'}, more than chance explains."


def _remedy(late: ArmResult, early: ArmResult, anew: ArmResult) -> str:
    """Return what cutting earlier did."""
    right = f"{early.name}: {percent(early.val_accuracy or 0.0)} right"
    if not surely_differ(late, early):
        return f"{right}; this and the last code {by_chance(early, late)}"
    lead, rest = lead_of(early, late), lead_of(early, anew)
    beside = f"{abs(rest):.1f} points {'ahead of' if rest > 0 else 'behind'} training from scratch"
    if not surely_differ(early, anew):
        beside = "not surely different from training from scratch"
    return (
        f"{right}; cutting earlier {'gained' if lead > 0 else 'lost'} {abs(lead):.1f} points. It is {beside}."
    )


LAB = Lab(
    id="negative-transfer",
    title="Negative transfer",
    question=f"{ALWAYS_HERE} knows photographs. Handwritten digits, which it gets unless you choose images, are none. A linear "
    "classifier learns the classes from its last code, another one from the code of an earlier block, and a small network learns them from scratch. With all images, how does "
    "the last code do beside training from scratch?",
    options=(
        Option("helps", "Better, because what it knows carries over"),
        Option("hurts", "Worse, so that transfer hurts"),
        Option("same", "They differ by no more than chance explains"),
    ),
    arms=_arms(),
    observe=_observe,
    takes_images=True,
    images_hint=f"{IMAGES_HINT} Drawings or X-rays are worth a try, too.",
)
