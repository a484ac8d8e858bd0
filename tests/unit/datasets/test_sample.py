from pathlib import Path

import numpy as np
import pytest

from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.sample import sample_images
from tests.helpers.bad_files import write_bad_folder
from tests.helpers.images import write_classes


def folder(path: Path) -> DataSource:
    return DataSource(kind="folder", folder=str(path))


def test_the_classes_take_turns_also_where_one_has_few_images(tmp_path: Path) -> None:
    write_classes(tmp_path, {"ant": 1, "bee": 5, "cat": 3})
    sample = sample_images(folder(tmp_path), 6, 16)
    assert sample.classes == ("ant", "bee", "cat")
    assert sample.labels.tolist() == [0, 1, 2, 1, 2, 1]
    assert sample.images.shape == (6, 3, 16, 16)
    assert sample.images.dtype == np.uint8
    assert len(sample_images(folder(tmp_path), 60, 16).labels) == 9


def test_files_that_are_no_images_are_passed_over(tmp_path: Path) -> None:
    write_bad_folder(tmp_path)
    sample = sample_images(folder(tmp_path), 1000, 8)
    assert len(sample.labels) > 20
    assert all(image.any() for image in sample.images)


def test_arrays_keep_their_size() -> None:
    sample = sample_images(DataSource(), 25, 64)
    assert sample.images.shape[:2] == (25, 1)
    assert sample.images.shape[2] != 64
    assert sample.labels.tolist()[:20] == [*range(10), *range(10)]


def test_a_missing_folder_is_an_error_and_a_check_can_end_it(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        sample_images(folder(tmp_path / "nowhere"), 5, 8)
    write_classes(tmp_path / "there", {"ant": 2, "bee": 2})

    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        sample_images(folder(tmp_path / "there"), 5, 8, cancel)
