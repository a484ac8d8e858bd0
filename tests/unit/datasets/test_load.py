import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.datasets.load import load
from cnn_studio.datasets.measure import mean_and_std
from cnn_studio.datasets.memory import USABLE_SHARE, free_memory, require_memory
from cnn_studio.datasets.parts import keep_rows
from cnn_studio.datasets.records import DataSource, ImageData, ImagePart
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import write_classes


def load_digits(height: int = 32, width: int = 32, channels: int = 1, **more: object) -> ImageData:
    source = DataSource.model_validate({"kind": "digits", **more})
    return load(source, height=height, width=width, channels=channels, preprocessing=Preprocessing())


def test_digits() -> None:
    data = load_digits()
    assert data.name == "Digits"
    assert data.classes == tuple("0123456789")
    assert data.train.images.shape == (1438, 1, 32, 32)
    assert data.train.images.dtype == np.uint8
    assert len(data.val) == 359
    assert data.test is None
    labels = np.concatenate([data.train.labels, data.val.labels])
    # the class counts that the source publishes for this part
    assert list(np.bincount(labels)) == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert 0 < data.mean[0] < 1


def test_train_and_val_are_the_whole_set() -> None:
    data = load_digits(8, 8, val_fraction=0.5)
    both = np.concatenate([data.train.images, data.val.images]).reshape(-1, 64)
    other = load_digits(8, 8, split_seed=7)
    again = np.concatenate([other.train.images, other.val.images]).reshape(-1, 64)
    assert not np.array_equal(data.val.images[:359], other.val.images)
    assert sorted(map(bytes, both)) == sorted(map(bytes, again))


def test_rgb_networks_get_the_grey_three_times() -> None:
    grey, colour = load_digits(), load_digits(channels=3)
    assert np.array_equal(colour.train.images, np.repeat(grey.train.images, 3, axis=1))
    assert colour.mean == pytest.approx(grey.mean * 3)


def test_statistics_are_of_the_training_part_alone() -> None:
    data = load_digits()
    scaled = data.train.images / 255
    assert data.mean == pytest.approx([scaled.mean()])
    assert data.std == pytest.approx([scaled.std()])


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_other_channel_counts_are_refused(channels: int) -> None:
    with pytest.raises(DataError, match=f"has {channels}"):
        load_digits(channels=channels)


def test_a_source_without_folder_is_refused() -> None:
    for kind in ("mnist", "folder"):
        source = DataSource.model_validate({"kind": kind})
        with pytest.raises(DataError, match="names no folder"):
            load(source, height=8, width=8, channels=1, preprocessing=Preprocessing())


def test_cancel_and_progress() -> None:
    seen: list[tuple[int, int]] = []
    options = {"height": 32, "width": 32, "channels": 1, "preprocessing": Preprocessing()}
    load(DataSource(), progress=lambda *step: seen.append(step), **options)  # type: ignore[arg-type]
    assert seen[-1] == (1797, 1797)
    with pytest.raises(Cancelled):
        load(DataSource(), cancelled=lambda: True, **options)  # type: ignore[arg-type]


def test_no_validation_from_single_images(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 1, "b": 1})
    source = DataSource(kind="folder", folder=str(tmp_path))
    with pytest.raises(DataError, match="one image only"):
        load(source, height=8, width=8, channels=3, preprocessing=Preprocessing())


def test_split_of_a_folder_keeps_images_and_labels_together(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 40, "b": 9, "c": 1})
    source = DataSource(kind="folder", folder=str(tmp_path), val_fraction=0.25)
    data = load(source, height=12, width=16, channels=3, preprocessing=Preprocessing())
    assert list(np.bincount(data.train.labels)) == [30, 7, 1]
    assert list(np.bincount(data.val.labels, minlength=3)) == [10, 2, 0]
    whole = load(
        DataSource(kind="folder", folder=str(tmp_path), split_seed=3, val_fraction=0.5),
        height=12,
        width=16,
        channels=3,
        preprocessing=Preprocessing(),
    )
    expected = {
        image.tobytes(): label
        for part in (whole.train, whole.val)
        for image, label in zip(part.images, part.labels, strict=True)
    }
    assert len(expected) == 50
    for part in (data.train, data.val):
        for image, label in zip(part.images, part.labels, strict=True):
            assert expected[image.tobytes()] == label


def test_a_test_part_is_kept_apart(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 40, "b": 20})
    source = DataSource(kind="folder", folder=str(tmp_path), val_fraction=0.25, test_fraction=0.1)
    data = load(source, height=12, width=16, channels=3, preprocessing=Preprocessing())
    assert data.test is not None
    assert [list(np.bincount(part.labels)) for part in (data.train, data.val, data.test)] == [
        [26, 13],
        [10, 5],
        [4, 2],
    ]
    images = np.concatenate([part.images for part in (data.train, data.val, data.test)])
    assert len({image.tobytes() for image in images}) == 60
    assert data.given == ()


def test_given_parts_stay_as_given(tmp_path: Path) -> None:
    for part, count in (("train", 10), ("val", 3), ("test", 2)):
        write_classes(tmp_path / part, {"a": count, "b": count})
    source = DataSource(kind="folder", folder=str(tmp_path), val_fraction=0.5, test_fraction=0.3)
    data = load(source, height=12, width=16, channels=3, preprocessing=Preprocessing())
    assert data.test is not None
    assert (len(data.train), len(data.val), len(data.test)) == (20, 6, 4)
    assert data.given == ("val", "test")


def test_files_that_were_left_out_are_named(tmp_path: Path) -> None:
    write_classes(tmp_path, {"ä b": 5, "c": 5})
    source = DataSource(kind="folder", folder=str(tmp_path), excluded=("ä b/003.png", "c/nowhere.png"))
    data = load(source, height=12, width=16, channels=3, preprocessing=Preprocessing())
    assert len(data.train) + len(data.val) == 9
    assert [(file.path.name, file.reason) for file in data.skipped] == [("003.png", "left out by hand")]


@given(st.integers(1, 3), st.integers(1, 50), st.integers(0, 100))
def test_mean_and_std(channels: int, count: int, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (count, channels, 3, 5), dtype=np.uint8)
    mean, std = mean_and_std(images)
    assert mean == pytest.approx((images / 255).mean(axis=(0, 2, 3)))
    assert std == pytest.approx((images / 255).std(axis=(0, 2, 3)))


def test_deviation_of_a_constant_channel_can_be_divided_by() -> None:
    images = np.full((10, 2, 4, 4), 77, np.uint8)
    images[0, 1, 0, 0] = 78
    mean, std = mean_and_std(images)
    assert mean[0] == pytest.approx(77 / 255)
    assert std[0] == 1
    assert 0 < std[1] < 0.01


@given(st.lists(st.booleans(), min_size=1, max_size=900))
def test_kept_rows_move_up(keep: list[bool]) -> None:
    labels = np.arange(len(keep), dtype=np.int64)
    images = (labels % 251).astype(np.uint8).reshape(-1, 1, 1, 1).repeat(4, axis=3)
    kept = keep_rows(ImagePart(images, labels.copy()), np.array(keep))
    assert list(kept.labels) == [index for index, kept_here in enumerate(keep) if kept_here]
    assert list(kept.images[:, 0, 0, 3]) == [index % 251 for index in kept.labels]


def test_memory_is_measured() -> None:
    free = free_memory()
    assert free is not None
    assert 1 << 24 < free < 1 << 50
    require_memory(1, 1, 1, int(free * USABLE_SHARE * 0.5))
    with pytest.raises(DataError, match="smaller input size or fewer images"):
        require_memory(1, 1, 1, int(free * USABLE_SHARE * 2))


def test_reading_needs_no_torch_and_sources_not_even_numpy() -> None:
    code = (
        "import sys; from cnn_studio.datasets import sources, records; assert 'numpy' not in sys.modules;"
        "from cnn_studio.datasets import load; assert not {'torch', 'PIL', 'PySide6'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
