"""Decoded images and the disk: limits, room, clearing, full disks, and images that are read from it row by row."""

import os
from pathlib import Path

import numpy as np
import pytest

from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.datasets.cache import ImageCache, cache_size, clear_cache, shrink_cache
from cnn_studio.datasets.cache_fill import decode_all
from cnn_studio.datasets.cache_mapped import MappedImages
from cnn_studio.datasets.load import load
from cnn_studio.datasets.measure import mean_and_std
from cnn_studio.datasets.records import DataSource
from tests.helpers.image_cache import HOW, ROW, SIDE, names, pictures, plain, target
from tests.helpers.images import write_classes


@pytest.fixture
def cache(tmp_path: Path) -> ImageCache:
    return ImageCache(tmp_path / "kept")


@pytest.fixture
def on_disk(tmp_path: Path) -> ImageCache:
    """A cache for which no image fits into memory."""
    return ImageCache(tmp_path / "kept", memory_share=0)


def test_the_least_recently_used_make_room(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path / "kept", limit=3 * 10 * ROW + 2000)
    sets = [pictures(tmp_path / name, 10) for name in "abcd"]
    for at, paths in enumerate(sets[:3]):
        decode_all(paths, target(), cache)
        for file in cache.folder.iterdir():  # clocks of file systems are coarse
            if file.stat().st_mtime > 1e9:
                os.utime(file, (at + 1, at + 1))
    decode_all(sets[0], target(), cache)  # used again
    decode_all(sets[3], target(), cache)
    assert cache_size(cache.folder) <= cache.limit

    def is_kept(paths: list[Path]) -> bool:
        shape = (10, 3, SIDE, SIDE)
        return cache.find(cache.key(paths, shape, HOW), shape) is not None

    assert [is_kept(paths) for paths in sets] == [True, False, True, True]


def test_what_is_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "a", 10)
    small = ImageCache(tmp_path / "kept", limit=5 * ROW)
    assert np.array_equal(decode_all(paths, target(), small).images, plain(paths))
    assert cache_size(small.folder) == 0
    small.memory_share = 0
    with pytest.raises(DataError, match=r"10 images of 3 × 10 × 10 need .* limit for decoded images is"):
        decode_all(paths, target(), small)


def test_clearing_frees_everything_but_what_is_being_filled(tmp_path: Path, cache: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 10)
    decode_all(paths, target(), cache)
    other = pictures(tmp_path / "b", 10)
    shape = (10, 3, SIDE, SIDE)
    filling = cache.begin(cache.key(other, shape, HOW), shape)
    filling.write(np.zeros((4, 3, SIDE, SIDE), np.uint8), {})
    freed = clear_cache(cache.folder)
    assert freed >= 10 * ROW
    assert ".part" in names(cache)
    filling.stop()
    clear_cache(cache.folder)
    assert names(cache) == []
    assert cache_size(cache.folder) == 0
    assert clear_cache(tmp_path / "nowhere") == 0


def test_a_lower_limit_frees_the_least_recently_used(tmp_path: Path, cache: ImageCache) -> None:
    sets = [pictures(tmp_path / name, 10) for name in "abc"]
    for at, paths in enumerate(sets):
        decode_all(paths, target(), cache)
        for file in cache.folder.iterdir():
            if file.stat().st_mtime > 1e9:
                os.utime(file, (at + 1, at + 1))
    before = cache_size(cache.folder)
    assert shrink_cache(before, cache.folder) == 0
    freed = shrink_cache(before - 1, cache.folder)
    assert 10 * ROW <= freed == before - cache_size(cache.folder)
    shape = (10, 3, SIDE, SIDE)
    kept = [cache.find(cache.key(paths, shape, HOW), shape) is not None for paths in sets]
    assert kept == [False, True, True]
    assert shrink_cache(0, cache.folder) == before - freed
    assert cache_size(cache.folder) == 0
    assert shrink_cache(0, tmp_path / "nowhere") == 0


def test_without_a_limit_nothing_is_written(tmp_path: Path) -> None:
    off = ImageCache(tmp_path / "kept", limit=0)
    decode_all(pictures(tmp_path / "a", 4), target(), off)
    assert not off.folder.exists()


# --- full disks


def limited(size: int):
    """No file may grow beyond a size in this process, as on a full disk."""
    resource = pytest.importorskip("resource")

    class Limit:
        def __enter__(self) -> None:
            self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, self._before[1]))

        def __exit__(self, *exc: object) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, self._before)

    return Limit()


def test_a_full_disk_costs_the_cache_but_not_the_images(tmp_path: Path, cache: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 200)
    with limited(50 * ROW):
        images = decode_all(paths, target(), cache).images
    assert np.array_equal(images, plain(paths))
    assert names(cache) == []


def test_a_full_disk_ends_in_a_sentence_where_memory_is_too_small(
    tmp_path: Path, on_disk: ImageCache
) -> None:
    paths = pictures(tmp_path / "a", 200)
    with limited(50 * ROW), pytest.raises(DataError, match=r"Nor can .* be kept on disk .*Use a smaller"):
        decode_all(paths, target(), on_disk)
    assert names(on_disk) == []
    assert np.array_equal(np.asarray(decode_all(paths, target(), on_disk).images), plain(paths))


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    cache = ImageCache(tmp_path / "kept")
    paths = pictures(tmp_path / "a", 10)
    assert np.array_equal(decode_all(paths, target(), cache).images, plain(paths))
    cache.memory_share = 0
    with pytest.raises(DataError, match="Nor can"):
        decode_all(paths, target(), cache)


# --- rows on disk


def test_images_on_disk_go_on_being_read_after_clearing(tmp_path: Path, on_disk: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 10)
    images = decode_all(paths, target(), on_disk).images
    assert isinstance(images, MappedImages)
    clear_cache(on_disk.folder)
    assert np.array_equal(np.asarray(images), plain(paths))


@pytest.mark.parametrize("parts", [("train", "val", "test"), ("",)])
def test_a_set_on_disk_is_the_set_in_memory(tmp_path: Path, parts: tuple[str, ...]) -> None:
    root = tmp_path / "set"
    for number, part in enumerate(parts):
        write_classes(root / part, {"ant": 7 + number, "bee": 5, "wasp": 9})
    first = root / parts[0] / "bee"
    (first / "002.png").write_bytes(b"no image")
    cache = ImageCache(tmp_path / "kept", memory_share=0)
    size = {"height": SIDE, "width": SIDE, "channels": 3, "preprocessing": HOW}
    source = DataSource(kind="folder", folder=str(root))
    stored = load(source, **size, cache=cache)
    plain_set = load(source, **size, cache=ImageCache(limit=0))
    assert isinstance(stored.train.images, MappedImages)
    assert isinstance(plain_set.train.images, np.ndarray)
    assert stored.skipped == plain_set.skipped
    assert len(stored.skipped) == 1
    assert stored.mean == pytest.approx(plain_set.mean, rel=1e-12)
    assert stored.std == pytest.approx(plain_set.std, rel=1e-12)
    for one, two in (
        (stored.train, plain_set.train),
        (stored.val, plain_set.val),
        (stored.test, plain_set.test),
    ):
        assert (one is None) == (two is None)
        if one is not None and two is not None:
            assert np.array_equal(one.labels, two.labels)
            assert np.array_equal(np.asarray(one.images), two.images)
    assert cache_size(cache.folder) > 0


def test_rows_on_disk_behave_as_an_array(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (9, 3, 4, 5), dtype=np.uint8)
    (tmp_path / "rows").write_bytes(array.tobytes())
    images = MappedImages.open(tmp_path / "rows", array.shape)
    rows = np.array([7, 2, 2, 8])
    some, expected = images[rows], array[rows]
    assert isinstance(some, MappedImages)
    assert len(some) == 4
    assert some.shape == expected.shape
    assert some.nbytes == expected.nbytes
    for key in (1, slice(1, 3), (0, 2), (slice(0, 3), 1), (slice(None), slice(0, 2), 3)):
        assert isinstance(some[key], np.ndarray)
        assert np.array_equal(some[key], expected[key])
    keep = np.array([True, False, True, True])
    assert np.array_equal(np.asarray(some[keep]), expected[keep])
    some[0][:] = 0  # a copy
    assert np.array_equal(np.asarray(images), array)


def test_sums_are_kept_beside_the_images_and_belong_to_the_rows(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (9, 3, 4, 5), dtype=np.uint8)
    (tmp_path / "a.images").write_bytes(array.tobytes())
    rows = np.array([8, 1, 4])
    for _ in range(2):
        images = MappedImages.open(tmp_path / "a.images", array.shape)
        sums, squares = images[rows].sums()
        wide = array[rows].astype(np.int64)
        assert np.array_equal(sums, wide.sum(axis=(2, 3)))
        assert np.array_equal(squares, (wide**2).sum(axis=(2, 3)))
        assert (tmp_path / "a.sums").exists()
    (tmp_path / "a.sums").write_bytes(b"too short")
    assert np.array_equal(images.sums()[0], array.astype(np.int64).sum(axis=(2, 3)))


def test_what_was_measured_without_a_file_is_measured_again(tmp_path: Path, on_disk: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 20)
    away = paths[7].rename(tmp_path / "away.png")
    shape = (20, 3, SIDE, SIDE)
    decode_all(paths, target(), on_disk).images.sums()
    assert ".sums" in names(on_disk)
    key = on_disk.key(paths, shape, HOW)
    assert on_disk.find(key, shape) is None
    assert not decode_all(paths, target(), on_disk).images.base[7].any()
    away.rename(paths[7])
    images = decode_all(paths, target(), on_disk).images
    assert np.array_equal(images.sums()[0], plain(paths).astype(np.int64).sum(axis=(2, 3)))


def test_mean_and_deviation_of_images_on_disk(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)
    array[:, 1] = 77  # a channel of one value gets the deviation 1
    (tmp_path / "a.images").write_bytes(array.tobytes())
    images = MappedImages.open(tmp_path / "a.images", array.shape)
    for found, expected in zip(mean_and_std(images), mean_and_std(array), strict=True):
        assert found == pytest.approx(expected, rel=1e-12)


def test_measuring_images_on_disk_can_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "a.images").write_bytes(bytes(3 * 48))

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        mean_and_std(MappedImages.open(tmp_path / "a.images", (3, 3, 4, 4)), stop)
    assert not (tmp_path / "a.sums").exists()
