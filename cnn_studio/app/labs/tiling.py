"""What a filter never sees: a stride that does not tile its input, and the same one with padding."""

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
from cnn_studio.app.labs.networks import classifying, image_of
from cnn_studio.app.project import Project
from cnn_studio.graph.shapes import infer_shapes

_CUT, _WHOLE = "Without padding", "With padding 1"


def _network(setup: Setup, *, filters: int, padding: int) -> Project:
    net = image_of(8)
    net.add("conv1", "conv2d", out_channels=filters, kernel_size=5, stride=5, padding=padding)
    net.add("relu1", "relu")
    return classifying(
        net, setup, held_out=0.5, optimizer="adam", learning_rate=0.005, epochs=25, schedule="cosine"
    )


def _observe(results: Sequence[ArmResult]) -> Findings:
    if missing := [one.name for one in results if one.val_accuracy is None]:
        return without_result(results, missing)
    cut, whole = results
    right = {one.name: one.val_accuracy or 0.0 for one in results}
    unseen = {one.name: _unseen(one) for one in results}
    numbers = {
        one.name: {
            "validation accuracy": right[one.name],
            "pixels never seen": float(unseen[one.name][0]),
            "parameters": float(one.num_params),
        }
        for one in results
    }
    said = [
        f"{one.name}: {percent(right[one.name])} of {one.num_val:,} validation images right with {one.num_params:,} parameters; "
        f"{unseen[one.name][0]} of the {unseen[one.name][1]} pixels of every image are never seen."
        for one in results
    ]
    lead = 100 * (right[whole.name] - right[cut.name])
    if not surely_differ(cut, whole):
        said.append(f"The two {by_chance(cut, whole)}")
        return Findings("same", tuple(said), numbers)
    ahead, behind = (whole, cut) if lead > 0 else (cut, whole)
    more = "more" if behind.num_params > ahead.num_params else "no more"
    said.append(
        f"{ahead.name} is ahead by {abs(lead):.1f} points, which is more than chance explains; the other has {more} parameters."
    )
    return Findings("whole" if lead > 0 else "cut", tuple(said), numbers)


def _unseen(one: ArmResult) -> tuple[int, int]:
    """Return how many pixels of an image no filter of the first layer touches, and how many there are."""
    if one.project is None:
        return 0, 0
    document = one.project.document
    height, width = (document.layer(document.paths["input"]).params[key] for key in ("height", "width"))
    found = [p.data for p in infer_shapes(document).problems if p.code == "not_tiling"]
    rows, columns = (found[0]["image_rows"], found[0]["image_columns"]) if found else (0, 0)
    return height * width - (height - rows) * (width - columns), height * width


LAB = Lab(
    id="tiling",
    title="Stride and padding",
    question="5 × 5 filters move over 8 × 8 digits by 5. Without padding (8 − 5)/5 + 1 is no integer, so the last rows and "
    "columns are left out; with padding 1, (8 − 5 + 2)/5 + 1 = 2. The network without padding has more filters to make up for "
    "it. Which one reads unseen digits better?",
    options=(
        Option("whole", "The padded one, which sees every pixel"),
        Option("cut", "The one without padding, which has more filters"),
        Option("same", "They differ by no more than chance explains"),
    ),
    arms=(
        # as many numbers reach the classifier: 64 filters at one place, or 16 at 2 × 2
        Arm(_CUT, partial(_network, filters=64, padding=0)),
        Arm(_WHOLE, partial(_network, filters=16, padding=1)),
    ),
    observe=_observe,
)
