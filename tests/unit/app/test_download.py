import hashlib
import os
import socket
import tempfile
import threading
import time
from pathlib import Path

import pytest

from cnn_studio.app.download import Patience, download, has_digest
from cnn_studio.core.errors import Cancelled, DownloadError, StorageError
from tests.helpers.web import Site, serving

CONTENT = os.urandom(300_000)
DIGEST = f"md5:{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}"
QUICK = Patience(connect_seconds=2, stall_seconds=1, retries=3)


def site(**more: object) -> Site:
    return Site({"a.bin": CONTENT}, **more)  # type: ignore[arg-type]


def fetch(server: Site, folder: Path, digest: str = DIGEST, name: str = "a.bin", **more: object) -> Path:
    target = folder / "new" / "a.bin"
    download(f"{server.url}/{name}", target, digest, patience=QUICK, **more)  # type: ignore[arg-type]
    return target


def test_a_file_is_fetched_once(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with serving(site()) as server:
        target = fetch(server, tmp_path, progress=lambda done, total: seen.append((done, total)))
        assert target.read_bytes() == CONTENT
        assert seen[-1] == (len(CONTENT), len(CONTENT))
        fetch(server, tmp_path)
        assert len(server.asked) == 1, "what is there and right is not fetched again"
        target.write_bytes(b"damaged")
        assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


def test_a_cut_connection_is_resumed(tmp_path: Path) -> None:
    with serving(site(cut_after=[100_000, 50_000])) as server:
        assert fetch(server, tmp_path).read_bytes() == CONTENT
        assert server.asked == ["", "bytes=100000-", "bytes=150000-"]


def test_a_server_without_parts_begins_anew(tmp_path: Path) -> None:
    with serving(site(cut_after=[100_000], ranges=False)) as server:
        assert fetch(server, tmp_path).read_bytes() == CONTENT
        assert server.asked == ["", "bytes=100000-"]


def test_what_came_is_kept_when_the_line_stays_dead(tmp_path: Path) -> None:
    with serving(site(cut_after=[100_000, 0, 0, 0, 0])) as server:
        with pytest.raises(DownloadError, match=r"broke off.*0\.1 MB are kept"):
            fetch(server, tmp_path)
        assert not (tmp_path / "new" / "a.bin").exists()
        assert (tmp_path / "new" / "a.bin.part").read_bytes() == CONTENT[:100_000]
        server.cut_after.clear()
        assert fetch(server, tmp_path).read_bytes() == CONTENT
        assert server.asked[-1] == "bytes=100000-"


def test_a_wrong_hash_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with serving(site()) as server, pytest.raises(DownloadError, match="not the file that was published"):
        fetch(server, tmp_path, digest="md5:" + 32 * "0")
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.skipif(os.name != "posix", reason="needs folders in which nothing can be deleted")
@pytest.mark.parametrize("num_bytes", [1000, len(CONTENT) + 5])
def test_a_part_that_cannot_be_deleted_is_no_endless_loop(num_bytes: int) -> None:
    # outside of pytest's own folder, which another user cannot enter
    with tempfile.TemporaryDirectory() as place, serving(site()) as server:
        Path(place).chmod(0o755)
        folder = Path(place) / "new"
        folder.mkdir()
        part = folder / "a.bin.part"
        part.write_bytes(os.urandom(num_bytes))
        part.chmod(0o666)
        folder.chmod(0o555)
        user = os.geteuid()
        if user == 0:  # the superuser may delete anything
            os.seteuid(65534)
        try:
            with pytest.raises(StorageError, match=r"a\.bin\.part .*you may not write there"):
                fetch(server, Path(place), cancelled=lambda: len(server.asked) > 20)
        finally:
            os.seteuid(user)
            folder.chmod(0o755)
        assert len(server.asked) == 1


def test_a_part_of_another_version_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    part = tmp_path / "new" / "a.bin.part"
    for old in (os.urandom(1000), os.urandom(len(CONTENT)), os.urandom(len(CONTENT) + 5), CONTENT):
        part.write_bytes(old)
        with serving(site()) as server:
            assert fetch(server, tmp_path).read_bytes() == CONTENT
        (tmp_path / "new" / "a.bin").unlink()


@pytest.mark.parametrize("digits", [8, 16, 64])
def test_the_beginning_of_a_long_hash_is_enough(tmp_path: Path, digits: int) -> None:
    whole = hashlib.sha256(CONTENT).hexdigest()
    with serving(site(lengthless=True)) as server:
        assert fetch(server, tmp_path, digest=f"sha256:{whole[:digits]}").read_bytes() == CONTENT
    assert not has_digest(tmp_path / "new" / "a.bin", "sha256:" + "0" * 8)


@pytest.mark.parametrize("digest", ["md5:12", "crc:12345678", "sha256:1234", "nothing"])
def test_hashes_that_say_nothing_are_refused(tmp_path: Path, digest: str) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(ValueError, match="digest"):
        has_digest(tmp_path / "x", digest)


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    with serving(site()) as server, pytest.raises(DownloadError, match=r"not there any more.*404"):
        fetch(server, tmp_path, name="other.bin")


def test_the_next_address_is_tried(tmp_path: Path) -> None:
    with serving(site()) as server:
        urls = [f"{server.url}/gone.bin", f"{server.url}/a.bin"]
        download(urls, tmp_path / "a.bin", DIGEST, patience=QUICK)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_cancel_keeps_what_came(tmp_path: Path) -> None:
    stop = threading.Event()
    with serving(site(delay=0.01)) as server:
        started = time.monotonic()

        def progress(done: int, total: int) -> None:
            if done > 20_000:
                stop.set()

        with pytest.raises(Cancelled):
            fetch(server, tmp_path, progress=progress, cancelled=stop.is_set)
        assert time.monotonic() - started < 3
        assert (tmp_path / "new" / "a.bin.part").stat().st_size > 10_000
        server.delay = 0
        assert fetch(server, tmp_path).read_bytes() == CONTENT
        assert server.asked[-1].startswith("bytes=")


def test_cancel_while_nothing_comes(tmp_path: Path) -> None:
    with serving(site(silent=True)) as server:
        started = time.monotonic()
        threading.Timer(0.3, (stop := threading.Event()).set).start()
        with pytest.raises(Cancelled):
            download(f"{server.url}/a.bin", tmp_path / "a.bin", DIGEST, cancelled=stop.is_set)
        assert time.monotonic() - started < 3


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with (
        serving(site(silent=True)) as server,
        pytest.raises(DownloadError, match=r"nothing came|nobody answered"),
    ):
        fetch(server, tmp_path)


def test_nobody_there_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(DownloadError, match=r"refuses connections.*internet connection"):
            download(f"http://127.0.0.1:{port}/a.bin", tmp_path / "a.bin", DIGEST)
    assert time.monotonic() - started < 5


def test_a_name_that_nobody_knows_is_said_within_five_seconds(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DownloadError, match=r"cannot be looked up|nobody answered"):
        download("https://nowhere.invalid/a.bin", tmp_path / "a.bin", DIGEST)
    assert time.monotonic() - started < 5


def test_an_address_that_swallows_everything_is_given_up_within_five_seconds(tmp_path: Path) -> None:
    """A listener whose queue is full takes no connection and refuses none."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        time.sleep(0.1)
        started = time.monotonic()
        with pytest.raises(DownloadError, match="internet connection"):
            download(f"http://127.0.0.1:{deaf.getsockname()[1]}/a", tmp_path / "a", DIGEST, patience=QUICK)
        assert time.monotonic() - started < 5
        for filler in fillers:
            filler.close()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with serving(site()) as server, pytest.raises(StorageError, match="file"):
        download(f"{server.url}/a.bin", tmp_path / "file" / "a.bin", DIGEST, patience=QUICK)


def test_other_addresses_are_never_opened(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(CONTENT)
    with pytest.raises(ValueError, match="no web address"):
        download((tmp_path / "x").as_uri(), tmp_path / "a.bin", DIGEST)
