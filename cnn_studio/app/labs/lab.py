"""What a laboratory is: a question, answers to choose from, networks to train, and a rule that reads their numbers.

Loads neither torch nor numpy; `cnn_studio.app.labs.running` carries a laboratory out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnn_studio.app.project import Project
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.events import EpochDone, GradientsMeasured, RunFinished
from cnn_studio.transfer.recipe import TransferRecipe

if TYPE_CHECKING:
    from cnn_studio.datasets.records import ImageData


@dataclass(frozen=True, slots=True)
class Setup:
    """What the user decides before the runs begin.

    Attributes:
        seed: of the first weights, the order of the images and the division into training and validation.
        data: the images; the embedded digits unless the laboratory asks for others.
    """

    seed: int = 0
    data: DataSource = field(default_factory=DataSource)


Draw = Callable[["ImageData", Setup], "ImageData"]
"""Takes some images out of all those there are."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a laboratory's question.

    Attributes:
        id: what the rule that reads the numbers gives back.
        text: what the user reads.
    """

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the runs that are compared.

    Attributes:
        name: what tables and sentences call it.
        build: makes its network, data source and training settings; of a transfer the network that is transferred, with
            its weights.
        draw: which of the images it gets; None for all of them.
        recipe: how the network is transferred, with the images of `draw`; None where it is trained as it is.
        group: what it has in common with other arms in the picture of the results; empty where there is none.
        series: what tells it from the others of its group.
    """

    name: str
    build: Callable[[Setup], Project]
    draw: Draw | None = None
    recipe: Callable[[Setup], TransferRecipe] | None = None
    group: str = ""
    series: str = ""


@dataclass(frozen=True, slots=True)
class ArmResult:
    """What one run left behind.

    Attributes:
        name: of the arm.
        finished: the last event of the run.
        run: its number among the kept runs; None if it could not be kept.
        epochs: every epoch.
        gradients: gradients and steps per layer; the first are those before the first step.
        num_train, num_val: images.
        num_params: of the network; of a transfer those that learnt.
        seen_accuracy: share of the training images that the kept network gets right as they are, without dropout and
            augmentation; None where no network was kept, and of a transfer.
        project: the trained network, as it was kept.
    """

    name: str
    finished: RunFinished
    run: int | None = None
    epochs: tuple[EpochDone, ...] = ()
    gradients: tuple[GradientsMeasured, ...] = ()
    num_train: int = 0
    num_val: int = 0
    num_params: int = 0
    seen_accuracy: float | None = None
    project: Project | None = field(default=None, repr=False, compare=False)

    @property
    def val_accuracy(self) -> float | None:
        """Of the kept network; None before the first validation."""
        return self.finished.val_accuracy

    @property
    def gap(self) -> float | None:
        """How much better the kept network is on training images than on validation images, as a share of 1."""
        if self.seen_accuracy is None or self.val_accuracy is None:
            return None
        return self.seen_accuracy - self.val_accuracy


@dataclass(frozen=True, slots=True)
class Findings:
    """What was seen.

    Attributes:
        came_true: id of the option that the numbers speak for; empty where the runs do not decide it.
        sentences: what was seen, with the figures.
        numbers: figures by arm and name, for tables.
    """

    came_true: str
    sentences: tuple[str, ...]
    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lab:
    """A prepared experiment.

    Attributes:
        id: what the command line calls it.
        title: what menus call it.
        question: asked before the runs, in one or two sentences.
        options: the answers to choose a prediction from.
        arms: the runs, in the order in which they are made.
        observe: reads the results of the arms, in their order; every arm has one.
        takes_images: whether the user may name images of one's own in place of the embedded digits.
        images_hint: what images of one's own show.
    """

    id: str
    title: str
    question: str
    options: tuple[Option, ...]
    arms: tuple[Arm, ...]
    observe: Callable[[Sequence[ArmResult]], Findings]
    takes_images: bool = False
    images_hint: str = ""

    @property
    def is_grouped(self) -> bool:
        """Whether its results are shown as bars in groups, and not as curves over the steps."""
        return any(arm.group for arm in self.arms)

    def option(self, option_id: str) -> Option | None:
        """Return the option of that id, or None."""
        return next((option for option in self.options if option.id == option_id), None)


def percent(share: float) -> str:
    """Return a share of 1 for people."""
    return f"{100 * share:.1f} %"


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def figure(value: float) -> str:
    """Return a number of any size for people, with two or three digits that count."""
    if value == 0 or 1e-3 <= abs(value) < 1e3:
        return f"{value:.3g}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    if 0 < int(exponent) < 6:
        return f"{float(f'{value:.2g}'):,.0f}"
    return f"{float(mantissa):g} × 10{str(int(exponent)).translate(_RAISED)}"


def within(name: str) -> str:
    """Return an arm's name as it stands inside a sentence."""
    return name[0].lower() + name[1:]


def by_chance(one: ArmResult, other: ArmResult) -> str:
    """Return the end of a sentence on two results that do not surely differ."""
    points = 100 * abs((one.val_accuracy or 0.0) - (other.val_accuracy or 0.0))
    return f"differ by {points:.1f} points, which with {one.num_val:,} validation images may be chance."


def surely_differ(one: ArmResult, other: ArmResult) -> bool:
    """Whether the validation accuracy of neither lies in the other's 95 % interval, as where ways to transfer are compared."""
    from cnn_studio.engine.classification import wilson_interval

    for this, beside in ((one, other), (other, one)):
        low, high = wilson_interval(round((this.val_accuracy or 0.0) * this.num_val), this.num_val)
        if low <= (beside.val_accuracy or 0.0) <= high:
            return False
    return True


def without_result(results: Sequence[ArmResult], missing: Sequence[str]) -> Findings:
    """Return the findings of runs that do not decide the question, and say why.

    Args:
        results: of all arms.
        missing: names of the arms that gave no number.
    """
    reasons = {result.name: result.finished.message for result in results}
    said = tuple(f"{name} came to no result. {reasons.get(name, '')}".strip() for name in missing)
    return Findings("", (*said, "So the question stays open; run the experiment again."))
