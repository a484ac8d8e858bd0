"""Decoded images are kept, found again, renewed, evicted, and shared between programs; real files and processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.datasets.cache import ImageCache, cache_folder, cache_size, clear_cache
from cnn_studio.datasets.cache_fill import decode_all
from cnn_studio.datasets.cache_lock import FileLock
from cnn_studio.datasets.cache_mapped import MappedImages
from cnn_studio.datasets.folder import read_folder
from cnn_studio.datasets.load import load
from cnn_studio.datasets.measure import mean_and_std
from cnn_studio.datasets.parts import Target
from cnn_studio.datasets.records import DataSource
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import write_classes, write_picture

HOW = Preprocessing()
SIDE = 10
ROW = 3 * SIDE * SIDE


def target(**watchers) -> Target:
    return Target(SIDE, SIDE, 3, HOW, **watchers)


LARGE = (64, 64)  # as a file too large for one decoding thread


def pictures(folder: Path, count: int = 30, size: tuple[int, int] = (12, 16)) -> list[Path]:
    return [write_picture(folder / f"{number:03}.png", number, size) for number in range(count)]


def plain(paths: list[Path]) -> np.ndarray:
    return np.asarray(decode_all(paths, target(), ImageCache(limit=0)).images)


def names(cache: ImageCache) -> list[str]:
    return sorted(path.suffix for path in cache.folder.iterdir())


class Steps:
    """Counts what is reported and stops after some images."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.seen: list[int] = []
        self._stop_after = stop_after

    def __call__(self, done: int, total: int) -> None:
        self.seen.append(done)

    def stop(self) -> bool:
        return self._stop_after is not None and bool(self.seen) and self.seen[-1] >= self._stop_after


@pytest.fixture
def cache(tmp_path: Path) -> ImageCache:
    return ImageCache(tmp_path / "kept")


@pytest.fixture
def on_disk(tmp_path: Path) -> ImageCache:
    """A cache for which no image fits into memory."""
    return ImageCache(tmp_path / "kept", memory_share=0)


def test_the_second_time_nothing_is_decoded(tmp_path: Path, cache: ImageCache) -> None:
    paths = pictures(tmp_path / "a")
    first, second = Steps(), Steps()
    images = decode_all(paths, target(progress=first), cache).images
    assert len(first.seen) > 1
    again = decode_all(paths, target(progress=second), cache).images
    assert second.seen == [30]
    assert np.array_equal(images, again)
    assert np.array_equal(images, plain(paths))
    assert names(cache) == [".images", ".json"]
    assert cache_size(cache.folder) > 30 * ROW


def test_small_files_are_decoded_by_one_thread_and_large_ones_by_several(tmp_path: Path) -> None:
    found = {}
    for name, size in (("small", (12, 16)), ("large", LARGE)):
        paths = pictures(tmp_path / name, 60, size)
        threads: set[str] = set()

        def look(done: int, total: int, threads: set[str] = threads) -> None:
            threads.update(t.name for t in threading.enumerate() if t.name.startswith("decode"))

        decode_all(paths, target(progress=look), ImageCache(limit=0))
        found[name] = len(threads)
    assert found["small"] == 1
    assert (found["large"] > 1) == ((os.cpu_count() or 1) > 1)


@pytest.mark.parametrize("change", ["content", "time", "settings", "size", "order", "name"])
def test_any_change_decodes_anew(tmp_path: Path, cache: ImageCache, change: str) -> None:
    paths = pictures(tmp_path / "a")
    decode_all(paths, target(), cache)
    wanted = target()
    if change == "content":
        write_picture(paths[3], seed=99, size=(9, 9))
    elif change == "time":
        os.utime(paths[3], ns=(0, 1))
    elif change == "settings":
        wanted = Target(SIDE, SIDE, 3, Preprocessing(resize="pad"))
    elif change == "size":
        wanted = Target(SIDE + 1, SIDE, 3, HOW)
    elif change == "order":
        paths.reverse()
    else:
        paths[3] = paths[3].rename(paths[3].with_name("other.png"))
    steps = Steps()
    images = decode_all(paths, Target(*wanted_size(wanted), wanted.preprocessing, steps), cache).images
    assert len(steps.seen) > 1
    expected = decode_all(paths, wanted, ImageCache(limit=0)).images
    assert np.array_equal(images, expected)


def wanted_size(wanted: Target) -> tuple[int, int, int]:
    return wanted.height, wanted.width, wanted.channels


@pytest.mark.parametrize("kind", ["cache", "on_disk"])
@pytest.mark.parametrize("size", [(12, 16), LARGE])
def test_what_was_decoded_before_a_stop_is_not_decoded_again(
    tmp_path: Path, kind: str, size: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    cache = request.getfixturevalue(kind)
    paths = pictures(tmp_path / "a", 200, size)
    paths[5].write_bytes(b"no image")
    first = Steps(stop_after=100)
    with pytest.raises(Cancelled):
        decode_all(paths, target(progress=first, cancelled=first.stop), cache)
    assert names(cache) == [".part", ".progress"]
    second = Steps()
    result = decode_all(paths, target(progress=second), cache)
    assert second.seen[0] > 100
    assert second.seen[-1] == 200
    assert np.array_equal(np.asarray(result.images), plain(paths))
    assert list(result.failures) == [5]
    assert names(cache) == [".images", ".json"]


def test_a_program_that_is_killed_leaves_what_the_next_one_goes_on_with(
    tmp_path: Path, on_disk: ImageCache
) -> None:
    paths = pictures(tmp_path / "a", 300)
    code = f"""
import sys, time
from pathlib import Path
from cnn_studio.datasets import cache_entry
from cnn_studio.datasets.cache import ImageCache
from cnn_studio.datasets.cache_fill import decode_all
from cnn_studio.datasets.parts import Target
from cnn_studio.graph.preprocessing import Preprocessing
cache_entry._SECONDS_BETWEEN_MARKS = 0.0

def slowly(done, total):
    print(done, flush=True)
    time.sleep(0.02)

paths = sorted(Path({str(tmp_path / "a")!r}).iterdir())
cache = ImageCache(Path({str(on_disk.folder)!r}), memory_share=0)
decode_all(paths, Target({SIDE}, {SIDE}, 3, Preprocessing(), slowly), cache)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 120:
            pass
        process.send_signal(signal.SIGKILL)
    assert ".lock" in names(on_disk)
    steps = Steps()
    images = decode_all(paths, target(progress=steps), on_disk).images
    assert steps.seen[0] > 100
    assert np.array_equal(np.asarray(images), plain(paths))


@pytest.mark.parametrize("damage", ["progress", "part", "index", "images"])
def test_a_damaged_entry_is_made_anew(tmp_path: Path, cache: ImageCache, damage: str) -> None:
    paths = pictures(tmp_path / "a", 100)
    if damage in {"progress", "part"}:
        stopping = Steps(stop_after=50)
        with pytest.raises(Cancelled):
            decode_all(paths, target(progress=stopping, cancelled=stopping.stop), cache)
    else:
        decode_all(paths, target(), cache)
    (file,) = cache.folder.glob(f"*.{ {'index': 'json'}.get(damage, damage) }")
    if damage in {"progress", "index"}:
        file.write_bytes(b'{"shape": 3')
    else:
        file.write_bytes(file.read_bytes()[:-1000])
    assert np.array_equal(decode_all(paths, target(), cache).images, plain(paths))
    steps = Steps()
    decode_all(paths, target(progress=steps), cache)
    assert steps.seen == [100]


def test_two_programs_at_once_both_get_their_images(tmp_path: Path, on_disk: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 120)
    code = f"""
import sys
from pathlib import Path
import numpy as np
from cnn_studio.datasets.cache import ImageCache
from cnn_studio.datasets.cache_fill import decode_all
from cnn_studio.datasets.parts import Target
from cnn_studio.graph.preprocessing import Preprocessing
paths = sorted(Path({str(tmp_path / "a")!r}).iterdir())
cache = ImageCache(Path({str(on_disk.folder)!r}), memory_share=float(sys.argv[1]))
images = decode_all(paths, Target({SIDE}, {SIDE}, 3, Preprocessing()), cache).images
print(int(np.asarray(images).astype(np.int64).sum()))
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code, share], stdout=subprocess.PIPE, text=True)
        for share in ("0", "0", "0.5", "0")
    ]
    expected = int(plain(paths).astype(np.int64).sum())
    for process in running:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert int(out) == expected
    assert names(on_disk) == [".images", ".json"]


def test_threads_of_one_program_do_not_fill_the_same_entry_twice(tmp_path: Path, on_disk: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 100)
    results: list[np.ndarray] = []
    threads = [
        threading.Thread(
            target=lambda: results.append(np.asarray(decode_all(paths, target(), on_disk).images))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == 4
    assert all(np.array_equal(images, plain(paths)) for images in results)


def test_waiting_for_another_program_can_be_cancelled(tmp_path: Path, on_disk: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 10)
    shape = (10, 3, SIDE, SIDE)
    key = on_disk.key(paths, shape, HOW)
    filling = on_disk.begin(key, shape)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        decode_all(paths, target(cancelled=lambda: time.monotonic() - began > 0.5), on_disk)
    filling.abandon()
    assert names(on_disk) == []


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    one, two = FileLock(tmp_path / "x.lock"), FileLock(tmp_path / "x.lock")
    assert one.acquire()
    assert one.acquire()
    assert not two.acquire()
    one.release()
    one.release()
    assert two.acquire()
    assert not one.acquire()
    two.release()
    assert list(tmp_path.iterdir()) == []


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


def test_images_on_disk_go_on_being_read_after_clearing(tmp_path: Path, on_disk: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 10)
    images = decode_all(paths, target(), on_disk).images
    assert isinstance(images, MappedImages)
    clear_cache(on_disk.folder)
    assert np.array_equal(np.asarray(images), plain(paths))


def test_without_a_limit_nothing_is_written(tmp_path: Path) -> None:
    off = ImageCache(tmp_path / "kept", limit=0)
    decode_all(pictures(tmp_path / "a", 4), target(), off)
    assert not off.folder.exists()


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


def test_a_file_that_disappears_is_skipped_and_read_when_it_is_back(
    tmp_path: Path, cache: ImageCache
) -> None:
    paths = pictures(tmp_path / "a", 20)
    away = paths[7].rename(tmp_path / "away.png")
    result = decode_all(paths, target(), cache)
    assert list(result.failures) == [7]
    assert "No such file" in result.failures[7]
    assert names(cache) == []  # what could not be reached says nothing about the next time
    away.rename(paths[7])
    assert decode_all(paths, target(), cache).failures == {}


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


def test_a_file_that_disappears_while_others_are_decoded_is_skipped(
    tmp_path: Path, on_disk: ImageCache
) -> None:
    paths = pictures(tmp_path / "a", 400)

    def remove(done: int, total: int) -> None:
        paths[-1].unlink(missing_ok=True)

    result = decode_all(paths, target(progress=remove), on_disk)
    assert list(result.failures) == [399]
    assert np.array_equal(np.asarray(result.images)[:399], plain(paths[:399]))
    assert not list(on_disk.folder.glob("*.json"))


def test_damaged_files_are_remembered_with_their_reasons(tmp_path: Path, cache: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 12)
    paths[2].write_bytes(b"")
    paths[9].write_bytes(paths[9].read_bytes()[:60])
    first = decode_all(paths, target(), cache)
    assert sorted(first.failures) == [2, 9]
    steps = Steps()
    assert decode_all(paths, target(progress=steps), cache).failures == first.failures
    assert steps.seen == [12]


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


def test_reading_a_folder_uses_the_programs_own_cache(tmp_path: Path) -> None:
    write_classes(tmp_path / "set", {"ant": 5, "bee": 5})
    before = cache_size()
    steps = Steps()
    read_folder(tmp_path / "set", target())
    assert cache_size() > before
    assert cache_folder().is_relative_to(os.environ["CNN_STUDIO_HOME"])
    read_folder(tmp_path / "set", target(progress=steps))
    assert steps.seen == [10]


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


@pytest.mark.parametrize("kind", ["cache", "on_disk"])
def test_a_stop_at_any_moment_frees_the_lock(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    cache = request.getfixturevalue(kind)
    paths = pictures(tmp_path / "a", 12)
    asked = 0

    def at(moment: int) -> bool:
        nonlocal asked
        asked += 1
        return asked > moment

    for moment in range(200):
        asked = 0
        try:
            images = decode_all(paths, target(cancelled=lambda moment=moment: at(moment)), cache).images
        except Cancelled:
            assert not list(cache.folder.glob("*.lock"))
        else:
            break
    assert moment > 20
    assert np.array_equal(np.asarray(images), plain(paths))


def test_reading_a_kept_set_can_be_stopped(tmp_path: Path, cache: ImageCache) -> None:
    paths = pictures(tmp_path / "a", 10)
    decode_all(paths, target(), cache)
    steps = Steps(stop_after=1)
    with pytest.raises(Cancelled):
        decode_all(paths, target(progress=steps, cancelled=steps.stop), cache)
