"""Saving when the system refuses: the old file stays bit for bit, nothing is left behind, one sentence says why."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cnn_studio.app.files import replacing, storage_error
from cnn_studio.app.project import load_project, save_project
from cnn_studio.core.errors import StorageError
from tests.helpers.projects import lenet

OLD = b"what was there before"


def refused(path: Path) -> str:
    with pytest.raises(StorageError) as caught:
        save_project(path, lenet())
    message = str(caught.value)
    assert str(path) in message
    assert message.endswith(".")
    return message


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_saved_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "p.cnnstudio"
    path.write_bytes(OLD)
    path.chmod(0o640)
    save_project(path, lenet())
    load_project(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["p.cnnstudio"]


@pytest.mark.skipif(os.name != "posix", reason="umask is a matter of POSIX")
def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    save_project(tmp_path / "p", lenet())
    assert (tmp_path / "p").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_read_only_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "p.cnnstudio"
    path.write_bytes(OLD)
    path.chmod(0o444)
    assert "read-only" in refused(path)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["p.cnnstudio"]


def test_no_folder_or_a_folder_of_that_name(tmp_path: Path) -> None:
    assert "there is no such folder" in refused(tmp_path / "missing" / "p")
    assert "it is a folder" in refused(tmp_path)
    (tmp_path / "file").write_bytes(OLD)
    assert "its folder is no folder" in refused(tmp_path / "file" / "p")
    assert "the name is too long" in refused(tmp_path / ("x" * 300))
    assert names(tmp_path) == ["file"]


def test_an_error_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(OLD)
    with pytest.raises(ValueError, match="half way"), replacing(path) as file:
        file.write(b"new")
        raise ValueError("half way")
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["p"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
@pytest.mark.parametrize("limit", [10, 300, 900])
def test_no_room_for_the_file(tmp_path: Path, limit: int) -> None:
    """The system stops the write after some bytes, as a full disk does."""
    path = tmp_path / "p.cnnstudio"
    path.write_bytes(OLD)
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from cnn_studio.app.project import save_project\n"
        "from cnn_studio.core.errors import StorageError\n"
        "from tests.helpers.projects import lenet\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
        "try:\n"
        "    save_project(Path(sys.argv[1]), lenet())\n"
        "except StorageError as error:\n"
        "    sys.stdout.write(str(error))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(path), str(limit)], capture_output=True, text=True, check=True
    )
    assert "larger than the system allows" in result.stdout
    assert "Nothing was overwritten" in result.stdout
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["p.cnnstudio"]


def test_a_full_disk_has_its_own_words() -> None:
    assert "the disk is full" in str(storage_error(Path("p"), OSError(errno.ENOSPC, "No space left")))
    assert "the system said: odd" in str(storage_error(Path("p"), OSError(12345, "odd")))


@pytest.mark.skipif(os.name != "posix", reason="links are ordinary files elsewhere")
def test_saving_through_a_symbolic_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "real", tmp_path / "link"
    target.write_bytes(OLD)
    link.symlink_to(target)
    save_project(link, lenet())
    assert link.is_symlink()
    load_project(target)
