"""Anybody's weight files: wrappers are looked through, hostile and damaged ones are refused with a sentence."""

from __future__ import annotations

import argparse
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cnn_studio.core.errors import FileFormatError
from cnn_studio.transfer.weight_file import read_weight_file

STATE = {"conv.weight": torch.ones(2, 3), "conv.bias": torch.zeros(2)}


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def zipped(file: Path, folder: Path) -> None:
    torch.save({**STATE, "a": Evil(folder)}, file)


def old(file: Path, folder: Path) -> None:
    torch.save({**STATE, "a": Evil(folder)}, file, _use_new_zipfile_serialization=False)


def plain(file: Path, folder: Path) -> None:
    file.write_bytes(pickle.dumps({"a": Evil(folder)}))


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (zipped, r"names program code \(posix\.mkdir\), which is never executed"),
        (old, r"names program code \(posix\.mkdir\), which is never executed"),
        (plain, r"pickle that may hold program code, which is never executed"),
    ],
)
def test_program_code_is_named_and_not_executed(
    tmp_path: Path, write: Callable[[Path, Path], None], says: str
) -> None:
    file = tmp_path / "net.pth"
    write(file, tmp_path / "executed")
    with pytest.raises(FileFormatError, match=says) as caught:
        read_weight_file(file)
    assert str(caught.value).startswith(f"{file} was not read: ")
    assert "torch.save(model.state_dict(), FILE)" in str(caught.value)
    assert not (tmp_path / "executed").exists()


def test_a_whole_module_is_named_as_code(tmp_path: Path) -> None:
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()), tmp_path / "net.pth")
    with pytest.raises(FileFormatError, match=r"torch\.nn\.modules\.linear\.Linear"):
        read_weight_file(tmp_path / "net.pth")


def whole(folder: Path, name: str) -> bytes:
    file = folder / f"whole{Path(name).suffix}"
    if file.suffix == ".safetensors":
        save_file(STATE, file)
    else:
        torch.save(STATE, file)
    content = file.read_bytes()
    file.unlink()
    return content


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda content: b"", "is empty, so there are no weights to read."),
        (lambda content: content[:-9], "cannot be read; it is damaged or incomplete: "),
        (lambda content: content[: len(content) // 2], "cannot be read; it is damaged or incomplete: "),
        (lambda content: b"\xff" * 100, "cannot be read"),
        (lambda content: b"<!DOCTYPE html><title>Log in</title>", "cannot be read"),
        (lambda content: b"\x10" + bytes(7) + b"{no header at al", "cannot be read"),
    ],
    ids=["empty", "cut", "half", "garbage", "a web page", "a garbage header"],
)
def test_damaged_files(tmp_path: Path, name: str, damage: Callable[[bytes], bytes], says: str) -> None:
    file = tmp_path / name
    file.write_bytes(damage(whole(tmp_path, name)))
    with pytest.raises(FileFormatError) as caught:
        read_weight_file(file)
    said = str(caught.value)
    assert said.startswith(str(file)) and says in said
    assert "\n" not in said and "weights_only" not in said and len(said) < 400


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
def test_folders_and_missing_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileFormatError, match=r"cannot be read: there is no such file\."):
        read_weight_file(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(FileFormatError, match="is a folder"):
        read_weight_file(tmp_path / name)


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [torch.ones(2)], torch.ones(2), {"a": {"b": 1}}])
def test_files_without_named_tensors(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(FileFormatError, match="holds no tensors by name"):
        read_weight_file(tmp_path / "net.pth")


OTHER = {key: value + 1 for key, value in STATE.items()}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (STATE, ""),
        ({**STATE, "epoch": 3}, ""),
        ({"state_dict": STATE, "epoch": 3, "optimizer": {"state": {0: {"m": OTHER["conv.bias"]}}}}, "state_dict"),
        ({"model": STATE, "args": argparse.Namespace(lr=0.1)}, "model"),
        ({"model": OTHER, "model_ema": {**STATE, "n_averaged": torch.tensor(5)}}, "model_ema', the running average"),
        ({"model": {"state_dict": STATE}}, "state_dict"),
    ],
    ids=["plain", "with numbers", "checkpoint", "with options", "average", "twice"],
)  # fmt: skip
def test_wrappers(tmp_path: Path, content: object, says: str) -> None:
    torch.save(content, tmp_path / "net.pth")
    found = read_weight_file(tmp_path / "net.pth")
    assert found.state.keys() == STATE.keys()
    assert all(torch.equal(found.state[key], value) for key, value in STATE.items())
    assert (says in found.notes[-1]) if says else not found.notes


def test_digits_in_the_name_are_the_checksum_of_published_files_alone(tmp_path: Path) -> None:
    dated, hashed = tmp_path / "mine-20240131.pth", tmp_path / "net-0123abcd.pth"
    for file in (dated, hashed):
        torch.save(STATE, file)
    assert read_weight_file(dated, is_published=False).state.keys() == STATE.keys()
    with pytest.raises(FileFormatError, match="checksum is not the one in its name"):
        read_weight_file(dated)
    with pytest.raises(FileFormatError, match=r"checksum is not the one in its name.*rename it"):
        read_weight_file(hashed, is_published=False)
