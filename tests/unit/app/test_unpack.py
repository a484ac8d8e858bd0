import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cnn_studio.app.unpack import unpack
from cnn_studio.core.errors import Cancelled, FileFormatError


def tar(
    path: Path, entries: dict[str, bytes], change: Callable[[tarfile.TarInfo], None] | None = None
) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if change is not None:
                change(info)
            archive.addfile(info, io.BytesIO(content))
    return path


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


MAKERS = {"tar": tar, "zip": zipped}


@pytest.mark.parametrize("form", MAKERS)
def test_files_appear_where_they_belong(tmp_path: Path, form: str) -> None:
    archive = MAKERS[form](
        tmp_path / "archive", {"a/ü 1.txt": b"one", "a/b/2.txt": b"two", "a/big": b"x" * 99}
    )
    (tmp_path / "out" / "a").mkdir(parents=True)
    (tmp_path / "out" / "a" / "mine.txt").write_bytes(b"kept")
    (tmp_path / "out" / "a" / "ü 1.txt").write_bytes(b"old")
    counts: list[int] = []
    unpack(archive, tmp_path / "out", counts.append, unwanted=("big",))
    found = {
        p.relative_to(tmp_path / "out").as_posix(): p.read_bytes()
        for p in (tmp_path / "out").rglob("*")
        if p.is_file()
    }
    assert found == {"a/ü 1.txt": b"one", "a/b/2.txt": b"two", "a/mine.txt": b"kept"}
    assert counts == [1, 2]


@pytest.mark.parametrize("form", MAKERS)
@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/tmp/evil-cnn", "..\\evil", "C:/evil", "a/./../../evil"]
)
def test_nothing_is_written_outside(tmp_path: Path, form: str, name: str) -> None:
    archive = MAKERS[form](tmp_path / "archive", {"good": b"1", name: b"2"})
    with pytest.raises(FileFormatError, match="outside"):
        unpack(archive, tmp_path / "in" / "out")
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name or path.name == "good"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = kind, "/etc", 0

    archive = tar(tmp_path / "archive.tar.gz", {"thing": b""}, change)
    with pytest.raises(FileFormatError, match="no plain file"):
        unpack(archive, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_links_in_zips_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc")
    with pytest.raises(FileFormatError, match="no plain file"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("form", MAKERS)
def test_limits_hold(tmp_path: Path, form: str) -> None:
    archive = MAKERS[form](tmp_path / "archive", {f"{n}": bytes(100_000) for n in range(20)})
    with pytest.raises(FileFormatError, match="more than is allowed"):
        unpack(archive, tmp_path / "out", max_bytes=1_000_000)
    with pytest.raises(FileFormatError, match="more than 5 files"):
        unpack(archive, tmp_path / "out", max_files=5)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("form", MAKERS)
def test_damaged_archives_leave_nothing(tmp_path: Path, form: str) -> None:
    whole = MAKERS[form](tmp_path / "whole", {"a": b"x" * 5000, "b": bytes(range(256)) * 50}).read_bytes()
    path = tmp_path / "archive"
    for data in (b"", b"no archive", whole[: len(whole) // 2], whole[:60] + b"\xff" * 40 + whole[100:]):
        path.write_bytes(data)
        with pytest.raises(FileFormatError):
            unpack(path, tmp_path / "out")
        assert not list((tmp_path / "out").iterdir())


def test_cancel_leaves_nothing(tmp_path: Path) -> None:
    archive = tar(tmp_path / "archive", {f"{n}": b"x" for n in range(50)})
    seen: list[int] = []
    with pytest.raises(Cancelled):
        unpack(archive, tmp_path / "out", seen.append, lambda: len(seen) >= 10)
    assert not list((tmp_path / "out").iterdir())


def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for _ in range(2):
            info = tarfile.TarInfo("same")
            archive.addfile(info, io.BytesIO())
    with pytest.raises(FileFormatError, match="twice"):
        unpack(tmp_path / "a.tar", tmp_path / "out")
