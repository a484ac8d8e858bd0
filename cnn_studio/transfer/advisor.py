"""What to transfer, when and how: advice from how many images there are and how much they are like the source data.

The four cases are those of Stanford's course CS231n (notes on transfer learning): few or many images, similar or different
ones. Nothing here trains or measures; no torch.

"Many" needs two things. `LARGE_TOTAL` images in all: Kornblith, Shlens and Le, "Do Better ImageNet Models Transfer Better?"
(arXiv:1805.08974), found linear classifiers on fixed features as good as fine-tuning or better with 47 to 800 images, and
fine-tuning ahead with more. And `LARGE_PER_CLASS` images in more than half of the classes: what tells a class from the
others is learned from its own images, so 2,000 classes of one image each are few. The second number is a choice of ours.

"Different" is a measured "very different". What lies between counts as similar, because there the codes before the
classifier were still the best place to cut (see `cnn_studio.transfer.likeness`), and the advice says that it is near.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cnn_studio.core.errors import DataError
from cnn_studio.transfer.likeness import FEW_IMAGES, Likeness, limits_text
from cnn_studio.transfer.recipe import Strategy

Case = Literal["small_similar", "small_different", "large_similar", "large_different"]
Cut = Literal["before_classifier", "earlier"]
Answer = Literal["similar", "different"]
Basis = Literal["told", "measured", "assumed"]

LARGE_TOTAL = 1_000
LARGE_PER_CLASS = 50

EARLIER_DEPTH = 2 / 3
"""Where an earlier cut lies, by depth: between what was best for digits (four fifths) and for textures (a fifth)."""

_UNEQUAL = 10  # times as many images in the largest class as in the smallest
_MANY_CLASSES = 1_000
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do with a pre-trained network and new images, and why.

    Attributes:
        case: which of the four cases it is.
        strategy: the recommended one: a linear classifier on codes (``svm``, ``softmax``), fine-tuning of everything
            (``finetune``), unfreezing from the end step by step (``gradual``), or new weights (``scratch``).
        cut: where the network is cut: before its classifier, or somewhere earlier.
        headline: the recommendation in one sentence.
        why: the reasons, with the counts, the measurement and its number.
        limits: where "many" and the levels of similarity begin.
        what, when, how: answers to the three questions of transfer learning.
        warnings: what to take care of, as sentences; may be empty.
        alternatives: strategies that are worth a run beside it, the likeliest first.
        basis: where the answer to "similar?" comes from.
        num_images: training images.
        num_classes: classes that have images.
        typical: images in the middle class, the smaller one of two middles.
    """

    case: Case
    strategy: Strategy
    cut: Cut
    headline: str
    why: str
    limits: str
    what: str
    when: str
    how: str
    warnings: tuple[str, ...]
    alternatives: tuple[Strategy, ...]
    basis: Basis
    num_images: int
    num_classes: int
    typical: int


def advise(
    counts: Mapping[str, int],
    likeness: Likeness | None = None,
    told: Answer | None = None,
    *,
    source: str = "ImageNet",
) -> Advice:
    """Return what to do.

    Args:
        counts: training images per class.
        likeness: what was measured, if it was.
        told: what the user says of the images; wins over the measurement.
        source: name of the data that the network was trained on.

    Raises:
        DataError: there are no images, or images of one class only.
    """
    full = {name: count for name, count in counts.items() if count > 0}
    if not full:
        raise DataError("There are no training images, so there is nothing to advise on. Add some.")
    if len(full) == 1:
        raise DataError(
            f"All training images are of one class ({next(iter(full))}), so there is nothing to tell apart. "
            "Add images of another class."
        )
    total, typical = sum(full.values()), statistics.median_low(full.values())
    is_large = total >= LARGE_TOTAL and typical >= LARGE_PER_CLASS
    is_different, basis = _is_different(likeness, told)
    case = _case(is_large, is_different)
    strategy, alternatives = _STRATEGIES[case]
    return Advice(
        case=case,
        strategy=strategy,
        cut="earlier" if case == "small_different" else "before_classifier",
        headline=_HEADLINES[case],
        why=" ".join(
            [_counts_text(full, total, typical, is_large), _likeness_text(likeness, told, source), _WHY[case]]
        ),
        limits=(
            f"Many images are {LARGE_TOTAL:,} or more, with {LARGE_PER_CLASS} or more in over half of the classes; with "
            f"fewer, linear classifiers on fixed features are as good as fine-tuning. {limits_text()}"
        ),
        what=_WHAT[case],
        when=_when(is_different, source),
        how=_HOW[case],
        warnings=tuple(_warnings(counts, full, likeness, told, source, is_different)),
        alternatives=alternatives,
        basis=basis,
        num_images=total,
        num_classes=len(full),
        typical=typical,
    )


def _is_different(likeness: Likeness | None, told: Answer | None) -> tuple[bool, Basis]:
    if told is not None:
        return told == "different", "told"
    if likeness is not None:
        return likeness.level == "very different", "measured"
    return False, "assumed"


def _case(is_large: bool, is_different: bool) -> Case:
    if is_large:
        return "large_different" if is_different else "large_similar"
    return "small_different" if is_different else "small_similar"


_STRATEGIES: Mapping[Case, tuple[Strategy, tuple[Strategy, ...]]] = {
    "small_similar": ("svm", ("softmax", "gradual")),
    "small_different": ("svm", ("softmax", "gradual", "scratch")),
    "large_similar": ("finetune", ("gradual", "svm")),
    "large_different": ("finetune", ("scratch", "gradual")),
}

_HEADLINES: Mapping[Case, str] = {
    "small_similar": "Few images, like the source data: train a linear classifier on the CNN codes.",
    "small_different": "Few images, unlike the source data: train a linear classifier on activations from earlier in the network.",
    "large_similar": "Many images, like the source data: fine-tune the whole network.",
    "large_different": "Many images, unlike the source data: begin with the pre-trained weights and fine-tune the whole network.",
}

_WHY: Mapping[Case, str] = {
    "small_similar": (
        "So few images would not hold the millions of weights of the network in check: fine-tuning would overfit. The "
        "network's own features suit such images already, and only a linear classifier has to be learned."
    ),
    "small_different": (
        "So few images allow a linear classifier only, as fine-tuning would overfit. The end of the network is made for the "
        "things in the source data; edges, colours and patterns from earlier on are of more use for other images."
    ),
    "large_similar": (
        "With so many images fine-tuning is unlikely to overfit, and weights that suit such images already need small "
        "steps only."
    ),
    "large_different": (
        "So many images could train a network from new weights, but pre-trained ones are nearly always the better "
        "beginning, and there are enough images to change all of them."
    ),
}

_WHAT: Mapping[Case, str] = {
    "small_similar": "All layers before the classifier, unchanged. The classifier is new.",
    "small_different": "The layers up to a cut in the middle of the network, unchanged. What follows is left out; the classifier is new.",
    "large_similar": "All layers before the classifier, as the beginning of the training. The classifier is new.",
    "large_different": (
        "All layers before the classifier, as a beginning only: expect the later ones to change much. The classifier is new."
    ),
}

_HOW: Mapping[Case, str] = {
    "small_similar": (
        "Compute the code of each image once, fit a linear SVM on them (a softmax classifier where probabilities are needed), "
        "and let cross-validation choose C."
    ),
    "small_different": (
        "Cut at two or three depths, fit a linear SVM on each and keep the cut with the best validation accuracy; cross-"
        "validation chooses C."
    ),
    "large_similar": (
        "Train every layer, the early ones at a smaller rate. Begin with the classifier alone or with a slowly rising rate, so "
        "that its random weights do not spoil the others."
    ),
    "large_different": (
        "Train every layer at the full rate, the early ones too, after the classifier alone or with a slowly rising rate. Let "
        "BatchNorm learn the statistics of the new images."
    ),
}


def _when(is_different: bool, source: str) -> str:
    if is_different:
        return (
            f"Transfer is not sure to help: the less the images have in common with {source}, the less is gained. Compare with "
            "a run from new weights."
        )
    return f"Transfer helps: what was learned from {source} is of use for such images, most of all with few of them."


def _counts_text(full: Mapping[str, int], total: int, typical: int, is_large: bool) -> str:
    size = "many" if is_large else "few"
    least, most = min(full.values()), max(full.values())
    each = (
        f"{least:,} each" if least == most else f"{least:,} to {most:,} each, {typical:,} in the middle class"
    )
    return f"There are {total:,} training images of {len(full):,} classes ({each}), which are {size}."


def _likeness_text(likeness: Likeness | None, told: Answer | None, source: str) -> str:
    parts = []
    if told is not None:
        parts.append(f"You say that they are {_ANSWERS[told]} {source}.")
    if likeness is not None:
        parts.append(likeness.text)
    if not parts:
        return f"How similar they are to {source} has not been measured; similar is assumed."
    if told is None and likeness is not None and likeness.level == "somewhat different":
        parts.append("That lies between the limits and counts as similar.")
    return " ".join(parts)


_ANSWERS: Mapping[Answer, str] = {"similar": "similar to", "different": "different from"}


def _warnings(
    counts: Mapping[str, int],
    full: Mapping[str, int],
    likeness: Likeness | None,
    told: Answer | None,
    source: str,
    is_different: bool,
) -> list[str]:
    found = []
    if likeness is not None:
        found += _doubts(likeness, told, source)
    elif told is None:
        found.append(
            f"Measure how similar the images are to {source}, or say so: for different ones the advice is another."
        )
    if is_different or (likeness is not None and likeness.level == "very different"):
        found.append(
            f"Transfer from {source} can make things worse here (negative transfer): weights made for other images may be a "
            "worse beginning than new ones. Train a small network from new weights too, and compare."
        )
    empty = [name for name, count in counts.items() if count <= 0]
    if empty:
        found.append(f"No training images: {_some(empty)}. Such a class is never predicted.")
    single = [name for name, count in full.items() if count == 1]
    if single:
        found.append(
            f"A single training image: {_some(single)}. One image does not show what its class has in common; results will "
            "depend on it by chance."
        )
    least, most = min(full, key=full.__getitem__), max(full, key=full.__getitem__)
    if full[most] >= _UNEQUAL * full[least]:
        found.append(
            f"The classes are very unequal: {full[most]:,} images of {most}, {full[least]:,} of {least}. Use class weights and "
            "look at the scores per class; accuracy alone hides the small ones."
        )
    if len(full) >= _MANY_CLASSES:
        found.append(
            f"{len(full):,} classes make a linear SVM slow, because each class is fitted against all others; softmax takes one "
            "fit for all."
        )
    return found


def _doubts(likeness: Likeness, told: Answer | None, source: str) -> list[str]:
    found = []
    distance, level = f"{likeness.distance:.2f}", likeness.level
    if (told, level) in (("similar", "very different"), ("different", "similar")):
        found.append(
            f"You say that the images are {_ANSWERS[told or 'similar']} {source}, but they were measured as {level} (distance "
            f"{distance}). Your answer is used; try the other advice too if the result disappoints."
        )
    if told is None and level == "somewhat different":
        found.append(
            f"The distance of {distance} lies between similar and very different. Compare an earlier cut with the codes before "
            "the classifier."
        )
    if likeness.num_images < FEW_IMAGES:
        seen = "1 image" if likeness.num_images == 1 else f"{likeness.num_images} images"
        found.append(f"The distance rests on {seen}, and comes out too large from fewer than {FEW_IMAGES}.")
    elif not likeness.is_clear:
        found.append(
            f"The distance of {distance} lies so near a limit that other images could give another level."
        )
    return found


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED:,} more"
