"""How large the packaged program is, by component, and whether that is too much."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import rules


@dataclass(frozen=True, slots=True)
class Component:
    """One line of the report.

    Attributes:
        name: what it is.
        size: bytes on the disk.
        count: number of files.
    """

    name: str
    size: int
    count: int


def measure(folder: Path) -> dict[str, int]:
    """Return the bytes of every file below a folder by its path there; links take none."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            file = Path(root) / name
            if not file.is_symlink():
                found[file.relative_to(folder).as_posix()] = file.stat().st_size
    return found


def by_component(files: Mapping[str, int]) -> list[Component]:
    """Return the components of a program, the largest first."""
    sizes: dict[str, list[int]] = {}
    for path, size in files.items():
        sizes.setdefault(rules.component_of(path), []).append(size)
    found = [Component(name, sum(every), len(every)) for name, every in sizes.items()]
    return sorted(found, key=lambda one: -one.size)


def table(components: Iterable[Component]) -> str:
    """Return the report as text, with the sum in its last line."""
    components = list(components)
    rows = [(one.name, one.size, one.count) for one in components]
    rows.append(("together", sum(one.size for one in components), sum(one.count for one in components)))
    width = max(len(name) for name, _, _ in rows)
    return "\n".join(
        f"{name:{width}}  {size / 10**6:8,.1f} MB  {count:6,} files" for name, size, count in rows
    )


def complaint(files: Mapping[str, int]) -> str:
    """Return the sentence that says that the program is too large, or nothing."""
    cuda = rules.has_cuda(files)
    total, limit = sum(files.values()), rules.LIMITS_GB[cuda] * rules.BYTES_PER_GB
    if total <= limit:
        return ""
    kind = "with CUDA" if cuda else "without CUDA"
    return (
        f"The program takes {total / rules.BYTES_PER_GB:.2f} GB; {kind} it may take {rules.LIMITS_GB[cuda]} GB. See "
        "sizes.txt for what grew, and rules.py for what is left out."
    )
