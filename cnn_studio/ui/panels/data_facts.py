"""What the Data tab says about images, as plain values; reads no image and knows no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.datasets.records import DataSource, ImageData, SourceKind

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Counts of loaded images.

    Attributes:
        parts: name and number of images of each part there is.
        classes: the class names.
        counts: images per class, in the order of `parts`.
        image: channels, height and width.
        num_bytes: size in memory.
    """

    parts: tuple[tuple[str, int], ...]
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    image: tuple[int, int, int]
    num_bytes: int


def data_facts(data: ImageData) -> DataFacts:
    """Count what is in loaded data."""
    import numpy as np

    parts = [("training", data.train), ("validation", data.val)]
    if data.test is not None:
        parts.append(("test", data.test))
    counted = [np.bincount(part.labels, minlength=len(data.classes)).tolist() for _, part in parts]
    channels, height, width = data.train.images.shape[1:]
    return DataFacts(
        parts=tuple((name, len(part)) for name, part in parts),
        classes=data.classes,
        counts=tuple(zip(*counted, strict=True)),
        image=(int(channels), int(height), int(width)),
        num_bytes=sum(part.images.nbytes + part.labels.nbytes for _, part in parts),
    )


def source_of_folder(folder: Path, like: DataSource, kind: SourceKind | None = None) -> DataSource:
    """Return the source for a folder, or for a CSV file; seed and shares of the split stay as in `like`.

    Args:
        folder: where the images are.
        like: the present source.
        kind: the reader; None finds out what the folder holds.

    Raises:
        DataError: it is known and cannot be read, such as CIFAR's pickled version.
    """
    from cnn_studio.datasets.detect import detect_source

    if kind is None:
        return detect_source(folder, like)
    return like.model_copy(update={"kind": kind, "variant": "", "folder": str(folder), "excluded": ()})


def imbalance_text(facts: DataFacts) -> str:
    """Return a sentence where the largest class of the training part is far larger than the smallest."""
    sizes: Sequence[int] = [counts[0] for counts in facts.counts]
    if len(sizes) < 2 or not min(sizes):
        return ""
    ratio = max(sizes) / min(sizes)
    if ratio < 3:
        return ""
    large, small = facts.classes[sizes.index(max(sizes))], facts.classes[sizes.index(min(sizes))]
    return f"{large} has {ratio:.0f} times as many training images as {small}."
