"""Checkpoints on disk: one safetensors file with the record of the run in its header."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.files import replacing_path
from cnn_studio.core.errors import FileFormatError

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_studio.engine.checkpoint import Checkpoint

_KEY = "cnn-studio"


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of the one before.

    Raises:
        StorageError: it cannot be written; the one before stays.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    metadata = {_KEY: json.dumps(checkpoint.to_record())}
    with replacing_path(path) as temporary:
        try:
            save_file(_apart(checkpoint.tensors), temporary, metadata)
        except SafetensorError as error:  # what the system said is only in its text
            raise _as_os_error(error) from error


def _as_os_error(error: Exception) -> OSError:
    found = re.search(r"os error (\d+)", str(error))
    return OSError(int(found.group(1)) if found else 0, str(error))


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors on the CPU, each in plain order and in memory of its own: safetensors writes no others."""
    import torch

    seen: set[int] = set()
    found: dict[str, Tensor] = {}
    for key, value in tensors.items():
        plain = value.detach().to("cpu").contiguous(memory_format=torch.contiguous_format)
        place = plain.untyped_storage().data_ptr()
        found[key] = plain.clone() if place in seen else plain
        seen.add(place)
    return found


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        FileFormatError: it is missing, damaged, or of another version.
    """
    from safetensors import SafetensorError, safe_open

    from cnn_studio.engine.checkpoint import Checkpoint

    try:
        with safe_open(path, framework="pt") as file:
            record = json.loads((file.metadata() or {})[_KEY])
            # copies: a file that is mapped into memory cannot be replaced on Windows, and the run replaces it
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118 - it is no dictionary
    except FileNotFoundError:
        raise FileFormatError(f"There is no checkpoint {path}, so the run cannot go on.") from None
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise FileFormatError(
            f"The checkpoint {path} is damaged ({error}). Repeat the run instead."
        ) from error
    return Checkpoint.from_record(record, tensors)
