"""The values that the data side hands out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

if TYPE_CHECKING:
    import numpy as np

SourceKind = Literal["digits", "mnist", "folder"]


class DataSource(BaseModel):
    """Where images come from, as saved in a project: ``digits``, ``mnist:DIR`` or ``folder:DIR``.

    Attributes:
        kind: the reader.
        folder: the folder on disk; empty for the embedded digits.
        split_seed: seed of the split, apart from the run's seed so that runs of several seeds compare.
        val_fraction: share of the training part that becomes validation where no ``val/`` is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: SourceKind = "digits"
    folder: str = ""
    split_seed: int = Field(0, ge=0, le=2**31 - 1)
    val_fraction: float = Field(0.2, gt=0, lt=1)

    @field_validator("folder")
    @classmethod
    def _can_be_saved(cls, folder: str) -> str:
        # Linux lets names hold bytes that are no text; neither a project file nor the store of runs can keep them
        try:
            folder.encode()
        except UnicodeEncodeError:
            raise ValueError("its name holds bytes that are no text; rename the folder") from None
        return folder


@dataclass(frozen=True, slots=True)
class ImagePart:
    """One part of a data set, in memory.

    Attributes:
        images: uint8 of shape [N, C, H, W].
        labels: int64 of shape [N], indices into `ImageData.classes`.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return int(self.labels.shape[0])


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that is no readable image, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class ImageData:
    """A data set resized for one network, split and in memory.

    Attributes:
        name: what the screen calls it, such as ``Digits``.
        classes: the class names, in the order of the labels.
        test: the part that is touched once, at the end of a run; None where the source has none.
        mean, std: per channel over the training part, of values scaled to 0..1.
        skipped: files left out, by name.
    """

    name: str
    classes: tuple[str, ...]
    train: ImagePart
    val: ImagePart
    test: ImagePart | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    skipped: tuple[SkippedFile, ...] = ()
