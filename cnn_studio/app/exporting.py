"""Networks as files for elsewhere: PyTorch code, and weights under the keys that this code has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cnn_studio.app.files import replacing
from cnn_studio.app.project import Project
from cnn_studio.compiler.source import source_lines
from cnn_studio.core.errors import StorageError
from cnn_studio.graph.shapes import infer_shapes

if TYPE_CHECKING:
    from torch import Tensor

WEIGHT_SUFFIXES = (".safetensors", ".pt", ".pth", ".npz")
"""Endings of weight files: safetensors, PyTorch's own state dicts, NumPy's archives."""


@dataclass(frozen=True, slots=True)
class ExportedWeights:
    """What a weight file holds.

    Attributes:
        tensors: how many there are.
        trained: how many of them the project had; the others are first weights.
    """

    tensors: int
    trained: int


def export_code(project: Project, path: Path) -> int:
    """Write the network as a Python file that needs PyTorch alone; return its number of lines.

    Raises:
        NetworkError: the network has errors.
        StorageError: the file cannot be written.
    """
    from cnn_studio.app.training import check_ready

    report = infer_shapes(project.document)
    check_ready(report)
    text = source_lines(project.document, report).text
    with replacing(path) as file:
        file.write(text.encode("utf-8"))
    return text.count("\n")


def export_weights(project: Project, path: Path) -> ExportedWeights:
    """Write all weights by state-dict key; those that the project lacks are drawn from its seed.

    Args:
        project: whose weights to write.
        path: its ending, one of `WEIGHT_SUFFIXES`, chooses the format.

    Raises:
        NetworkError: the network has errors.
        StorageError: the ending is another one, or the file cannot be written.
    """
    if path.suffix.lower() not in WEIGHT_SUFFIXES:
        raise StorageError(
            f"{path.name} does not say which kind of weight file it is to be. End its name in "
            f"{', '.join(WEIGHT_SUFFIXES[:-1])} or {WEIGHT_SUFFIXES[-1]}."
        )
    import torch

    from cnn_studio.compiler import lower

    known = {key: torch.tensor(array) for key, array in project.weights.to_state(project.document).items()}
    state = lower(project.document, weights=known, seed=project.settings.seed).state_dict()
    with replacing(path) as file:
        _write(path.suffix.lower(), {key: tensor.contiguous() for key, tensor in state.items()}, file)
    trained = sum(key in known and known[key].shape == tensor.shape for key, tensor in state.items())
    return ExportedWeights(len(state), trained)


def _write(suffix: str, state: dict[str, Tensor], file: IO[bytes]) -> None:
    if suffix == ".safetensors":
        from safetensors.torch import save

        file.write(save(state))
    elif suffix == ".npz":
        import numpy as np

        arrays: dict[str, Any] = {key: tensor.numpy() for key, tensor in state.items()}
        np.savez(file, **arrays)
    else:
        import torch

        torch.save(state, file)
