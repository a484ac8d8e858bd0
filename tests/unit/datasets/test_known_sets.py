"""Every known set, written by the tests in its published form and read back."""

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.arrays import RawSet, to_grey
from cnn_studio.datasets.catalogue import SOURCES
from cnn_studio.datasets.cifar import read_cifar10, read_cifar100
from cnn_studio.datasets.detect import detect, detect_source
from cnn_studio.datasets.folder_scan import FolderFiles
from cnn_studio.datasets.house_numbers import read_svhn
from cnn_studio.datasets.image_lists import read_flowers, read_pets
from cnn_studio.datasets.load import load, read_source
from cnn_studio.datasets.mat import read_mat
from cnn_studio.datasets.mnist import read_idx_set
from cnn_studio.datasets.records import DataSource, ImageData
from cnn_studio.datasets.stl10 import read_stl10
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import (
    idx_bytes,
    mat_bytes,
    noise,
    write_cifar10,
    write_classes,
    write_mnist,
    write_picture,
)


def read(source: DataSource, size: int = 16, channels: int = 3) -> ImageData:
    return load(source, height=size, width=size, channels=channels, preprocessing=Preprocessing())


def write_cifar100(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for part, count in (("train", 200), ("test", 100)):
        records = np.random.default_rng(count).integers(0, 256, (count, 3074), dtype=np.uint8)
        records[:, 1] = np.arange(count) % 100
        records[:, 0] = records[:, 1] // 5
        (folder / f"{part}.bin").write_bytes(records.tobytes())
    (folder / "fine_label_names.txt").write_text("".join(f"thing {n}\n" for n in range(100)))
    (folder / "coarse_label_names.txt").write_text("".join(f"group {n}\n" for n in range(20)))
    return folder


def write_svhn(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", 30), ("test", 20)):
        images = np.random.default_rng(count).integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        labels = (np.arange(count) % 10 + 1).astype(np.uint8)[:, None]
        (folder / f"{part}_32x32.mat").write_bytes(mat_bytes({"X": images, "y": labels}))
    return folder


def write_stl10(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", 20), ("test", 10)):
        images = np.random.default_rng(count).integers(0, 256, (count, 3, 96, 96), dtype=np.uint8)
        (folder / f"{part}_X.bin").write_bytes(images.transpose(0, 1, 3, 2).tobytes())
        (folder / f"{part}_y.bin").write_bytes((np.arange(count) % 10 + 1).astype(np.uint8).tobytes())
    return folder


def write_flowers(folder: Path) -> Path:
    for number in range(1, 13):
        write_picture(folder / "jpg" / f"image_{number:05d}.jpg", seed=number)
    labels = (np.arange(12) % 3 + 1).astype(np.float64)[None]
    (folder / "imagelabels.mat").write_bytes(mat_bytes({"labels": labels}))
    parts = {"trnid": range(1, 7), "valid": range(7, 10), "tstid": range(10, 13)}
    arrays = {name: np.array([list(numbers)], np.float64) for name, numbers in parts.items()}
    (folder / "setid.mat").write_bytes(mat_bytes(arrays, packed=False))
    return folder


def write_pets(folder: Path) -> Path:
    lines: dict[str, list[str]] = {"trainval": [], "test": []}
    for label, breed in enumerate(("Abyssinian", "american_bulldog"), 1):
        for number in range(1, 7):
            write_picture(folder / "images" / f"{breed}_{number}.jpg", seed=10 * label + number)
            lines["test" if number > 4 else "trainval"].append(f"{breed}_{number} {label} {label} 1")
    (folder / "annotations").mkdir()
    for part, text in lines.items():
        (folder / "annotations" / f"{part}.txt").write_text(
            "#Image CLASS-ID SPECIES BREED ID\n" + "\n".join(text) + "\n"
        )
    return folder


def write_emnist(folder: Path, split: str, first: int, classes: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", 2 * classes), ("test", classes)):
        images = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % classes + first).astype(np.uint8)
        (folder / f"emnist-{split}-{part}-images-idx3-ubyte.gz").write_bytes(
            gzip.compress(idx_bytes(images), 1)
        )
        (folder / f"emnist-{split}-{part}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(idx_bytes(labels), 1)
        )
    return folder


def write_eurosat(folder: Path) -> Path:
    return write_classes(folder, {"AnnualCrop": 4, "Forest": 4, "River": 3, "SeaLake": 3})


def test_cifar10(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-bin", each=4)
    raw = read_cifar10(tmp_path)
    assert raw.train.images.shape == (20, 3, 32, 32)
    first = np.random.default_rng(0).integers(0, 256, (4, 3073), dtype=np.uint8)
    assert np.array_equal(raw.train.images[0].ravel(), first[0, 1:])
    assert list(raw.train.labels) == [number % 10 for number in range(20)]
    assert raw.test is not None
    assert raw.classes[3] == "cat"
    data = read(DataSource(kind="cifar10", folder=str(tmp_path)), size=32)
    assert (data.given, len(data.train) + len(data.val), data.test is not None) == (("test",), 20, True)
    assert data.test is not None
    assert np.array_equal(data.test.images, raw.test.images), (
        "an unscaled image keeps its pixels and channels"
    )


def test_cifar100_fine_and_coarse(tmp_path: Path) -> None:
    write_cifar100(tmp_path / "cifar-100-binary")
    fine, coarse = read_cifar100(tmp_path), read_cifar100(tmp_path, "coarse")
    assert (len(fine.classes), len(coarse.classes)) == (100, 20)
    assert (fine.classes[7], coarse.classes[1]) == ("thing 7", "group 1")
    assert np.array_equal(fine.train.labels // 5, coarse.train.labels)
    assert len(read(DataSource(kind="cifar100", folder=str(tmp_path), variant="coarse")).classes) == 20


@pytest.mark.parametrize("below", ["", "cifar-10-batches-py"])
def test_the_pickled_cifar_is_never_opened(tmp_path: Path, below: str) -> None:
    marker = tmp_path / "ran"
    folder = tmp_path / "set" / below
    folder.mkdir(parents=True)

    class Trap:
        def __reduce__(self):  # type: ignore[no-untyped-def]
            return (Path.touch, (marker,))

    for name in ("data_batch_1", "test_batch", "batches.meta"):
        (folder / name).write_bytes(pickle.dumps(Trap()))
    for act in (lambda: detect(tmp_path / "set"), lambda: read_cifar10(tmp_path / "set")):
        with pytest.raises(DataError, match="binary version"):
            act()
    with pytest.raises(DataError, match=r"pickled.*cifar-10-binary\.tar\.gz"):
        read(DataSource(kind="folder", folder=str(tmp_path / "set")))
    assert not marker.exists()


def test_damaged_cifar_is_named(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    (tmp_path / "data_batch_3.bin").write_bytes(b"x" * 5000)
    with pytest.raises(DataError, match=r"data_batch_3\.bin is damaged.*3,073"):
        read_cifar10(tmp_path)
    (tmp_path / "data_batch_3.bin").write_bytes(bytes([10]) + bytes(3072))
    with pytest.raises(DataError, match="label 10"):
        read_cifar10(tmp_path)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(DataError, match=r"data_batch_3\.bin is missing"):
        read_cifar10(tmp_path)


def test_svhn_calls_ten_zero(tmp_path: Path) -> None:
    raw = read_svhn(write_svhn(tmp_path))
    assert list(raw.train.labels[:10]) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    stored = np.random.default_rng(30).integers(0, 256, (32, 32, 3, 30), dtype=np.uint8)
    assert np.array_equal(raw.train.images[4], stored[:, :, :, 4].transpose(2, 0, 1))


def test_stl10_stands_upright(tmp_path: Path) -> None:
    raw = read_stl10(write_stl10(tmp_path / "stl10_binary").parent)
    stored = np.random.default_rng(20).integers(0, 256, (20, 3, 96, 96), dtype=np.uint8)
    assert np.array_equal(raw.train.images, stored)
    assert list(raw.train.labels[:3]) == [0, 1, 2]
    (tmp_path / "stl10_binary" / "test_y.bin").write_bytes(bytes([11] * 10))
    with pytest.raises(DataError, match="label 10"):
        read_stl10(tmp_path)


def test_emnist_letters_stand_upright_and_count_from_one(tmp_path: Path) -> None:
    write_emnist(tmp_path / "EMNIST" / "raw", "letters", 1, 26)
    raw = read_idx_set("emnist", tmp_path, "letters")
    assert (len(raw.classes), raw.classes[0]) == (26, "a")
    assert raw.train.labels.min() == 0
    stored = np.random.default_rng(52).integers(0, 256, (52, 28, 28), dtype=np.uint8)
    assert np.array_equal(raw.train.images[5], stored[5].T)
    with pytest.raises(DataError, match="emnist-balanced-train"):
        read_idx_set("emnist", tmp_path)


def test_flowers_have_three_given_parts(tmp_path: Path) -> None:
    files = read_flowers(write_flowers(tmp_path / "flowers-102").parent)
    assert files.classes == ("flower 1", "flower 2", "flower 3")
    assert [len(part) for _, part in files.parts] == [6, 3, 3]
    assert [label for _, label in files.train] == [0, 1, 2, 0, 1, 2]
    data = read(DataSource(kind="flowers102", folder=str(tmp_path)))
    assert data.given == ("val", "test")


def test_the_flowers_names_come_from_torchvision(tmp_path: Path) -> None:
    labels = np.arange(1, 103, dtype=np.float64)[None]
    write_flowers(tmp_path)
    (tmp_path / "imagelabels.mat").write_bytes(mat_bytes({"labels": labels}))
    assert read_flowers(tmp_path).classes[0] == "pink primrose"


def test_pets(tmp_path: Path) -> None:
    files = read_pets(write_pets(tmp_path / "oxford-iiit-pet").parent)
    assert files.classes == ("Abyssinian", "American Bulldog")
    assert (len(files.train), files.val, len(files.test or [])) == (8, None, 4)
    (tmp_path / "oxford-iiit-pet" / "images" / "Abyssinian_1.jpg").unlink()
    assert [file.path.name for file in read_pets(tmp_path).skipped] == ["Abyssinian_1.jpg"]
    (tmp_path / "oxford-iiit-pet" / "annotations" / "test.txt").write_text("nonsense\n")
    with pytest.raises(DataError, match="Line 1"):
        read_pets(tmp_path)


@pytest.mark.parametrize("packed", [True, False])
def test_arrays_of_matlab_files(tmp_path: Path, packed: bool) -> None:
    arrays = {
        "X": noise(4, 5),
        "labels": np.arange(6, dtype=np.float64)[None],
        "n": np.array([[7]], np.uint16),
    }
    (tmp_path / "a.mat").write_bytes(mat_bytes(arrays, packed=packed))
    found = read_mat(tmp_path / "a.mat", tuple(arrays))
    assert all(np.array_equal(found[name], array) for name, array in arrays.items())
    with pytest.raises(DataError, match="does not hold the array z"):
        read_mat(tmp_path / "a.mat", ("z",))


def test_damaged_matlab_files_end_in_a_sentence(tmp_path: Path) -> None:
    whole = mat_bytes({"X": noise(8, 8), "y": np.arange(9, dtype=np.uint8)[None]})
    path = tmp_path / "a.mat"
    rng = np.random.default_rng(0)
    for trial in range(300):
        data = bytearray(whole[: int(rng.integers(0, len(whole)))] if trial % 3 == 0 else whole)
        for at in rng.integers(0, max(1, len(data)), 4):
            if data:
                data[at] = int(rng.integers(0, 256))
        path.write_bytes(bytes(data))
        try:
            found = read_mat(path, ("X", "y"))
        except DataError as error:
            assert str(path) in str(error)
        else:
            assert set(found) == {"X", "y"}


def test_a_bomb_in_a_matlab_file_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnn_studio.datasets.mat.MAX_BYTES", 1 << 22)
    (tmp_path / "a.mat").write_bytes(mat_bytes({"X": np.zeros((1, 1 << 23), np.uint8)}))
    with pytest.raises(DataError, match="too much"):
        read_mat(tmp_path / "a.mat", ("X",))


def test_grey_as_pillow_makes_it() -> None:
    from PIL import Image

    images = np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3), dtype=np.uint8)
    ours = to_grey(images.transpose(0, 3, 1, 2))
    assert all(
        np.array_equal(np.asarray(Image.fromarray(i).convert("L")), g)
        for i, g in zip(images, ours, strict=True)
    )


def test_colour_sets_for_grey_networks(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    data = read(DataSource(kind="cifar10", folder=str(tmp_path)), channels=1)
    assert data.train.images.shape[1:] == (1, 16, 16)


LAYOUTS = {
    "mnist": [
        write_mnist,
        lambda f: write_mnist(f / "MNIST" / "raw", packed=False),
        lambda f: write_mnist(f / "raw"),
    ],
    "fashion-mnist": [lambda f: write_mnist(f / "FashionMNIST" / "raw")],
    "kmnist": [lambda f: write_mnist(f / "KMNIST" / "raw")],
    "emnist": [
        lambda f: write_emnist(f / "EMNIST" / "raw", "balanced", 0, 47),
        lambda f: write_emnist(f / "gzip", "balanced", 0, 47),
    ],
    "cifar10": [lambda f: write_cifar10(f, 8), lambda f: write_cifar10(f / "cifar-10-batches-bin", 8)],
    "cifar100": [lambda f: write_cifar100(f / "cifar-100-binary")],
    "svhn": [write_svhn],
    "stl10": [lambda f: write_stl10(f / "stl10_binary"), write_stl10],
    "eurosat": [lambda f: write_eurosat(f / "eurosat" / "2750"), lambda f: write_eurosat(f / "2750")],
    "flowers102": [lambda f: write_flowers(f / "flowers-102"), write_flowers],
    "oxford-pet": [lambda f: write_pets(f / "oxford-iiit-pet"), write_pets],
}


@pytest.mark.parametrize(
    ("kind", "number"), [(kind, at) for kind, forms in LAYOUTS.items() for at in range(len(forms))]
)
def test_usual_layouts_are_recognised_and_load(tmp_path: Path, kind: str, number: int) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    LAYOUTS[kind][number](folder)
    source = detect_source(folder, DataSource(split_seed=3))
    assert (source.kind, source.folder, source.split_seed) == (kind, str(folder), 3)
    info = SOURCES[source.kind]
    data = read(source)
    assert data.train.images.shape[1:] == (3, 16, 16)
    if kind not in {"eurosat", "flowers102", "oxford-pet"}:
        assert len(data.classes) == info.num_classes
        assert data.given == ("test",)
    found = read_source(source)
    assert isinstance(found, FolderFiles if kind in {"eurosat", "flowers102", "oxford-pet"} else RawSet)


def test_every_known_set_has_a_layout_here() -> None:
    assert set(LAYOUTS) == set(SOURCES) - {"digits", "folder", "csv"}


def test_equal_names_are_told_apart_by_the_first_labels(tmp_path: Path) -> None:
    write_mnist(tmp_path / "data")
    labels = np.array([9, 2, 1, 1, 6, 1, 4, 6, 5, 7], np.uint8)
    (tmp_path / "data" / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    assert detect(tmp_path / "data")[0] == "fashion-mnist"
    write_mnist(tmp_path / "kmnist")
    assert detect(tmp_path / "kmnist")[0] == "kmnist"


def test_a_folder_of_several_sets_is_asked_about(tmp_path: Path) -> None:
    write_mnist(tmp_path / "MNIST" / "raw")
    write_cifar10(tmp_path / "cifar-10-batches-bin")
    with pytest.raises(DataError, match="several data sets: mnist, cifar10"):
        detect(tmp_path)


def test_class_folders_are_a_folder(tmp_path: Path) -> None:
    write_classes(tmp_path, {"train": 2, "bus": 2})
    assert detect(tmp_path) == ("folder", "", tmp_path)
    with pytest.raises(DataError, match="no CSV file"):
        detect(tmp_path / "bus" / "000.png")


def test_reading_a_known_set_as_class_folders_says_what_it_is(tmp_path: Path) -> None:
    write_svhn(tmp_path)
    with pytest.raises(DataError, match="svhn:"):
        read(DataSource(kind="folder", folder=str(tmp_path)))
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "cifar-10-binary.tar.gz").write_bytes(b"")
    with pytest.raises(DataError, match="still packed"):
        read(DataSource(kind="folder", folder=str(tmp_path / "packed")))


def test_class_folders_beside_the_list_of_a_known_set_are_read(tmp_path: Path) -> None:
    """People sort the flowers into folders and leave the lists lying there."""
    write_classes(tmp_path, {"rose": 6, "tulip": 6})
    (tmp_path / "imagelabels.mat").write_bytes(b"")
    assert detect(tmp_path)[0] == "folder"
    assert read(DataSource(kind="folder", folder=str(tmp_path))).classes == ("rose", "tulip")


def test_published_files_have_addresses_and_hashes() -> None:
    for info in SOURCES.values():
        if info.files is None:
            assert info.kind in {"digits", "folder", "csv"}
            continue
        files = info.files()
        assert files
        for file in files:
            assert all(
                url.startswith(("https://", "http://")) and url.endswith(file.name) for url in file.urls
            )
            method, _, value = file.digest.partition(":")
            assert (method, len(value)) == ("md5", 32)
        assert info.num_bytes > 1_000_000
