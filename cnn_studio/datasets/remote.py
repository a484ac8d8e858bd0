"""Where the known data sets are published: addresses and hashes, taken from torchvision when they are wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from cnn_studio.core.errors import DataError

_CIFAR = "https://www.cs.toronto.edu/~kriz/"
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file to be fetched.

    Attributes:
        name: of the file on disk.
        urls: where it is, the first choice first.
        digest: such as ``md5:9fb6...``.
        is_archive: whether it is to be unpacked and then removed.
        unwanted: names of files in the archive that nobody reads.
    """

    name: str
    urls: tuple[str, ...]
    digest: str
    is_archive: bool = False
    unwanted: tuple[str, ...] = ()


def _torchvision(name: str) -> Any:
    """A data set class of torchvision."""
    try:
        from torchvision import datasets
    except ImportError as error:
        raise DataError(
            f"torchvision, which knows the addresses of the data sets, cannot be loaded: {error}."
        ) from error
    found = getattr(datasets, name, None)
    if found is None:
        raise DataError(
            f"The installed torchvision does not know {name}. Update it, or choose a folder on disk."
        )
    return found


def _file(base: Iterable[str], name: str, md5: str, *, is_archive: bool = False) -> RemoteFile:
    return RemoteFile(name, tuple(f"{url.rstrip('/')}/{name}" for url in base), f"md5:{md5}", is_archive)


def _at(url: str, md5: str, *, is_archive: bool = False) -> RemoteFile:
    base, _, name = url.rpartition("/")
    return _file((base,), name, md5, is_archive=is_archive)


def idx_files(name: str) -> Callable[[], tuple[RemoteFile, ...]]:
    """Return what gives the four files of a set in MNIST's form; `name` is torchvision's class."""

    def files() -> tuple[RemoteFile, ...]:
        known = _torchvision(name)
        return tuple(_file(known.mirrors, file, md5) for file, md5 in known.resources)

    return files


def emnist_files() -> tuple[RemoteFile, ...]:
    """Return the one archive with all of EMNIST's splits."""
    known = _torchvision("EMNIST")
    return (_at(known.url, known.md5, is_archive=True),)


def cifar_files(name: str, md5: str) -> Callable[[], tuple[RemoteFile, ...]]:
    """Return what gives CIFAR's binary version; torchvision knows the pickled one only."""
    return lambda: (_file((_CIFAR,), name, md5, is_archive=True),)


def svhn_files() -> tuple[RemoteFile, ...]:
    """Return the two files of SVHN that are read."""
    known = _torchvision("SVHN").split_list
    return tuple(_at(known[part][0], known[part][2]) for part in ("train", "test"))


def stl10_files() -> tuple[RemoteFile, ...]:
    """Return the archive of STL-10."""
    known = _torchvision("STL10")
    file = _at(known.url, known.tgz_md5, is_archive=True)
    return (replace(file, unwanted=("unlabeled_X.bin",)),)


def eurosat_files() -> tuple[RemoteFile, ...]:
    """Return the archive of EuroSAT, whose address torchvision keeps inside a method.

    Raises:
        DataError: it is not found there.
    """
    texts = [text for text in _torchvision("EuroSAT").download.__code__.co_consts if isinstance(text, str)]
    urls = [text for text in texts if text.startswith("https://") and text.endswith(".zip")]
    sums = [text for text in texts if _MD5.fullmatch(text)]
    if len(urls) != 1 or len(sums) != 1:
        raise DataError(
            "The installed torchvision names no address for EuroSAT. Get EuroSAT.zip from its authors, unpack it, and "
            "choose that folder."
        )
    return (_at(urls[0], sums[0], is_archive=True),)


def flower_files() -> tuple[RemoteFile, ...]:
    """Return the pictures and the two lists of the flowers."""
    known = _torchvision("Flowers102")
    base = (known._download_url_prefix,)
    return tuple(
        _file(base, name, md5, is_archive=key == "image") for key, (name, md5) in known._file_dict.items()
    )


def pet_files() -> tuple[RemoteFile, ...]:
    """Return the pictures and the lists of the pets."""
    return tuple(_at(url, md5, is_archive=True) for url, md5 in _torchvision("OxfordIIITPet")._RESOURCES)
