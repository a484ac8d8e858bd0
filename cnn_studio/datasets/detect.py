"""Tells what a folder or file holds by the names of what is in it; reads at most the beginning of a list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.folder_scan import is_hidden
from cnn_studio.datasets.pickled import is_pickled, pickled_error
from cnn_studio.datasets.records import VARIANTS, DataSource, SourceKind

_CSV_SUFFIXES = (".csv", ".tsv")
_IDX_MARKS = ("-images-idx3-ubyte", "-images.idx3-ubyte")
_FIRST_LABELS: dict[bytes, SourceKind] = {  # of the test part
    bytes((7, 2, 1, 0, 4, 1, 4, 9, 5, 9)): "mnist",
    bytes((9, 2, 1, 1, 6, 1, 4, 6, 5, 7)): "fashion-mnist",
}
_PACKED_CIFAR = ("cifar-10-binary.tar.gz", "cifar-100-binary.tar.gz")


def detect(path: Path) -> tuple[SourceKind, str, Path]:
    """Return the kind and the variant of what is at `path`, and the place that the source is to name.

    What is not known is an image folder; whether it is one is found out when it is read.

    Raises:
        DataError: it is known and cannot be read, such as CIFAR's pickled version.
    """
    try:
        return _detect(path)
    except OSError:  # the reader will say what is wrong
        return "folder", "", path


def _detect(path: Path) -> tuple[SourceKind, str, Path]:
    if path.is_file():
        if path.suffix.lower() in (*_CSV_SUFFIXES, ".txt"):
            return "csv", "", path
        raise DataError(
            f"{path.name} is no folder and no CSV file. Choose a folder of images, or a CSV list of them."
        )
    refuse_pickled(path)
    known = [(kind, variant) for kind, variant in (_known(path, kind) for kind in _TESTS) if kind is not None]
    if len(known) > 1:
        raise DataError(
            f"{path} holds several data sets: {', '.join(kind for kind, _ in known)}. Choose the folder of one of them."
        )
    if known:
        return known[0][0], known[0][1], path
    lists = _lists(path)
    return ("csv", "", lists[0]) if len(lists) == 1 else ("folder", "", path)


def detect_source(path: Path, like: DataSource) -> DataSource:
    """Return the source for a folder or file; seed and shares of the split stay as in `like`.

    Raises:
        DataError: it is known and cannot be read.
    """
    kind, variant, place = detect(path)
    record = like.model_dump() | {"kind": kind, "variant": variant, "folder": str(place), "excluded": ()}
    try:
        return DataSource.model_validate(record)
    except ValidationError:
        raise DataError(
            f"The folder {str(place)!r} has bytes in its name that are no text. Rename it, then choose it again."
        ) from None


def refuse_known(folder: Path) -> None:
    """Say what a folder is that cannot be read as class folders, if it is known.

    Raises:
        DataError: it holds a packed set, or a set that has its own reader.
    """
    try:
        for name in _PACKED_CIFAR:
            if (folder / name).is_file():
                raise DataError(
                    f"{folder} holds {name}, which is still packed. Unpack it, then choose the folder again."
                )
        known = next((kind for kind in _TESTS if _known(folder, kind)[0]), None)
    except OSError:
        return
    if known is not None:
        raise DataError(
            f"{folder} holds the files of {known}, not folders of images. Write {known}:{folder}."
        )


def refuse_pickled(folder: Path) -> None:
    """Refuse CIFAR's version for Python.

    Raises:
        DataError: the folder holds it, and not the binary one beside it.
    """
    try:
        if is_pickled(folder) and not _holds_cifar10(folder) and not _holds_cifar100(folder):
            raise pickled_error(folder)
    except OSError:
        return  # whoever reads it will say what is wrong


def _known(folder: Path, kind: SourceKind) -> tuple[SourceKind | None, str]:
    found = _TESTS[kind](folder)
    return (kind, found if isinstance(found, str) else "") if found else (None, "")


def _any_file(folder: Path, *names: str) -> bool:
    return any((folder / name).is_file() for name in names)


def _idx_names(prefix: str) -> list[str]:
    return [f"{prefix}{mark}{packed}" for mark in _IDX_MARKS for packed in ("", ".gz")]


def _plain_idx(folder: Path) -> SourceKind | None:
    """Which of the three sets with equal file names lies in a folder: told by its name, or by the first labels."""
    place = next((p for p in (folder, folder / "raw") if _any_file(p, *_idx_names("train"))), None)
    if place is None:
        return None
    known = _FIRST_LABELS.get(_first_labels(place))
    if known is not None:
        return known
    name = "/".join(part.lower() for part in folder.resolve().parts[-3:])
    if "fashion" in name:
        return "fashion-mnist"
    return "kmnist" if "kmnist" in name or "kuzushiji" in name else "mnist"


def _first_labels(place: Path) -> bytes:
    import gzip

    for mark in ("-labels-idx1-ubyte", "-labels.idx1-ubyte"):
        for packed in ("", ".gz"):
            file = place / f"t10k{mark}{packed}"
            if file.is_file():
                try:
                    with gzip.open(file) if packed else file.open("rb") as opened:
                        return opened.read(18)[8:]
                except (OSError, EOFError):
                    return b""
    return b""


def _holds_idx(kind: SourceKind, name: str) -> Callable[[Path], bool]:
    def test(folder: Path) -> bool:
        inside = any(_any_file(folder / name / raw, *_idx_names("train")) for raw in ("raw", ""))
        return inside or _plain_idx(folder) == kind

    return test


def _holds_emnist(folder: Path) -> str:
    """The first of its splits that is there."""
    for split in VARIANTS["emnist"]:
        names = _idx_names(f"emnist-{split}-train")
        for below in (
            "",
            "gzip",
            "raw",
            "raw/gzip",
            "EMNIST/raw",
            "EMNIST/raw/gzip",
            "EMNIST/gzip",
            "EMNIST",
        ):
            if _any_file(folder / below, *names):
                return split
    return ""


def _holds_cifar10(folder: Path) -> bool:
    return _any_file(folder, "data_batch_1.bin", "cifar-10-batches-bin/data_batch_1.bin")


def _holds_cifar100(folder: Path) -> bool:
    return any(
        _any_file(place, "train.bin") and _any_file(place, "fine_label_names.txt", "test.bin")
        for place in (folder, folder / "cifar-100-binary")
    )


def _holds_svhn(folder: Path) -> bool:
    return _any_file(folder, *(f"{below}train_32x32.mat" for below in ("", "svhn/", "SVHN/")))


def _holds_stl10(folder: Path) -> bool:
    return _any_file(folder, "train_X.bin", "stl10_binary/train_X.bin")


def _holds_eurosat(folder: Path) -> bool:
    return any(
        (folder / below / "AnnualCrop").is_dir() and (folder / below / "SeaLake").is_dir()
        for below in (
            "",
            "2750",
            "eurosat/2750",
            "EuroSAT/2750",
            "EuroSAT_RGB",
            "eurosat/EuroSAT_RGB",
            "EuroSAT",
        )
    )


def _holds_flowers(folder: Path) -> bool:
    places = (folder, folder / "flowers-102")
    return any(_any_file(place, "imagelabels.mat") and (place / "jpg").is_dir() for place in places)


def _holds_pets(folder: Path) -> bool:
    places = (folder, folder / "oxford-iiit-pet")
    return any(
        _any_file(place, "annotations/trainval.txt") and (place / "images").is_dir() for place in places
    )


_TESTS: dict[SourceKind, Callable[[Path], bool | str]] = {
    "mnist": _holds_idx("mnist", "MNIST"),
    "fashion-mnist": _holds_idx("fashion-mnist", "FashionMNIST"),
    "kmnist": _holds_idx("kmnist", "KMNIST"),
    "emnist": _holds_emnist,
    "cifar10": _holds_cifar10,
    "cifar100": _holds_cifar100,
    "svhn": _holds_svhn,
    "stl10": _holds_stl10,
    "eurosat": _holds_eurosat,
    "flowers102": _holds_flowers,
    "oxford-pet": _holds_pets,
}


def _lists(folder: Path) -> list[Path]:
    """The CSV files of a folder that list images; class folders without such a file are the usual case."""
    from cnn_studio.datasets.csv_list import looks_like_list

    children = (child for child in folder.iterdir() if not is_hidden(child.name))
    lists = [child for child in children if child.suffix.lower() in _CSV_SUFFIXES and child.is_file()]
    return sorted(file for file in lists[:20] if looks_like_list(file))
