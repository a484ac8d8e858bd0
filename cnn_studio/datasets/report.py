"""The import report: what a data source holds, and what about it a person should know before training."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.datasets.arrays import RawPart, RawSet
from cnn_studio.datasets.decode import UnreadableImageError, settle_warnings
from cnn_studio.datasets.duplicates import PART_ORDER, DuplicateGroup, Entry, find_duplicates
from cnn_studio.datasets.findings import Finding, find_all
from cnn_studio.datasets.folder_scan import LEFT_OUT, FolderFiles, relative_name
from cnn_studio.datasets.load import read_source
from cnn_studio.datasets.outliers import Outlier, find_outliers
from cnn_studio.datasets.probe import ImageFacts, probe
from cnn_studio.datasets.records import DataSource, SkippedFile
from cnn_studio.datasets.split import split_rows

_MAX_THREADS = 16
_BATCH = 64  # files per task
_SAMPLE = 16
_SMALL_BYTES = 16_000
"""Smaller files cost more in Python than in decoding, and threads that wait for each other double that."""

_POLL_SECONDS = 0.1

Progress = Callable[[int, int], None]
"""Called with the images done and all images."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What is in a data source.

    Attributes:
        name: of the set.
        classes: the class names, in the order of the labels.
        counts: readable images by part, one number per class; only parts that there are.
        given: the parts besides training that the source gives itself.
        formats, colours: how many files of each; for arrays one entry.
        sizes: how many images of each width and height, the commonest first.
        num_bytes: of the files, or of the arrays.
        skipped: files that cannot be read, and why; without those left out by hand.
        left_out: files left out by hand, as in `DataSource.excluded`.
        duplicates: groups of equal images, those that cross parts first.
        outliers: files that are unlike the rest.
        findings: all of it in words, the most important first.
        is_files: whether single files can be left out.
        root: the folder to which names of files are relative.
        seconds: how long it took.
    """

    name: str
    classes: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]
    given: tuple[str, ...]
    formats: dict[str, int]
    colours: dict[str, int]
    sizes: dict[tuple[int, int], int]
    num_bytes: int
    skipped: tuple[SkippedFile, ...]
    left_out: tuple[str, ...]
    duplicates: tuple[DuplicateGroup, ...]
    outliers: tuple[Outlier, ...]
    is_files: bool
    root: Path
    seconds: float
    traits: dict[str, tuple[str, ...]]
    findings: tuple[Finding, ...] = ()

    @property
    def num_images(self) -> int:
        """How many images can be read."""
        return sum(map(sum, self.counts.values()))

    @property
    def sizes_text(self) -> str:
        """The sizes of the images in words, such as ``all 32 × 32`` or from the smallest to the largest."""
        if not self.sizes:
            return "no size"
        by_area = sorted(self.sizes, key=lambda size: size[0] * size[1])
        (w0, h0), (w1, h1) = by_area[0], by_area[-1]
        if len(by_area) == 1:
            return f"all {w0:,} × {h0:,}"
        return f"{len(by_area):,} sizes from {w0:,} × {h0:,} to {w1:,} × {h1:,}"


def make_report(
    source: DataSource,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ImportReport:
    """Look at every image of a source once.

    Raises:
        DataError: the source cannot be read at all.
        Cancelled: `cancelled` said yes.
    """
    started = time.perf_counter()

    def check() -> None:
        if cancelled():
            raise Cancelled

    found = read_source(source, check)
    report = (
        _report_arrays(source, found, progress, check)
        if isinstance(found, RawSet)
        else _report_files(source, found, progress, check)
    )
    report = replace(report, findings=tuple(find_all(report)))
    return replace(report, seconds=time.perf_counter() - started)


# ------------------------------------------------------------------------------------------------------------- files


def _report_files(
    source: DataSource, files: FolderFiles, progress: Progress, check: Callable[[], None]
) -> ImportReport:
    listed = [(part, path, label) for part, entries in files.parts for path, label in entries]
    if not listed:
        raise DataError(f"{source.folder} holds no image that can be read.")
    probed = _probe_all([path for _, path, _ in listed], progress, check)
    skipped = [file for file in files.skipped if file.reason != LEFT_OUT]
    readable: list[tuple[str, str, int, ImageFacts]] = []
    for (part, path, label), facts in zip(listed, probed, strict=True):
        if isinstance(facts, str):
            skipped.append(SkippedFile(path, facts))
        else:
            readable.append((relative_name(files.root, path), part, label, facts))
    labels = np.array([label for _, part, label, _ in readable if part == "train"], np.int64)
    given = tuple(name for name, _ in files.parts if name != "train")
    cut = iter(_cut(labels, source, given))
    entries = [
        Entry(name, next(cut) if part == "train" else part, label, facts.digest)
        for name, part, label, facts in readable
    ]
    named = [(name, facts) for name, _, _, facts in readable]
    all_facts = [facts for _, facts in named]
    return ImportReport(
        name=files.name,
        classes=files.classes,
        counts=_counts(entries, len(files.classes)),
        given=given,
        formats=_counted(facts.format for facts in all_facts),
        colours=_counted(facts.colours for facts in all_facts),
        sizes=_counted((facts.width, facts.height) for facts in all_facts),
        num_bytes=sum(facts.num_bytes for facts in all_facts),
        skipped=tuple(skipped),
        left_out=tuple(relative_name(files.root, f.path) for f in files.skipped if f.reason == LEFT_OUT),
        duplicates=tuple(find_duplicates(entries)),
        outliers=tuple(find_outliers(named)),
        is_files=True,
        root=files.root,
        seconds=0.0,
        traits=_traits(named),
    )


def _traits(named: Sequence[tuple[str, ImageFacts]]) -> dict[str, tuple[str, ...]]:
    """Names of the files that are read in a way that a person may wonder about."""
    tests: dict[str, Callable[[ImageFacts], bool]] = {
        "animated": lambda facts: facts.is_animated,
        "turned": lambda facts: facts.is_turned,
        "transparent": lambda facts: facts.is_transparent,
        "cmyk": lambda facts: facts.colours == "CMYK",
        "deep": lambda facts: facts.colours == "16-bit grey",
    }
    found = {trait: tuple(name for name, facts in named if test(facts)) for trait, test in tests.items()}
    return {trait: names for trait, names in found.items() if names}


def _probe_all(paths: list[Path], progress: Progress, check: Callable[[], None]) -> list[ImageFacts | str]:
    """Facts, or the reason why there are none, of each file, from a few threads."""
    settle_warnings()
    found = _probe_some(paths[:_SAMPLE])
    sizes = [facts.num_bytes for facts in found if not isinstance(facts, str)]
    are_small = not sizes or sum(sizes) < _SMALL_BYTES * len(sizes)
    workers = 1 if are_small else min(_MAX_THREADS, os.cpu_count() or 1)
    running: deque[Future[list[ImageFacts | str]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="probe")
    begin = len(found)
    try:
        while len(found) < len(paths):
            check()
            while begin < len(paths) and len(running) < 3 * workers:
                running.append(pool.submit(_probe_some, paths[begin : begin + _BATCH]))
                begin += _BATCH
            try:
                found.extend(running[0].result(timeout=_POLL_SECONDS))
            except TimeoutError:
                continue
            running.popleft()
            progress(len(found), len(paths))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return found


def _probe_some(paths: list[Path]) -> list[ImageFacts | str]:
    found: list[ImageFacts | str] = []
    for path in paths:
        try:
            found.append(probe(path))
        except UnreadableImageError as error:
            found.append(str(error))
    return found


# ------------------------------------------------------------------------------------------------------------ arrays


def _report_arrays(
    source: DataSource, raw: RawSet, progress: Progress, check: Callable[[], None]
) -> ImportReport:
    total = sum(map(len, raw.parts))
    given = () if raw.test is None else ("test",)
    names = _cut(raw.train.labels.astype(np.int64), source, given)
    entries = _array_entries(raw.train, "train", names, lambda done: progress(done, total), check)
    if raw.test is not None:
        start = len(raw.train)
        parts = ["test"] * len(raw.test)
        entries += _array_entries(raw.test, "test", parts, lambda done: progress(start + done, total), check)
    shape = raw.train.images.shape
    return ImportReport(
        name=raw.name,
        classes=raw.classes,
        counts=_counts(entries, len(raw.classes)),
        given=given,
        formats={"arrays": total},
        colours={"grey" if len(shape) == 3 else "RGB": total},
        sizes={(shape[-1], shape[-2]): total},
        num_bytes=sum(part.images.nbytes for part in raw.parts),
        skipped=(),
        left_out=(),
        duplicates=tuple(find_duplicates(entries)),
        outliers=(),
        is_files=False,
        root=source.root,
        seconds=0.0,
        traits={},
    )


def _array_entries(
    part: RawPart,
    title: str,
    parts: Sequence[str],
    progress: Callable[[int], None],
    check: Callable[[], None],
) -> list[Entry]:
    entries = []
    labels = part.labels.tolist()
    for number, image in enumerate(part.images):
        if number % 1000 == 0:
            check()
            progress(number)
        digest = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        entries.append(Entry(f"{title} image {number + 1:,}", parts[number], labels[number], digest))
    progress(len(part))
    return entries


# ------------------------------------------------------------------------------------------------------------ shared


def _cut(labels: np.ndarray, source: DataSource, given: tuple[str, ...]) -> list[str]:
    """The part of each image of the training part as `load` will cut it."""
    parts = np.full(len(labels), "train", dtype=object)
    if "val" not in given and len(labels):
        test_fraction = 0.0 if "test" in given else source.test_fraction
        rows = split_rows(labels, source.val_fraction, test_fraction, source.split_seed)
        parts[rows.val] = "val"
        parts[rows.test] = "test"
    return list(parts)


def _counts(entries: Sequence[Entry], num_classes: int) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for part in PART_ORDER:
        labels = [entry.label for entry in entries if entry.part == part]
        if labels:
            found[part] = tuple(np.bincount(labels, minlength=num_classes).tolist())
    return found


def _counted(values: object) -> dict:  # type: ignore[type-arg]  # of whatever is counted
    return dict(Counter(values).most_common())  # type: ignore[call-overload]  # as above
