"""What a comparison of ways to transfer says, in words: which wins, how surely, and whether transfer helped at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnn_studio.engine.classification import wilson_interval


@dataclass(frozen=True, slots=True)
class Compared:
    """One way and what came of it.

    Attributes:
        name: of the way.
        is_transfer: False for training from scratch.
        right, count: validation images that were right, and all; `right` is None where it failed.
        seconds: what it took.
        message: why it failed, or nothing.
    """

    name: str
    is_transfer: bool
    right: int | None
    count: int
    seconds: float
    message: str = ""

    @property
    def accuracy(self) -> float:
        """The share that was right; 0 where it failed."""
        return (self.right or 0) / self.count if self.count else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies with 95 % confidence."""
        return wilson_interval(self.right or 0, self.count)

    @property
    def text(self) -> str:
        """The accuracy with its certainty."""
        low, high = self.interval
        return f"{100 * self.accuracy:.1f} % ({100 * low:.0f} to {100 * high:.0f})"


def judge(found: Sequence[Compared]) -> tuple[str, ...]:
    """Return sentences: who wins and how surely, the fastest of equals, and a warning of negative transfer.

    Two results differ for certain here if neither accuracy lies in the other's 95 % interval, which is a little stricter
    than a test at 5 %.
    """
    done = [one for one in found if one.right is not None]
    if not done:
        return ("None of the ways came to a result.",)
    best = max(done, key=lambda one: (one.right or 0, -one.seconds))
    said = [
        f"{best.name} is best: {best.right:,} of {best.count:,} images right, {100 * best.accuracy:.1f} %."
    ]
    equal = [one for one in done if one is not best and not differ(one, best)]
    ties = [one.name for one in equal if one.right == best.right]
    if ties:
        said.append(f"{_listed(ties)} got as many right.")
    near = [one.name for one in equal if one.name not in ties]
    if near:
        names = _listed(near)
        verb = "are" if len(near) > 1 else "is"
        said.append(
            f"With {best.count:,} validation images {names} {verb} not certainly worse: one image is "
            f"{100 / best.count:.1f} %."
        )
    if equal:
        quick = min([best, *equal], key=lambda one: one.seconds)
        if quick is not best and quick.seconds < best.seconds / 2:
            said.append(
                f"{quick.name} took {_time(quick.seconds)}, {best.name} {_time(best.seconds)}: take the quick one unless "
                "every image counts."
            )
    said += _negative(done)
    return tuple(said)


def _negative(done: Sequence[Compared]) -> list[str]:
    scratch = next((one for one in done if not one.is_transfer), None)
    if scratch is None:
        return []
    others = [one for one in done if one.is_transfer]
    if not others:
        return []
    top = max(others, key=lambda one: one.right or 0)
    if (top.right or 0) < (scratch.right or 0):
        surely = "" if differ(top, scratch) else ", though not certainly,"
        return [
            f"Negative transfer: every way of transferring{surely} does worse than training from scratch. What the source "
            "learned does not fit these images; train from scratch, or cut earlier in the network."
        ]
    worse = [one.name for one in others if (one.right or 0) < (scratch.right or 0)]
    if worse:
        return [f"{_listed(worse)} did worse than training from scratch on these images."]
    points = 100 * (top.accuracy - scratch.accuracy)
    return [f"Transfer helps: {points:.1f} points above training from scratch under the same budget."]


def differ(one: Compared, other: Compared) -> bool:
    """Whether two results on the same images differ for certain."""
    (low, high), (other_low, other_high) = one.interval, other.interval
    return not (low <= other.accuracy <= high or other_low <= one.accuracy <= other_high)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} minutes"
