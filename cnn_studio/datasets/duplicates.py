"""Finds images that are there more than once: equal to the last byte, or to the last pixel in sets of plain arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PART_ORDER = ("train", "val", "test")
_WORTH = {"train": 0, "val": 1, "test": 2}  # of equal images the one in the most valuable part is kept


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a data set.

    Attributes:
        name: of the file, relative to the source's folder; a number with its part for arrays.
        part: ``train``, ``val`` or ``test``.
        label: its class.
        digest: equal for equal images.
    """

    name: str
    part: str
    label: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Images that are equal, those of training first."""

    entries: tuple[Entry, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts in which it is found."""
        found = {entry.part for entry in self.entries}
        return tuple(part for part in PART_ORDER if part in found)

    @property
    def crosses_parts(self) -> bool:
        """Whether it is found in more than one part."""
        return len(self.parts) > 1

    @property
    def has_two_labels(self) -> bool:
        """Whether the same image is said to be of different classes."""
        return len({entry.label for entry in self.entries}) > 1

    @property
    def surplus(self) -> tuple[str, ...]:
        """What to leave out so that each image is there once; all of it where nobody knows its class.

        Of equal images the one in the test part stays, or else the one in the validation part, so that training
        loses what it must not have seen.
        """
        if self.has_two_labels:
            return tuple(entry.name for entry in self.entries)
        kept = max(self.entries, key=lambda entry: _WORTH[entry.part])
        return tuple(entry.name for entry in self.entries if entry is not kept)


def find_duplicates(entries: Iterable[Entry]) -> list[DuplicateGroup]:
    """Return the groups of equal images, those that cross parts first, in the order of the entries."""
    by_digest: dict[bytes, list[Entry]] = {}
    for entry in entries:
        by_digest.setdefault(entry.digest, []).append(entry)
    groups = [_group(found) for found in by_digest.values() if len(found) > 1]
    return sorted(groups, key=lambda group: not group.crosses_parts)


def _group(entries: Sequence[Entry]) -> DuplicateGroup:
    return DuplicateGroup(tuple(sorted(entries, key=lambda entry: PART_ORDER.index(entry.part))))
