"""Opening what transfer begins from: a pre-trained network, one's own project, or a run, with weights or with a sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.importing import open_library_network
from cnn_studio.app.project import SUFFIX, Project, load_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.weight_download import OTHERWISE
from cnn_studio.app.weights import WeightSet
from cnn_studio.core.errors import GraphError, NetworkError, RunError
from cnn_studio.graph.shapes import infer_shapes

if TYPE_CHECKING:
    from cnn_studio.transfer.matching import WeightMatch

PROJECT, RUN = "project:", "run:"
_WEIGHT_SUFFIXES = (".pth", ".pt", ".ckpt", ".bin", ".safetensors")


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A network with trained weights, wherever they come from.

    Attributes:
        project: its document and weights; with a weights file that fits in part, what does not fit is missing.
        title: what to call it.
        notes: what a person should know of it, as sentences.
        match: what of the weights file fits; None for projects and runs with their own weights.
    """

    project: Project
    title: str
    notes: tuple[str, ...] = ()
    match: WeightMatch | None = None


def is_own(name: str) -> bool:
    """Whether a source is a project or a run of the user, and not a published network."""
    return name.startswith((RUN, PROJECT)) or name.endswith(SUFFIX)


def open_source(name: str, *, weights: Path | None = None) -> OpenedSource:
    """Open a source by name; nothing is downloaded.

    Args:
        name: ``efficientnet_lite0``, a network such as ``resnet18``, ``torchvision:resnet18`` or ``timm:resnet18``, a
            project file (``project:FILE``, or a path that ends in .cnnstudio), or ``run:NUMBER``.
        weights: a file to take the weights from instead of the source's own.

    Raises:
        GraphError: there is no such source.
        NetworkError: it has no weights, or something in it is no layer; says what can be done instead.
        FileFormatError: the project or the weights file cannot be read, or nothing in it fits.
        RunError: there is no such run, or it kept no network.
        StorageError: the runs cannot be read.
    """
    if name.startswith(RUN):
        number = name.removeprefix(RUN)
        file = _run_file(number)
        return _own(load_project(file), f"Run {number}", weights)
    if name.startswith(PROJECT) or name.endswith(SUFFIX):
        path = Path(name.removeprefix(PROJECT))
        return _own(load_project(path), str(path), weights)
    if name.endswith(_WEIGHT_SUFFIXES):
        raise GraphError(
            f"{name} is a file of weights, which says not what network they are for. Name the network, and give the file "
            f"with --weights {name}."
        )
    return _published(name, weights)


def _run_file(number: str) -> Path:
    if not number.isdecimal() or not number.isascii():
        raise GraphError(
            f"{RUN}{number} names no run. Give its number, such as {RUN}3; list them with: cnn-studio runs list"
        )
    store, run = RunStore(), int(number)
    if store.run(run) is None:
        raise RunError(f"There is no run {run}. List them with: cnn-studio runs list")
    file = store.project_file(run)
    if not file.is_file():
        raise RunError(f"Run {run} has kept no trained network yet, so nothing can begin from it.")
    return file


def _own(project: Project, title: str, weights: Path | None) -> OpenedSource:
    if weights is not None:
        from cnn_studio.transfer.matching import network_shapes
        from cnn_studio.transfer.opening import match_file

        found = match_file(weights, network_shapes(infer_shapes(project.document)))
        arrays = {key: tensor.numpy() for key, tensor in found.fitting.items()}
        kept = WeightSet.from_state(project.document, arrays)
        return OpenedSource(replace(project, weights=kept), title, found.sentences(), found)
    if not len(project.weights):
        raise NetworkError(
            f"{title} has no trained weights, so nothing can begin from it. Train it first, or take weights from a file "
            "on disk."
        )
    return OpenedSource(project, title)


def _published(name: str, weights: Path | None) -> OpenedSource:
    from cnn_studio.transfer.sources import find_source
    from cnn_studio.transfer.weights import find_weights

    card = find_source(name)
    opened = open_library_network(card.full_name, weights)
    if opened.match is None:
        if find_weights(card) is None:
            why = f"The weights of {card.full_name} are not on this machine."
        else:
            why = opened.notes[-1]
        fetch = (
            f" With a connection, fetch them: cnn-studio sources --download {card.full_name}"
            if card.url
            else ""
        )
        raise NetworkError(f"{why} Without a connection you can {OTHERWISE}.{fetch}")
    return OpenedSource(opened.project, card.full_name, opened.notes, opened.match)
