"""Known sets that are folders of images with a list beside them: the flowers and the pets, and EuroSAT's classes."""

from __future__ import annotations

import re
from pathlib import Path

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.arrays import find_place
from cnn_studio.datasets.folder_scan import FolderFiles, scan_folder
from cnn_studio.datasets.mat import read_mat
from cnn_studio.datasets.records import Check, SkippedFile

_EUROSAT_CLASSES = ("AnnualCrop", "Forest", "River", "SeaLake")  # enough of its ten to know it by
_PET_LINE = re.compile(r"(?P<name>[A-Za-z_]+)_(?P<number>\d+) (?P<label>\d+) \d+ \d+")
_MOST_LINES = 100_000


def read_eurosat(folder: Path, check: Check = lambda: None) -> FolderFiles:
    """List EuroSAT (RGB): one folder per class, in the folder itself or where its archive puts them.

    Raises:
        DataError: the class folders are not there.
    """
    for below in (
        "",
        "2750",
        "eurosat/2750",
        "EuroSAT/2750",
        "EuroSAT_RGB",
        "eurosat/EuroSAT_RGB",
        "EuroSAT",
    ):
        place = folder / below
        if all((place / name).is_dir() for name in _EUROSAT_CLASSES):
            files = scan_folder(place, check)
            files.name, files.root = "EuroSAT", folder
            return files
    raise DataError(
        f"{folder} does not hold EuroSAT's class folders (AnnualCrop, Forest and others). Unpack EuroSAT.zip there, or "
        "choose the folder with them."
    )


def read_flowers(folder: Path, check: Check = lambda: None) -> FolderFiles:
    """List the Oxford 102 flowers in the three parts that their authors give.

    Raises:
        DataError: the pictures or one of the lists is missing or damaged.
    """
    lists = ("imagelabels.mat", "setid.mat")
    place = find_place(folder, ("", "flowers-102"), lists, "Flowers-102")
    if not (place / "jpg").is_dir():
        raise DataError(
            f"{place} holds no folder jpg with the flowers' pictures. Unpack 102flowers.tgz there, or choose the folder "
            "with it."
        )
    labels = read_mat(place / lists[0], ("labels",), check)["labels"].ravel()
    parts = read_mat(place / lists[1], ("trnid", "valid", "tstid"), check)
    skipped: list[SkippedFile] = []

    def files(key: str) -> list[tuple[Path, int]]:
        found = []
        for number in parts[key].ravel():
            path = place / "jpg" / f"image_{int(number):05d}.jpg"
            if not 1 <= number <= len(labels) or not 1 <= labels[int(number) - 1] <= len(classes):
                raise DataError(f"{place / lists[1]} does not fit {lists[0]}. Download both again.")
            if path.is_file():
                found.append((path, int(labels[int(number) - 1]) - 1))
            else:
                skipped.append(SkippedFile(path, "the file is missing"))
        return found

    classes = _flower_names(int(labels.max()) if len(labels) else 0)
    train, val, test = files("trnid"), files("valid"), files("tstid")
    return FolderFiles("Flowers-102", classes, train, val, test, skipped, folder)


def _flower_names(count: int) -> tuple[str, ...]:
    """The names of the flowers, which only torchvision knows; numbers where it does not."""
    from torchvision.datasets import Flowers102

    names = tuple(getattr(Flowers102, "classes", ()))
    return names if len(names) == count else tuple(f"flower {number + 1}" for number in range(count))


def read_pets(folder: Path, check: Check = lambda: None) -> FolderFiles:
    """List the Oxford-IIIT pets: the part for training and validation, and the part for the test.

    Raises:
        DataError: the pictures or one of the lists is missing or damaged.
    """
    title = "Oxford-IIIT Pet"
    lists = ("annotations/trainval.txt", "annotations/test.txt")
    place = find_place(folder, ("", "oxford-iiit-pet"), lists, title)
    if not (place / "images").is_dir():
        raise DataError(
            f"{place} holds no folder images with the pictures of {title}. Unpack images.tar.gz there, or choose the "
            "folder with it."
        )
    entries = [_pet_lines(place / name, check) for name in lists]
    names = {label: name for part in entries for name, _, label in part}
    order = sorted(names)
    classes = tuple(names[label].replace("_", " ").title() for label in order)
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise DataError(
            f"{place / lists[0]} gives two numbers to one breed, or one breed only. Download it again."
        )
    number = {label: at for at, label in enumerate(order)}
    skipped: list[SkippedFile] = []
    parts = []
    for part in entries:
        found = []
        for name, image, label in part:
            path = place / "images" / f"{name}_{image}.jpg"
            if path.is_file():
                found.append((path, number[label]))
            else:
                skipped.append(SkippedFile(path, "the file is missing"))
        parts.append(found)
    return FolderFiles(title, classes, parts[0], None, parts[1], skipped, folder)


def _pet_lines(path: Path, check: Check) -> list[tuple[str, str, int]]:
    """Breed, number and label of each line."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise DataError(
            f"The list {path.name} is missing in {path.parent}. Unpack annotations.tar.gz."
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    found = []
    for number, line in enumerate(text.splitlines()[:_MOST_LINES], 1):
        check()
        if not line.strip() or line.startswith("#"):
            continue
        match = _PET_LINE.fullmatch(line.strip())
        if match is None:
            raise DataError(f"Line {number} of {path} is not of the form NAME_NUMBER CLASS SPECIES BREED.")
        found.append((match["name"], match["number"], int(match["label"])))
    return found
