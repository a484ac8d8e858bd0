"""Reads a CSV file that lists images: a path, a class, and perhaps a part in each line."""

from __future__ import annotations

import csv
import io
import os
import stat
import unicodedata
from pathlib import Path

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.folder_scan import VAL_NAMES, FolderFiles, listed
from cnn_studio.datasets.records import Check, SkippedFile

MAX_BYTES = 1 << 28
"""No list may be larger."""

_PATH_NAMES = frozenset(
    {"path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img"}
)
_LABEL_NAMES = frozenset({"label", "class", "classname", "class_name", "category", "target"})
_PART_NAMES = frozenset({"part", "split", "set", "subset", "fold"})
_PARTS = {
    **dict.fromkeys(("", "train", "training"), "train"),
    **dict.fromkeys((*VAL_NAMES, "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def read_csv(file: Path, check: Check = lambda: None) -> FolderFiles:
    """List the images of a CSV file: ``path,label`` or ``path,label,part`` with train, val or test.

    Paths are relative to the file's folder. A first line with names of columns is understood, in any order; commas,
    semicolons and tabs may separate. Files that are not there are listed as skipped.

    Raises:
        DataError: the file cannot be read, or a line does not have this form; the line is named.
    """
    rows = _rows(file)
    number, columns = _columns(file, rows)
    root = file.parent
    entries: list[tuple[Path, str, str]] = []
    skipped: list[SkippedFile] = []
    seen: dict[str, int] = {}
    for line, row in rows[number:]:
        check()
        path, label, part = _entry(file, line, row, columns)
        full = root / path
        known = seen.setdefault(str(full), line)
        if known != line:
            raise DataError(
                f"{file} names {path} twice, in lines {known:,} and {line:,}. Remove one of them."
            )
        reason = _refusal(full)
        if reason:
            skipped.append(SkippedFile(full, reason))
        else:
            entries.append((full, label, part))
    return _files(file, entries, skipped)


def looks_like_list(file: Path) -> bool:
    """Return whether a CSV file begins as a list of images that lie beside or below it."""
    try:
        with file.open("rb") as opened:
            head = opened.read(1 << 16)
        rows = _parse(file, head.decode("utf-8-sig", "replace").rsplit("\n", 1)[0])
        start, columns = _columns(file, rows)
        first = [_entry(file, line, row, columns) for line, row in rows[start : start + 20]]
    except (DataError, OSError):
        return False
    return any((file.parent / path).is_file() for path, _, _ in first)


def _rows(file: Path) -> list[tuple[int, list[str]]]:
    """The lines that are not empty, with their numbers."""
    try:
        if not file.is_file():
            raise DataError(
                f"There is no file {file}. Choose a CSV file with a path and a class in each line."
            )
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}.") from error
    if len(data) > MAX_BYTES:
        raise DataError(f"{file} is larger than {MAX_BYTES >> 20} MB. Divide the list.")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # what spreadsheets on Windows save
    return _parse(file, text)


def _parse(file: Path, text: str) -> list[tuple[int, list[str]]]:
    if "\0" in text:
        raise DataError(f"{file} is no text, so it is no list of images.")
    head = [line for line in text[:4096].splitlines() if line.strip() and not line.startswith("#")][:1]
    counts = {sign: head[0].count(sign) for sign in (",", ";", "\t")} if head else {",": 0}
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(counts, key=lambda sign: counts[sign]))
    rows = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and not cells[0].startswith("#"):
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} of {file} cannot be read as CSV: {error}.") from None
    if not rows:
        raise DataError(f"{file} is empty. It needs a path and a class in each line.")
    return rows


def _columns(file: Path, rows: list[tuple[int, list[str]]]) -> tuple[int, tuple[int, int, int | None]]:
    """How many lines to pass over, and in which columns path, class and part stand."""
    first = [cell.lower().replace(" ", "_") for cell in rows[0][1]]
    path, label, part = (
        next((at for at, name in enumerate(first) if name in names), None)
        for names in (_PATH_NAMES, _LABEL_NAMES, _PART_NAMES)
    )
    if path is not None and label is not None:
        return 1, (path, label, part)
    if len(first) < 2:
        raise DataError(
            f"{file} has one column only. It needs a path and a class in each line, such as cats/1.jpg,cat."
        )
    return 0, (0, 1, 2)


def _entry(
    file: Path, line: int, row: list[str], columns: tuple[int, int, int | None]
) -> tuple[str, str, str]:
    """Path, class and part of a line."""
    at_path, at_label, at_part = columns
    if len(row) <= max(at_path, at_label) or not row[at_path] or not row[at_label]:
        raise DataError(
            f"Line {line:,} of {file} lacks a path or a class. It needs both, such as cats/1.jpg,cat."
        )
    name = row[at_part].lower() if at_part is not None and len(row) > at_part else ""
    part = _PARTS.get(name)
    if part is None:
        raise DataError(f"Line {line:,} of {file} has the part {name[:40]!r}. A part is train, val or test.")
    path = row[at_path] if os.sep == "\\" else row[at_path].replace("\\", "/")
    return path, unicodedata.normalize("NFC", row[at_label]), part


def _refusal(path: Path) -> str:
    """Why a listed path cannot be an image file, or nothing."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "the file is missing"
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or "no name of a file"
    return "" if stat.S_ISREG(mode) else "not an ordinary file"


def _files(file: Path, entries: list[tuple[Path, str, str]], skipped: list[SkippedFile]) -> FolderFiles:
    labels = {label for _, label, _ in entries}
    if not entries:
        example = f" The first one missing: {skipped[0].path}." if skipped else ""
        raise DataError(
            f"None of the images that {file} lists is there.{example} Paths are relative to its folder."
        )
    if len(labels) < 2:
        raise DataError(
            f"{file} lists one class only ({min(labels)}), and telling classes apart needs two or more."
        )
    are_numbers = all(label.isascii() and label.isdigit() for label in labels)
    classes = tuple(sorted(labels, key=lambda label: (int(label), label)) if are_numbers else sorted(labels))
    index = {name: at for at, name in enumerate(classes)}
    parts: dict[str, list[tuple[Path, int]]] = {}
    for path, label, part in entries:
        parts.setdefault(part, []).append((path, index[label]))
    if "train" not in parts:
        raise DataError(f"{file} lists no image for training; its parts are {listed(sorted(parts))}.")
    lacking = sorted(labels - {classes[label] for _, label in parts["train"]})
    if lacking:
        raise DataError(f"{file} lists no training image for: {listed(lacking)}.")
    return FolderFiles(
        file.stem, classes, parts["train"], parts.get("val"), parts.get("test"), skipped, file.parent
    )
