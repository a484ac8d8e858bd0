import os
import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.datasets.folder import read_folder
from cnn_studio.datasets.folder_scan import scan_folder
from cnn_studio.datasets.load import load
from cnn_studio.datasets.parts import Parts, Target
from cnn_studio.datasets.records import DataSource
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import noise, real_data, write_classes, write_picture

links = pytest.mark.skipif(sys.platform == "win32", reason="making links needs special rights on Windows")


def read(folder: Path, size: int = 12, **more: Any) -> Parts:
    return read_folder(folder, Target(size, 16, 3, Preprocessing(), **more))


def pixels(seed: int) -> np.ndarray:
    return noise(12, 16, seed=seed).transpose(2, 0, 1)


def test_one_folder_per_class(tmp_path: Path) -> None:
    parts = read(write_classes(tmp_path / "my set", {"b": 3, "a": 20}))
    assert (parts.name, parts.classes) == ("my set", ("a", "b"))
    assert parts.val is None
    assert parts.test is None
    assert list(parts.train.labels) == [0] * 20 + [1] * 3
    for index in range(20):
        assert np.array_equal(parts.train.images[index], pixels(1000 + index))
    assert np.array_equal(parts.train.images[22], pixels(2))


@pytest.mark.parametrize("val_name", ["val", "valid", "Validation"])
def test_given_parts(tmp_path: Path, val_name: str) -> None:
    write_classes(tmp_path / "train", {"a": 2, "b": 3, "c": 1})
    write_classes(tmp_path / val_name, {"b": 2, "c": 1})
    write_classes(tmp_path / "test", {"a": 4})
    (tmp_path / "notes").mkdir()
    (tmp_path / "readme.txt").write_text("about")
    parts = read(tmp_path)
    assert parts.val is not None
    assert parts.test is not None
    assert parts.classes == ("a", "b", "c")
    assert list(parts.train.labels) == [0, 0, 1, 1, 1, 2]
    assert list(parts.val.labels) == [1, 1, 2]
    assert list(parts.test.labels) == [0] * 4
    assert not parts.skipped


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    parts = read(write_classes(tmp_path, {"train": 2, "bus": 2}))
    assert parts.classes == ("bus", "train")


def test_bad_files_are_skipped_by_name_and_the_others_stay_in_place(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 30, "b": 30})
    bad = {
        "a/000.png": b"",
        "a/017.png": b"just text",
        "b/005.png": (tmp_path / "b" / "005.png").read_bytes()[:100],
        "b/notes.txt": b"not an image at all",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    parts = read(tmp_path)
    assert [str(file.path.relative_to(tmp_path).as_posix()) for file in parts.skipped] == list(bad)
    assert all(file.reason for file in parts.skipped)
    kept = [1000 * label + index for label in (0, 1) for index in range(30)]
    kept = [seed for seed in kept if seed not in {0, 17, 1005}]
    assert list(parts.train.labels) == [seed // 1000 for seed in kept]
    for image, seed in zip(parts.train.images, kept, strict=True):
        assert np.array_equal(image, pixels(seed))


def test_hidden_files_are_passed_over_and_inner_folders_searched(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 1, "b": 1, ".hidden": 3, "__MACOSX": 1})
    for name in ("a/.DS_Store", "a/Thumbs.db", "b/._000.png"):
        (tmp_path / name).write_bytes(b"litter")
    write_picture(tmp_path / "a" / "deep" / "er" / "x.png")
    parts = read(tmp_path)
    assert parts.classes == ("a", "b")
    assert list(parts.train.labels) == [0, 0, 1]
    assert not parts.skipped


def test_names_with_spaces_and_other_letters(tmp_path: Path) -> None:
    train, val = tmp_path / "Bildermappe ü" / "train", tmp_path / "Bildermappe ü" / "val"
    write_picture(train / unicodedata.normalize("NFC", "Käfer") / "ein Käfer 1.png")
    write_picture(train / "蟻 ants" / "写真.png")
    # one and the same name, as macOS stores it
    write_picture(val / unicodedata.normalize("NFD", "Käfer") / "2.png")
    parts = read(tmp_path / "Bildermappe ü")
    assert parts.classes == ("Käfer", "蟻 ants")
    assert parts.val is not None
    assert list(parts.val.labels) == [0]


@links
def test_links_never_lead_round_in_circles(tmp_path: Path) -> None:
    write_classes(tmp_path / "set", {"a": 1, "b": 1})
    elsewhere = write_picture(tmp_path / "elsewhere" / "more.png")
    folder = tmp_path / "set" / "a"
    (folder / "up").symlink_to(tmp_path / "set", target_is_directory=True)
    (folder / "self").symlink_to(folder, target_is_directory=True)
    (folder / "other").symlink_to(elsewhere.parent, target_is_directory=True)
    (folder / "file.png").symlink_to(elsewhere)
    (folder / "gone.png").symlink_to(tmp_path / "nowhere.png")
    parts = read(tmp_path / "set")
    assert list(parts.train.labels) == [0, 0, 0, 1]
    assert sorted(file.path.name for file in parts.skipped) == ["gone.png", "self", "up"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 1, "b": 1})
    os.mkfifo(tmp_path / "a" / "pipe.png")
    assert [file.path.name for file in read(tmp_path).skipped] == ["pipe.png"]


def test_unknown_classes_in_val_are_named(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", {"a": 1, "b": 1})
    write_classes(tmp_path / "val", {"a": 1, "bee": 1, "wasp": 1})
    with pytest.raises(DataError, match="bee, wasp"):
        read(tmp_path)


def make_nothing(root: Path) -> None:
    root.mkdir()


def make_one_class(root: Path) -> None:
    write_classes(root, {"only": 3})


def make_pictures_without_folders(root: Path) -> None:
    write_picture(root / "a.png")


def make_empty_class(root: Path) -> None:
    write_classes(root, {"a": 2, "hollow": 0})


def make_unreadable(root: Path) -> None:
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        (root / name / "x.jpg").write_text("text")


def make_unreadable_class(root: Path) -> None:
    write_classes(root, {"a": 2})
    (root / "b").mkdir()
    (root / "b" / "x.jpg").write_text("text")


def make_only_val(root: Path) -> None:
    write_classes(root / "val", {"a": 1, "b": 1})
    write_classes(root / "test", {"a": 1, "b": 1})


def make_two_vals(root: Path) -> None:
    for part in ("train", "val", "valid"):
        write_classes(root / part, {"a": 1, "b": 1})


def make_empty_test(root: Path) -> None:
    write_classes(root / "train", {"a": 1, "b": 1})
    (root / "test").mkdir()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_nothing, "holds no folders"),
        (make_one_class, r"one folder only \(only\)"),
        (make_pictures_without_folders, "one folder of images per class"),
        (make_empty_class, "hollow"),
        (make_unreadable, r"no image that can be read.*x\.jpg"),
        (make_unreadable_class, r"no training image can be read for: b"),
        (make_only_val, "train folder"),
        (make_two_vals, "val and valid"),
        (make_empty_test, "test folder"),
        (lambda root: None, "no folder"),
    ],
)
def test_folders_that_cannot_be_used(tmp_path: Path, make: Any, said: str) -> None:
    make(tmp_path / "set")
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path / "set")
    assert str(tmp_path / "set") in str(caught.value)


def test_progress_counts_all_parts_and_stays_in_this_thread(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", {"a": 20, "b": 20})
    write_classes(tmp_path / "val", {"a": 5, "b": 5})
    seen: list[tuple[int, int]] = []
    read(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(set(seen))
    assert seen[-1] == (50, 50)


def test_cancel_stops_soon(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 150, "b": 150})
    seen: list[int] = []
    with pytest.raises(Cancelled):
        read(tmp_path, progress=lambda done, _: seen.append(done), cancelled=lambda: bool(seen))
    assert max(seen) < 100


def test_images_that_do_not_fit_into_memory_are_refused_before_reading(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": 2000, "b": 1})
    target = Target(30_000, 30_000, 3, Preprocessing())
    with pytest.raises(DataError, match=r"2,001 images of 3 × 30000 × 30000 need 5,402.7 GB"):
        read_folder(tmp_path, target)


def test_ants_and_bees() -> None:
    data = load(
        DataSource(kind="folder", folder=str(real_data("hymenoptera"))),
        height=64,
        width=64,
        channels=3,
        preprocessing=Preprocessing(resize="crop"),
    )
    assert data.classes == ("ants", "bees")
    # 244 photographs and the stray imageNotFound.gif, which is an ordinary picture
    assert list(np.bincount(data.train.labels)) == [124, 121]
    assert list(np.bincount(data.val.labels)) == [70, 83]
    assert data.test is None
    assert not data.skipped
    stray = real_data("hymenoptera") / "train" / "ants" / "imageNotFound.gif"
    with Image.open(stray) as image:
        assert image.size == (300, 300)


def test_listing_a_large_folder_can_be_stopped(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(2_500):
            (tmp_path / name / f"{number}.png").touch()
    asked = []

    def check() -> None:
        asked.append(None)
        if len(asked) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        scan_folder(tmp_path, check)
    assert len(asked) == 3
