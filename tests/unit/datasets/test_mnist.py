import gzip
import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.datasets.idx import read_idx
from cnn_studio.datasets.load import load
from cnn_studio.datasets.mnist import read_mnist
from cnn_studio.datasets.parts import Target
from cnn_studio.datasets.records import DataSource
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import idx_bytes, real_data, write_mnist


def target(size: int = 28, **more: Any) -> Target:
    return Target(size, size, 1, Preprocessing(), **more)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("inside", [".", "raw", "MNIST/raw"])
def test_four_files_are_found(tmp_path: Path, packed: bool, inside: str) -> None:
    write_mnist(tmp_path / inside, 40, 10, packed=packed)
    parts = read_mnist(tmp_path, target())
    assert parts.classes == tuple("0123456789")
    assert parts.train.images.shape == (40, 1, 28, 28)
    assert parts.test is not None
    assert list(parts.test.labels) == list(range(10))
    assert parts.test.labels.dtype == np.int64
    expected = np.random.default_rng(40).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    assert np.array_equal(parts.train.images[:, 0], expected)


def test_names_with_a_dot_and_wrong_suffixes_are_accepted(tmp_path: Path) -> None:
    write_mnist(tmp_path, packed=False)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    packed = tmp_path / "train-images.idx3-ubyte"
    packed.write_bytes(gzip.compress(packed.read_bytes()))  # unpacked by name, packed in truth
    assert len(read_mnist(tmp_path, target()).train) == 40


@pytest.mark.parametrize("missing", ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"])
def test_missing_file_is_named_with_its_other_names(tmp_path: Path, missing: str) -> None:
    write_mnist(tmp_path)
    (tmp_path / f"{missing}.gz").unlink()
    with pytest.raises(DataError) as caught:
        read_mnist(tmp_path, target())
    for name in (missing, f"{missing}.gz", missing.replace("-idx", ".idx"), str(tmp_path)):
        assert name in str(caught.value)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        read_mnist(tmp_path / "nowhere", target())


def damage_truncated(data: bytes) -> bytes:
    return data[:-100]


def damage_magic(data: bytes) -> bytes:
    return b"\x00\x00\x08\x01" + data[4:]


def damage_trailing(data: bytes) -> bytes:
    return data + b"x"


def damage_header(data: bytes) -> bytes:
    return data[:9]


def damage_empty(data: bytes) -> bytes:
    return b""


def damage_huge(data: bytes) -> bytes:
    return data[:4] + struct.pack(">3I", 2**31, 2**10, 2**10) + data[16:]


def damage_no_images(data: bytes) -> bytes:
    return data[:4] + struct.pack(">3I", 0, 28, 28)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_truncated, "100 of 40 × 28 × 28 values are missing"),
        (damage_magic, "not the IDX file"),
        (damage_trailing, "more than"),
        (damage_header, "within its header"),
        (damage_empty, "starts with nothing"),
        (damage_huge, "can be read"),
        (damage_no_images, "can be read"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_damaged_files_are_named(tmp_path: Path, damage: Any, said: str, packed: bool) -> None:
    write_mnist(tmp_path, packed=False)
    path = tmp_path / "train-images-idx3-ubyte"
    data = damage(path.read_bytes())
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(DataError, match=said) as caught:
        read_mnist(tmp_path, target())
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("where", ["cut", "body", "checksum", "method"])
def test_damaged_gzip_is_named(tmp_path: Path, where: str) -> None:
    write_mnist(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    data = bytearray(path.read_bytes())
    if where == "cut":
        del data[len(data) // 2 :]
    else:
        data[{"body": len(data) // 2, "checksum": -6, "method": 2}[where]] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(DataError) as caught:
        read_mnist(tmp_path, target())
    assert str(path) in str(caught.value)


def test_a_false_header_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\x00\x00\x08\x03" + struct.pack(">3I", 1 << 10, 1 << 10, 1 << 10))  # exactly the limit
    with pytest.raises(DataError, match="ends too early"):
        read_idx(path, 3)


def test_an_endless_row_is_no_image(tmp_path: Path) -> None:
    """A few packed bytes could otherwise ask for a filter of hundreds of gigabytes."""
    write_mnist(tmp_path, 40, 10, packed=True)
    row = b"\x00\x00\x08\x03" + struct.pack(">3I", 1, 1, 1 << 24) + bytes(1 << 24)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(row, 1))
    with pytest.raises(DataError, match="16,777,216 pixels"):
        read_mnist(tmp_path, target())


def test_counts_of_images_and_labels_must_agree(tmp_path: Path) -> None:
    write_mnist(tmp_path, packed=False)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(9, np.uint8)))
    with pytest.raises(DataError, match="10 images and t10k-labels-idx1-ubyte 9 labels"):
        read_mnist(tmp_path, target())


def test_labels_above_nine_are_refused(tmp_path: Path) -> None:
    write_mnist(tmp_path, packed=False)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(np.full(10, 10, np.uint8)))
    with pytest.raises(DataError, match="label 10"):
        read_mnist(tmp_path, target())


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path, 3)


def test_cancel_while_reading(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    with pytest.raises(Cancelled):
        read_mnist(tmp_path, target(cancelled=lambda: True))


def test_real_mnist() -> None:
    folder = real_data("mnist")
    packed = folder / "train-images-idx3-ubyte.gz"
    unpacked = gzip.decompress(packed.read_bytes())
    assert hashlib.md5(unpacked, usedforsecurity=False).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"
    assert idx_bytes(read_idx(packed, 3)) == unpacked
    seen: list[tuple[int, int]] = []
    data = load(
        DataSource(kind="mnist", folder=str(folder)),
        height=32,
        width=32,
        channels=1,
        preprocessing=Preprocessing(),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert data.test is not None
    assert (len(data.train), len(data.val), len(data.test)) == (50_000, 10_000, 10_000)
    assert seen[-1] == (70_000, 70_000)
    labels = np.concatenate([data.train.labels, data.val.labels])
    # the published class counts of the training part
    assert list(np.bincount(labels)) == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert data.mean[0] == pytest.approx(0.1307, abs=0.001)
