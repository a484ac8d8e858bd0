"""Finds the image files of a folder and which part and class each belongs to; opens none of them."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.records import SkippedFile

VAL_NAMES = ("val", "valid", "validation")
IMAGE_SUFFIXES = frozenset(
    f".{kind}" for kind in ("bmp", "gif", "jpeg", "jpg", "png", "pgm", "ppm", "tga", "tif", "tiff", "webp")
)
"""Only for guessing what a folder is; whether a file is an image is found out by opening it."""

LEFT_OUT = "left out by hand"
"""The reason given for files of `DataSource.excluded`."""

_CHECKED = 1000  # files between two looks at whether to stop

_LITTER = frozenset(
    {"thumbs.db", "desktop.ini", "__macosx", "icon\r"}
)  # left behind by systems and archivers


@dataclass(slots=True)
class FolderFiles:
    """The files of an image folder.

    Attributes:
        classes: the class names, sorted.
        train, val, test: files with their class index, in a fixed order; None where there is no such part.
        skipped: what is no ordinary file or cannot be looked into.
        root: the folder to which the names of files that are left out are relative.
    """

    name: str
    classes: tuple[str, ...]
    train: list[tuple[Path, int]]
    val: list[tuple[Path, int]] | None = None
    test: list[tuple[Path, int]] | None = None
    skipped: list[SkippedFile] = field(default_factory=list)
    root: Path = field(default_factory=Path)

    @property
    def parts(self) -> list[tuple[str, list[tuple[Path, int]]]]:
        """Name and files of each part there is."""
        named = (("train", self.train), ("val", self.val), ("test", self.test))
        return [(name, files) for name, files in named if files is not None]


def leave_out(files: FolderFiles, excluded: Collection[str]) -> FolderFiles:
    """Return the files without those that the user left out; they are listed among the skipped ones.

    Args:
        files: all files.
        excluded: names relative to `FolderFiles.root`, with ``/`` between folders.
    """
    if not excluded:
        return files
    unwanted = {str(files.root / name) for name in excluded}
    skipped = list(files.skipped)

    def keep(part: list[tuple[Path, int]] | None) -> list[tuple[Path, int]] | None:
        if part is None:
            return None
        skipped.extend(SkippedFile(path, LEFT_OUT) for path, _ in part if str(path) in unwanted)
        return [entry for entry in part if str(entry[0]) not in unwanted]

    return replace(
        files, train=keep(files.train) or [], val=keep(files.val), test=keep(files.test), skipped=skipped
    )


def relative_name(root: Path, path: Path) -> str:
    """Return a file's name as `DataSource.excluded` keeps it: relative, with ``/``; all of it where it lies elsewhere."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def scan_folder(folder: Path, check: Callable[[], None] = lambda: None) -> FolderFiles:
    """List an image folder: one folder per class, or ``train``, ``val`` and ``test`` folders that hold those.

    Hidden files are passed over, folders inside class folders are searched, and links are followed once.
    `check` is called often and may raise to stop.

    Raises:
        DataError: the folder does not exist, cannot be read, or is not laid out like this.
    """
    if not folder.is_dir():
        raise DataError(
            f"There is no folder {folder}. Choose a folder that holds one folder of images per class."
        )
    children = _folders(folder)
    train = next((child for child in children if child.name.lower() == "train"), None)
    skipped: list[SkippedFile] = []
    name = folder.resolve().name or str(folder)
    if train is None or not _holds_classes(train):
        _refuse_lone_parts(folder, children)
        by_class = _by_class(folder, children, skipped, check)
        classes = _class_names(folder, by_class)
        return FolderFiles(name, classes, _indexed(by_class, classes), skipped=skipped, root=folder)
    by_class = _by_class(train, _folders(train), skipped, check)
    classes = _class_names(train, by_class)
    parts: list[list[tuple[Path, int]] | None] = []
    for names in (VAL_NAMES, ("test",)):
        found = [child for child in children if child.name.lower() in names]
        if len(found) > 1:
            raise DataError(
                f"{folder} holds {' and '.join(child.name for child in found)}; only one validation folder can be "
                "used. Rename or move the others."
            )
        parts.append(_part(found[0], classes, skipped, check) if found else None)
    return FolderFiles(name, classes, _indexed(by_class, classes), parts[0], parts[1], skipped, folder)


def _part(
    folder: Path, classes: tuple[str, ...], skipped: list[SkippedFile], check: Callable[[], None]
) -> list[tuple[Path, int]]:
    by_class = _by_class(folder, _folders(folder), skipped, check)
    unknown = sorted(set(by_class) - set(classes))
    if unknown:
        raise DataError(
            f"{folder} holds folders for classes that the training part does not have: {listed(unknown)}. Its "
            f"classes are {listed(classes)}."
        )
    return _indexed(by_class, classes)


def _refuse_lone_parts(folder: Path, children: list[Path]) -> None:
    """Classes called val and test are a training part that was left out, not classes."""
    reserved = {"train", "test", *VAL_NAMES}
    if children and all(child.name.lower() in reserved for child in children):
        raise DataError(
            f"{folder} holds only {listed([child.name for child in children])}, without class folders in a train "
            "folder. Put one folder of images per class into train."
        )


def _class_names(folder: Path, by_class: dict[str, list[Path]]) -> tuple[str, ...]:
    classes = tuple(sorted(by_class))
    if not classes:
        raise DataError(f"{folder} holds no folders. It must hold one folder of images per class.")
    if len(classes) == 1:
        raise DataError(
            f"{folder} holds one folder only ({classes[0]}), and telling classes apart needs two or more. Choose "
            "the folder that holds one folder of images per class."
        )
    empty = [name for name in classes if not by_class[name]]
    if empty:
        raise DataError(
            f"In {folder} these class folders hold no files: {listed(empty)}. Fill or remove them."
        )
    return classes


def _by_class(
    folder: Path, class_folders: list[Path], skipped: list[SkippedFile], check: Callable[[], None]
) -> dict[str, list[Path]]:
    """The files of each class folder, sorted; the class is the folder's name as text that can be shown."""
    files: dict[str, list[Path]] = {}
    for class_folder in class_folders:
        # Systems differ in how they store é, and a name may hold bytes that are no text at all.
        name = unicodedata.normalize("NFC", class_folder.name.encode("utf-8", "replace").decode("utf-8"))
        files.setdefault(name, []).extend(_walk(class_folder, skipped, check))
    return files


def _walk(class_folder: Path, skipped: list[SkippedFile], check: Callable[[], None]) -> list[Path]:
    found: list[Path] = []
    waiting = [class_folder]
    # Real paths: a link back up the tree must neither be followed for ever nor bring in the other classes.
    seen = set(map(str, Path(os.path.realpath(class_folder)).parents))
    while waiting:
        check()
        folder = waiting.pop()
        real = os.path.realpath(folder)
        if real in seen:
            skipped.append(SkippedFile(folder, "a link to a folder that is read elsewhere"))
            continue
        seen.add(real)
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - names are cheaper than paths in large folders
        except OSError as error:
            skipped.append(SkippedFile(folder, error.strerror or "cannot be looked into"))
            continue
        for number, name in enumerate(names):
            if number % _CHECKED == 0:
                check()
            if is_hidden(name):
                continue
            path = folder / name
            try:
                mode = path.stat().st_mode
            except OSError as error:
                reason = "a link to nothing" if path.is_symlink() else error.strerror or "cannot be read"
                skipped.append(SkippedFile(path, reason))
                continue
            if stat.S_ISDIR(mode):
                waiting.append(path)
            elif stat.S_ISREG(mode):
                found.append(path)
            else:  # opening a pipe would wait for ever
                skipped.append(SkippedFile(path, "not an ordinary file"))
    return sorted(found)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if not is_hidden(child.name) and child.is_dir())
    except OSError as error:
        raise DataError(f"{folder} cannot be looked into: {error.strerror or error}.") from error


def _holds_classes(train: Path) -> bool:
    """Whether a folder called train is a part and not a class (of trains): it holds folders and no images."""
    try:
        children = [child for child in train.iterdir() if not is_hidden(child.name)]
    except OSError as error:
        raise DataError(f"{train} cannot be looked into: {error.strerror or error}.") from error
    images = any(child.suffix.lower() in IMAGE_SUFFIXES for child in children)
    return not images and any(child.is_dir() for child in children)


def is_hidden(name: str) -> bool:
    """Return whether a name is one that systems and archivers leave behind, or is hidden."""
    return name.startswith(".") or name.lower() in _LITTER


def _indexed(by_class: dict[str, list[Path]], classes: tuple[str, ...]) -> list[tuple[Path, int]]:
    return [(path, index) for index, name in enumerate(classes) for path in by_class.get(name, [])]


def listed(names: Sequence[str]) -> str:
    """Return the first names of a list as text, and how many more there are."""
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
