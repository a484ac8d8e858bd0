"""What is known of each data source: the one description that window, command line, readers and tests share.

Loads nothing slow: readers are imported when they read, torchvision when its addresses are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnn_studio.datasets.records import VARIANTS, Check, SourceKind
from cnn_studio.datasets.remote import (
    RemoteFile,
    cifar_files,
    emnist_files,
    eurosat_files,
    flower_files,
    idx_files,
    pet_files,
    stl10_files,
    svhn_files,
)

if TYPE_CHECKING:
    from cnn_studio.datasets.arrays import RawSet
    from cnn_studio.datasets.folder_scan import FolderFiles

Read = Callable[[Path, str, Check], "RawSet | FolderFiles"]
"""Reads a source from a place on disk, in one of its variants; `Check` is called often and may raise to stop."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """One kind of data source.

    Attributes:
        title: what the screen calls it.
        summary: what is on the images.
        counts: images for training and for the test as published; (0, 0) where it depends.
        image: size and colours of an image.
        num_classes: number of classes of the usual variant; 0 where it depends.
        licence: as its authors state it.
        origin: who made it, and when.
        num_bytes: of the download, about.
        read: the reader.
        files: what is to be downloaded, with addresses and hashes; None where there is nothing to download.
        place: what the command line writes after the colon: ``DIR``, ``FILE``, or nothing.
    """

    kind: SourceKind
    title: str
    summary: str
    counts: tuple[int, int]
    image: str
    num_classes: int
    licence: str
    origin: str
    read: Read
    num_bytes: int = 0
    files: Callable[[], tuple[RemoteFile, ...]] | None = None
    place: str = "DIR"

    @property
    def variants(self) -> tuple[str, ...]:
        """The ways in which it can be read, the usual one first; empty where there is one only."""
        return VARIANTS.get(self.kind, ())


def _digits(folder: Path, variant: str, check: Check) -> RawSet:
    from cnn_studio.datasets.digits import read_digits

    return read_digits()


def _idx(kind: SourceKind) -> Read:
    def read(folder: Path, variant: str, check: Check) -> RawSet:
        from cnn_studio.datasets.mnist import read_idx_set

        return read_idx_set(kind, folder, variant, check)

    return read


def _cifar10(folder: Path, variant: str, check: Check) -> RawSet:
    from cnn_studio.datasets.cifar import read_cifar10

    return read_cifar10(folder, check)


def _cifar100(folder: Path, variant: str, check: Check) -> RawSet:
    from cnn_studio.datasets.cifar import read_cifar100

    return read_cifar100(folder, variant, check)


def _svhn(folder: Path, variant: str, check: Check) -> RawSet:
    from cnn_studio.datasets.house_numbers import read_svhn

    return read_svhn(folder, check)


def _stl10(folder: Path, variant: str, check: Check) -> RawSet:
    from cnn_studio.datasets.stl10 import read_stl10

    return read_stl10(folder, check)


def _eurosat(folder: Path, variant: str, check: Check) -> FolderFiles:
    from cnn_studio.datasets.image_lists import read_eurosat

    return read_eurosat(folder, check)


def _flowers(folder: Path, variant: str, check: Check) -> FolderFiles:
    from cnn_studio.datasets.image_lists import read_flowers

    return read_flowers(folder, check)


def _pets(folder: Path, variant: str, check: Check) -> FolderFiles:
    from cnn_studio.datasets.image_lists import read_pets

    return read_pets(folder, check)


def _folder(folder: Path, variant: str, check: Check) -> FolderFiles:
    from cnn_studio.core.errors import DataError
    from cnn_studio.datasets.detect import refuse_known, refuse_pickled
    from cnn_studio.datasets.folder_scan import scan_folder

    refuse_pickled(folder)
    try:
        return scan_folder(folder, check)
    except DataError:
        refuse_known(folder)  # what it is says more than what it is not
        raise


def _csv(file: Path, variant: str, check: Check) -> FolderFiles:
    from cnn_studio.datasets.csv_list import read_csv

    return read_csv(file, check)


_ENTRIES = (
    SourceInfo(
        kind="digits",
        title="Digits",
        summary="handwritten digits, built in",
        counts=(1797, 0),
        image="8 × 8 grey",
        num_classes=10,
        licence="CC BY 4.0",
        origin="E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, 1998",
        read=_digits,
        place="",
    ),
    SourceInfo(
        kind="mnist",
        title="MNIST",
        summary="handwritten digits",
        counts=(60_000, 10_000),
        image="28 × 28 grey",
        num_classes=10,
        licence="CC BY-SA 3.0",
        origin="Y. LeCun, C. Cortes, C. Burges, 1998",
        read=_idx("mnist"),
        num_bytes=11_600_000,
        files=idx_files("MNIST"),
    ),
    SourceInfo(
        kind="fashion-mnist",
        title="Fashion-MNIST",
        summary="articles of clothing",
        counts=(60_000, 10_000),
        image="28 × 28 grey",
        num_classes=10,
        licence="MIT",
        origin="H. Xiao, K. Rasul, R. Vollgraf (Zalando), 2017",
        read=_idx("fashion-mnist"),
        num_bytes=30_900_000,
        files=idx_files("FashionMNIST"),
    ),
    SourceInfo(
        kind="kmnist",
        title="KMNIST",
        summary="cursive Japanese characters",
        counts=(60_000, 10_000),
        image="28 × 28 grey",
        num_classes=10,
        licence="CC BY-SA 4.0",
        origin="T. Clanuwat and others (ROIS-DS CODH), 2018",
        read=_idx("kmnist"),
        num_bytes=21_000_000,
        files=idx_files("KMNIST"),
    ),
    SourceInfo(
        kind="emnist",
        title="EMNIST",
        summary="handwritten letters and digits",
        counts=(112_800, 18_800),
        image="28 × 28 grey",
        num_classes=47,
        licence="public domain (NIST)",
        origin="G. Cohen, S. Afshar, J. Tapson, A. van Schaik, 2017",
        read=_idx("emnist"),
        num_bytes=562_000_000,
        files=emnist_files,
    ),
    SourceInfo(
        kind="cifar10",
        title="CIFAR-10",
        summary="animals and vehicles",
        counts=(50_000, 10_000),
        image="32 × 32 RGB",
        num_classes=10,
        licence="none stated; for research",
        origin="A. Krizhevsky, University of Toronto, 2009",
        read=_cifar10,
        num_bytes=170_000_000,
        files=cifar_files("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"),
    ),
    SourceInfo(
        kind="cifar100",
        title="CIFAR-100",
        summary="things and living things",
        counts=(50_000, 10_000),
        image="32 × 32 RGB",
        num_classes=100,
        licence="none stated; for research",
        origin="A. Krizhevsky, University of Toronto, 2009",
        read=_cifar100,
        num_bytes=169_000_000,
        files=cifar_files("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8"),
    ),
    SourceInfo(
        kind="svhn",
        title="SVHN",
        summary="house numbers in street views, cropped",
        counts=(73_257, 26_032),
        image="32 × 32 RGB",
        num_classes=10,
        licence="for non-commercial use",
        origin="Y. Netzer and others, Stanford and Google, 2011",
        read=_svhn,
        num_bytes=246_000_000,
        files=svhn_files,
    ),
    SourceInfo(
        kind="stl10",
        title="STL-10",
        summary="animals and vehicles, few and large",
        counts=(5_000, 8_000),
        image="96 × 96 RGB",
        num_classes=10,
        licence="images from ImageNet; for research",
        origin="A. Coates, H. Lee, A. Y. Ng, Stanford, 2011",
        read=_stl10,
        num_bytes=2_640_000_000,
        files=stl10_files,
    ),
    SourceInfo(
        kind="eurosat",
        title="EuroSAT",
        summary="land use seen by Sentinel-2",
        counts=(27_000, 0),
        image="64 × 64 RGB",
        num_classes=10,
        licence="MIT",
        origin="P. Helber, B. Bischke, A. Dengel, D. Borth (DFKI), 2019",
        read=_eurosat,
        num_bytes=94_000_000,
        files=eurosat_files,
    ),
    SourceInfo(
        kind="flowers102",
        title="Flowers-102",
        summary="flowers that are common in Britain",
        counts=(2_040, 6_149),
        image="RGB, about 500 × 600",
        num_classes=102,
        licence="none stated; for research",
        origin="M.-E. Nilsback, A. Zisserman, Oxford, 2008",
        read=_flowers,
        num_bytes=345_000_000,
        files=flower_files,
    ),
    SourceInfo(
        kind="oxford-pet",
        title="Oxford-IIIT Pet",
        summary="breeds of cats and dogs",
        counts=(3_680, 3_669),
        image="RGB, about 400 × 500",
        num_classes=37,
        licence="CC BY-SA 4.0",
        origin="O. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar, 2012",
        read=_pets,
        num_bytes=811_000_000,
        files=pet_files,
    ),
    SourceInfo(
        kind="folder",
        title="Image folder",
        summary="a folder per class, or train, val and test folders that hold those",
        counts=(0, 0),
        image="any",
        num_classes=0,
        licence="yours",
        origin="your own images",
        read=_folder,
    ),
    SourceInfo(
        kind="csv",
        title="CSV list",
        summary="a file with the path and the class of each image",
        counts=(0, 0),
        image="any",
        num_classes=0,
        licence="yours",
        origin="your own images",
        read=_csv,
        place="FILE",
    ),
)

SOURCES: Mapping[SourceKind, SourceInfo] = MappingProxyType({entry.kind: entry for entry in _ENTRIES})
"""All kinds of sources, in the order in which they are offered."""
