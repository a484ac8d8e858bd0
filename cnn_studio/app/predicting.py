"""What a project's or a pre-trained network says of images, for the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cnn_studio.app.project import Project, load_project
from cnn_studio.app.sources import open_source
from cnn_studio.app.trying import Tried, try_images
from cnn_studio.core.errors import DataError

PREFIX = "source:"
"""Begins the name of a pre-trained network where a project file could stand, as in ``source:efficientnet_lite0``."""


def open_for_prediction(name: str) -> Project:
    """Return a project with trained weights, from a project file or from ``source:NAME``, see `open_source`.

    Raises:
        FileFormatError: the file is no project.
        GraphError: there is no such source.
        NetworkError: its weights are not on this machine.
        RunError: there is no such run.
    """
    if not name.startswith(PREFIX):
        return load_project(Path(name))
    return open_source(name.removeprefix(PREFIX)).project


def images_of(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and the files with an image's ending in the folders named, in order.

    Raises:
        DataError: a path does not exist, or a folder holds no images.
    """
    from cnn_studio.datasets.folder_scan import IMAGE_SUFFIXES

    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                file for file in path.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file()
            )
            if not inside:
                raise DataError(f"{path} holds no images. Name image files, or a folder with some.")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DataError(f"{path} does not exist. Name image files, or a folder with some.")
    return found


def predict_files(project: Project, files: Iterable[Path], top: int) -> list[Tried]:
    """Return what the network says of each file, in order; a file that is no image carries its error.

    Raises:
        NetworkError: the network has errors, or is untrained.
    """
    found: list[Tried] = []
    try_images(
        project, list(files), lambda event: found.append(event) if isinstance(event, Tried) else None, top=top
    )
    return found
