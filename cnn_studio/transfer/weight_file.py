"""Reading a file of weights, published or anybody's: only tensors are read, and no pickle is ever executed."""

from __future__ import annotations

import argparse
import hashlib
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cnn_studio.core.errors import FileFormatError

_HASH = re.compile(r"-([0-9a-f]{8,64})\.")
_WHOLE_HASH = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"(19|20)\d{6}")
_REFUSED = re.compile(r"GLOBAL (\S+)")
_BLOCK = 1 << 20

# Where training programs put the weights, the running average first: it is what they would publish.
_WRAPPERS = (
    "state_dict_ema", "model_ema", "ema_state_dict", "ema",
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params",
)  # fmt: skip
_AVERAGES = frozenset(("state_dict_ema", "model_ema", "ema_state_dict", "ema"))
_COUNTER = "n_averaged"  # of torch's AveragedModel
_MOST_WRAPPERS = 4
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class WeightFile:
    """What a file of weights holds.

    Attributes:
        state: tensors by name.
        notes: where in the file they were found, as sentences, if not at its top.
    """

    state: dict[str, torch.Tensor]
    notes: tuple[str, ...] = ()


def read_weight_file(file: Path, *, is_published: bool = True) -> WeightFile:
    """Return the tensors of a file of ``torch.save`` or of safetensors, out of the usual wrappers.

    Args:
        file: the file.
        is_published: whether digits in its name are the checksum that publishers put there; in anybody's file they may
            be a date.

    Raises:
        FileFormatError: it cannot be read, holds program code or no tensors, or is not the file that its name promises.
    """
    try:
        if file.is_dir():
            raise FileFormatError(f"{file} is a folder. Choose a file of weights, such as model.pth.")
        if not file.stat().st_size:
            raise FileFormatError(f"{file} is empty, so there are no weights to read.")
        digest_in_name(file, is_published=is_published)
        with file.open("rb") as stream:
            first = stream.read(2)
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or error
        raise FileFormatError(f"{file} cannot be read: {reason}.") from None
    if file.suffix == ".safetensors":
        raw: object = _read_safetensors(file)
    else:
        raw = _read_torch(file, first)
    state, notes = _unwrapped(raw, file)
    return WeightFile(state, notes)


def digest_in_name(file: Path, *, is_published: bool = True) -> str:
    """Return the beginning of the SHA-256 in a file's name, or nothing where there is none; it was checked.

    Raises:
        FileFormatError: the content is another one.
        OSError: it cannot be read.
    """
    # in the cache of the Hugging Face hub the real file is named by its whole hash
    resolved = file.resolve().name
    named = _HASH.search(file.name)
    expected = resolved if _WHOLE_HASH.fullmatch(resolved) else named[1] if named else ""
    if not expected or (not is_published and _DATE.fullmatch(expected)):
        return ""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    if not digest.hexdigest().startswith(expected):
        what = "Delete it." if is_published else "Fetch it again, or rename it if its name holds no checksum."
        raise FileFormatError(
            f"{file} is damaged or was downloaded only in part: its checksum is not the one in its name. {what}"
        )
    return expected


def _read_safetensors(file: Path) -> object:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(file))
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, MemoryError) as error:
        raise FileFormatError(
            f"{file} cannot be read; it is damaged or incomplete: {_first_line(error)}."
        ) from None


def _read_torch(file: Path, first: bytes) -> object:
    try:
        # Namespace holds the options of many training programs and runs nothing
        with warnings.catch_warnings(), torch.serialization.safe_globals([argparse.Namespace]):
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - a damaged or hostile file may raise anything; the cases are told below
        refused = _refused_in(file, error)
        if refused:
            more = f" and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
            raise FileFormatError(
                f"{file} was not read: besides tensors it names program code ({', '.join(refused[:_MOST_NAMED])}{more}), "
                "which is never executed. Where it was made, save the weights alone: torch.save(model.state_dict(), FILE)."
            ) from None
        if first[:1] == b"\x80":
            raise FileFormatError(
                f"{file} was not read: it is a Python pickle that may hold program code, which is never executed, or it "
                "is incomplete. Where it was made, save the weights alone: torch.save(model.state_dict(), FILE)."
            ) from None
        if first == b"PK":
            raise FileFormatError(
                f"{file} cannot be read; it is damaged or incomplete: {_first_line(error)}."
            ) from None
        raise FileFormatError(
            f"{file} cannot be read: it is no file of weights. Those of PyTorch (.pth, .pt) and safetensors are read."
        ) from None


def _refused_in(file: Path, error: Exception) -> list[str]:
    """Return the names of the code that a file asks for and torch does not load."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(file))
    except Exception:  # noqa: BLE001 - damaged, or of torch's older format: the first refusal says one name
        named = _REFUSED.search(str(error))
        return [named[1]] if named else []


def _first_line(error: BaseException) -> str:
    line = (str(error).strip().split("\n")[0] or type(error).__name__).rstrip(".")
    return line.split(". ")[0]


def _unwrapped(raw: object, file: Path) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    notes: list[str] = []
    for _ in range(_MOST_WRAPPERS):
        if not isinstance(raw, Mapping):
            break
        inner = [key for key in _WRAPPERS if _holds_tensors(raw.get(key))]
        if not inner:
            state = {
                key: value.detach()
                for key, value in raw.items()
                if isinstance(key, str) and key != _COUNTER and _is_dense(value)
            }
            if not state:
                break
            return state, tuple(notes)
        notes.append(_choice(inner))
        raw = raw[inner[0]]
    raise FileFormatError(f"{file} holds no tensors by name, so there are no weights to read.")


def _choice(inner: list[str]) -> str:
    if len(inner) == 1:
        return f"The weights lie under {inner[0]!r} in the file."
    average = ", the running average" if inner[0] in _AVERAGES else ""
    return f"The file holds several sets of weights ({', '.join(inner)}); those under {inner[0]!r}{average} were read."


def _holds_tensors(value: Any, depth: int = 0) -> bool:
    return (
        isinstance(value, Mapping)
        and depth < _MOST_WRAPPERS
        and any(_is_dense(item) or _holds_tensors(item, depth + 1) for item in value.values())
    )


def _is_dense(value: object) -> bool:
    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and not (value.is_quantized or value.is_meta)
    )
