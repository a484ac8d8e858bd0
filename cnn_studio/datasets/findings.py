"""The import report in sentences: what is wrong, why it matters, and which files could be left out for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cnn_studio.datasets.folder_scan import listed, relative_name

if TYPE_CHECKING:
    from cnn_studio.datasets.report import ImportReport

_PARTS = {"train": "training", "val": "validation", "test": "test"}
_FEW = 10
_UNEQUAL = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know.

    Attributes:
        code: stable name, such as ``duplicates-across``.
        severity: ``warning`` is probably not meant; a ``note`` is to know.
        text: one or two sentences.
        files: names of the files it is about, and what is said of each.
        leave_out: what a click would leave out; empty where nothing can be.
        leave_out_text: what that button says.
    """

    code: str
    severity: Literal["warning", "note"]
    text: str
    files: tuple[tuple[str, str], ...] = ()
    leave_out: tuple[str, ...] = ()
    leave_out_text: str = ""


def find_all(report: ImportReport) -> list[Finding]:
    """Return what there is to say of a report, warnings first."""
    found = [
        *_across(report),
        *_two_labels(report),
        *_within(report),
        *_outliers(report),
        *_imbalance(report),
        *_few(report),
        *_skipped(report),
        *_traits(report),
        *_left_out(report),
    ]
    return sorted(found, key=lambda finding: finding.severity != "warning")


def _some(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {many}"


def _across(report: ImportReport) -> Iterator[Finding]:
    groups = [g for g in report.duplicates if g.crosses_parts and not g.has_two_labels]
    if not groups:
        return
    pairs = sorted({group.parts for group in groups}, key=len)
    where = " and ".join(_PARTS[part] for part in pairs[0]) if len(pairs) == 1 else "several parts"
    yield Finding(
        "duplicates-across",
        "warning",
        f"{_some(len(groups), 'image is', 'images are')} in {where} at the same time ({_equal(report)}), so the network is tested on "
        "what it has seen and looks better than it is.",
        tuple((entry.name, _PARTS[entry.part]) for group in groups for entry in group.entries),
        _surplus(report, groups),
        "Leave the surplus copies out",
    )


def _two_labels(report: ImportReport) -> Iterator[Finding]:
    groups = [g for g in report.duplicates if g.has_two_labels]
    if groups:
        yield Finding(
            "duplicates-labels",
            "warning",
            f"{_some(len(groups), 'image stands', 'images stand')} under more than one class; at most one of them can be "
            "right.",
            tuple(
                (entry.name, f"{report.classes[entry.label]}, {_PARTS[entry.part]}")
                for group in groups
                for entry in group.entries
            ),
            _surplus(report, groups),
            "Leave all of them out",
        )


def _within(report: ImportReport) -> Iterator[Finding]:
    groups = [g for g in report.duplicates if not g.crosses_parts and not g.has_two_labels]
    if groups:
        yield Finding(
            "duplicates-within",
            "note",
            f"{_some(len(groups), 'image is', 'images are')} there more than once within one part "
            f"({_equal(report)}); each copy counts in training.",
            tuple((entry.name, _PARTS[entry.part]) for group in groups for entry in group.entries),
            _surplus(report, groups),
            "Leave the surplus copies out",
        )


def _equal(report: ImportReport) -> str:
    return "equal to the last byte" if report.is_files else "equal in every pixel"


def _surplus(report: ImportReport, groups: Sequence[object]) -> tuple[str, ...]:
    if not report.is_files:
        return ()
    return tuple(name for group in groups for name in group.surplus)  # type: ignore[attr-defined]  # duplicate groups


def _outliers(report: ImportReport) -> Iterator[Finding]:
    if report.outliers:
        count = len(report.outliers)
        yield Finding(
            "outliers",
            "warning",
            f"{_some(count, 'file is', 'files are')} unlike the rest. Look whether {'it belongs' if count == 1 else 'they belong'} "
            "there.",
            tuple((outlier.name, outlier.reason) for outlier in report.outliers),
            tuple(outlier.name for outlier in report.outliers),
            "Leave it out" if count == 1 else "Leave them out",
        )


def _imbalance(report: ImportReport) -> Iterator[Finding]:
    sizes = report.counts.get("train", ())
    if len(sizes) < 2 or not min(sizes) or max(sizes) < _UNEQUAL * min(sizes):
        return
    large, small = report.classes[sizes.index(max(sizes))], report.classes[sizes.index(min(sizes))]
    yield Finding(
        "imbalance",
        "warning",
        f"{large} has {max(sizes) / min(sizes):.0f} times as many training images as {small}, so the accuracy says "
        f"little about {small}. Look at the results per class, weight the classes, or add images.",
    )


def _few(report: ImportReport) -> Iterator[Finding]:
    sizes = report.counts.get("train", ())
    small = [name for name, size in zip(report.classes, sizes, strict=False) if size < _FEW]
    if small:
        yield Finding(
            "few",
            "warning",
            f"Fewer than {_FEW} training images: {listed(small)}. A network can hardly learn a class from so few; "
            "transfer from a trained network is the best chance.",
        )


def _skipped(report: ImportReport) -> Iterator[Finding]:
    if report.skipped:
        yield Finding(
            "unreadable",
            "note",
            f"{_some(len(report.skipped), 'file', 'files')} cannot be read as images and will be passed over.",
            tuple((relative_name(report.root, file.path), file.reason) for file in report.skipped),
        )


_TRAITS = {
    "animated": ("is animated; its first frame is used", "are animated; their first frames are used"),
    "turned": (
        "says in its EXIF block how it is to be turned, and is",
        "say in their EXIF block how they are to be turned, and are",
    ),
    "transparent": (
        "may be transparent; what is see-through becomes white",
        "may be transparent; what is see-through becomes white",
    ),
    "cmyk": ("is CMYK and is converted to RGB", "are CMYK and are converted to RGB"),
    "deep": (
        "has 16 bits per pixel, of which the upper 8 are used",
        "have 16 bits per pixel, of which the upper 8 are used",
    ),
}


def _traits(report: ImportReport) -> Iterator[Finding]:
    for trait, names in report.traits.items():
        one, many = _TRAITS[trait]
        text = f"1 image {one}." if len(names) == 1 else f"{len(names):,} images {many}."
        yield Finding(trait, "note", text, tuple((name, "") for name in names))


def _left_out(report: ImportReport) -> Iterator[Finding]:
    if report.left_out:
        yield Finding(
            "left-out",
            "note",
            f"{_some(len(report.left_out), 'file was', 'files were')} left out by hand.",
            tuple((name, "") for name in report.left_out),
        )
