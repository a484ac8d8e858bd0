"""The values that the data side hands out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

if TYPE_CHECKING:
    import numpy as np

Check = Callable[[], None]
"""Called often while something is read; may raise to stop."""

SourceKind = Literal[
    "digits",
    "mnist",
    "fashion-mnist",
    "kmnist",
    "emnist",
    "cifar10",
    "cifar100",
    "svhn",
    "stl10",
    "eurosat",
    "flowers102",
    "oxford-pet",
    "folder",
    "csv",
]

VARIANTS: Mapping[SourceKind, tuple[str, ...]] = MappingProxyType(
    {
        "emnist": ("balanced", "letters", "digits", "mnist", "bymerge", "byclass"),
        "cifar100": ("fine", "coarse"),
    }
)
"""The ways in which a source can be read where there are several; the first is the usual one."""

MAX_HELD_OUT = 0.95
"""Largest share of the images that validation and test may take together."""


class DataSource(BaseModel):
    """Where images come from and how they are divided, as saved in a project.

    Attributes:
        kind: the reader.
        folder: the folder on disk, or the file of a ``csv``; empty for the embedded digits.
        variant: which of the source's `VARIANTS`; empty for the usual one.
        split_seed: seed of the split, apart from the run's seed so that runs of several seeds compare.
        val_fraction: share of the images that becomes validation where the source gives no such part.
        test_fraction: share that is kept apart for the test where the source gives no parts at all.
        excluded: files that the user left out, relative to the folder (of the CSV), with ``/`` between names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: SourceKind = "digits"
    folder: str = ""
    variant: str = ""
    split_seed: int = Field(0, ge=0, le=2**31 - 1)
    val_fraction: float = Field(0.2, gt=0, lt=1)
    test_fraction: float = Field(0.0, ge=0, lt=1)
    excluded: tuple[str, ...] = ()

    @field_validator("folder")
    @classmethod
    def _can_be_saved(cls, folder: str) -> str:
        # Linux lets names hold bytes that are no text; neither a project file nor the store of runs can keep them
        try:
            folder.encode()
        except UnicodeEncodeError:
            raise ValueError("its name holds bytes that are no text; rename the folder") from None
        return folder

    @field_validator("excluded")
    @classmethod
    def _names_can_be_saved(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted({cls._can_be_saved(name) for name in names}))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        known = VARIANTS.get(self.kind, ())
        if self.variant and self.variant not in known:
            choice = f"one of {', '.join(known)}" if known else "left empty"
            raise ValueError(f"the variant of {self.kind} must be {choice}, not {self.variant}")
        if self.val_fraction + self.test_fraction > MAX_HELD_OUT + 1e-9 and self.test_fraction:
            raise ValueError(f"validation and test may take {MAX_HELD_OUT:.0%} of the images together")
        return self

    @property
    def root(self) -> Path:
        """The folder to which the names in `excluded` are relative."""
        path = Path(self.folder).expanduser()
        return path.parent if self.kind == "csv" else path


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
        given: names of the parts besides training that the source gives itself: ``val``, ``test``.
    """

    name: str
    classes: tuple[str, ...]
    train: ImagePart
    val: ImagePart
    test: ImagePart | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    skipped: tuple[SkippedFile, ...] = ()
    given: tuple[str, ...] = ()
