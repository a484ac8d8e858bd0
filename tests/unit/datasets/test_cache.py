"""Decoded images are kept, found again, renewed, and shared between programs; real files and processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cnn_studio.core.errors import Cancelled
from cnn_studio.datasets.cache import ImageCache, cache_folder, cache_size
from cnn_studio.datasets.cache_fill import decode_all
from cnn_studio.datasets.cache_lock import FileLock
from cnn_studio.datasets.folder import read_folder
from cnn_studio.datasets.parts import Target
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.image_cache import HOW, ROW, SIDE, Steps, names, pictures, plain, target
from tests.helpers.images import write_classes, write_picture

LARGE = (64, 64)  # as a file too large for one decoding thread


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


def test_reading_a_folder_uses_the_programs_own_cache(tmp_path: Path) -> None:
    write_classes(tmp_path / "set", {"ant": 5, "bee": 5})
    before = cache_size()
    steps = Steps()
    read_folder(tmp_path / "set", target())
    assert cache_size() > before
    assert cache_folder().is_relative_to(os.environ["CNN_STUDIO_HOME"])
    read_folder(tmp_path / "set", target(progress=steps))
    assert steps.seen == [10]


# --- stopped, killed, damaged


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


# --- several programs and threads


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


# --- missing and damaged pictures


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
