"""Project files, ``*.cnnstudio``: a zip of ``project.json``, ``weights.safetensors`` and ``thumbnail.png``.

Nothing in a project file is ever executed or unpacked to disk. Every size is checked before it is read.
"""

from __future__ import annotations

import json
import lzma
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from cnn_studio.app.files import replacing
from cnn_studio.app.view_state import ViewState
from cnn_studio.app.weights import WeightSet
from cnn_studio.core.errors import FileFormatError
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.sources import DIGIT_CLASSES
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.records import explain, from_record, to_record
from cnn_studio.graph.starters import Starter

SUFFIX = ".cnnstudio"
SCHEMA = 1
_JSON, _WEIGHTS, _THUMBNAIL = "project.json", "weights.safetensors", "thumbnail.png"
_LIMITS = {_JSON: 64 * 2**20, _WEIGHTS: 16 * 2**30, _THUMBNAIL: 16 * 2**20}
# what zipfile and its decompressors raise on damaged, encrypted or strangely compressed archives
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError, ValueError
)  # fmt: skip
# how many times its packed size a member may unpack to: deflate reaches about 1,030 : 1, and weights hardly shrink
_MAX_RATIOS = {_JSON: 1_100, _WEIGHTS: 20, _THUMBNAIL: 1_100}


@dataclass(frozen=True, slots=True)
class Project:
    """All that a project file holds.

    Attributes:
        document: the network.
        data: where its images come from.
        settings: how it is trained.
        weights: trained weights, or an empty set.
        thumbnail: a picture of the network as PNG bytes, or nothing.
        view: how the canvas shows it.
    """

    document: NetworkDocument
    data: DataSource = field(default_factory=DataSource)
    settings: TrainSettings = field(default_factory=TrainSettings)
    weights: WeightSet = field(default_factory=WeightSet)
    thumbnail: bytes = b""
    view: ViewState = field(default_factory=ViewState)


def at_full_speed(project: Project) -> Project:
    """Return a new project as the window makes it: its runs take the fastest way to compute, unless told otherwise.

    The command line and project files say themselves how they compute.
    """
    return replace(project, settings=project.settings.model_copy(update={"speed": "auto"}))


def starter_project(starter: Starter) -> Project:
    """Return a new project for a starter network on the embedded digits.

    A network made for other classes keeps its own number of outputs until images are loaded for it.
    """
    document = starter.build()
    if starter.classes == 10:
        document.change_info(labels=DIGIT_CLASSES)
    return Project(document, DataSource(), TrainSettings.model_validate(dict(starter.settings)))


def save_project(path: Path, project: Project) -> None:
    """Write a project file; either all of it is written or the old file stays.

    Raises:
        StorageError: the file cannot be written.
    """
    record = {
        "schema": SCHEMA,
        "program": "CNN Studio",
        "document": to_record(project.document),
        "data": project.data.model_dump(mode="json"),
        "training": project.settings.model_dump(mode="json"),
        "view": project.view.model_dump(mode="json"),
    }
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_JSON, json.dumps(record, indent=1, ensure_ascii=False))
        if len(project.weights):
            import numpy as np
            from safetensors.numpy import save

            # safetensors writes the bytes as they lie in memory, whatever their order
            state = project.weights.to_state(project.document)
            ordered = {key: np.asarray(array, order="C") for key, array in state.items()}
            # weights do not compress; stored, they are as quick to read as a plain file
            archive.writestr(_WEIGHTS, save(ordered), zipfile.ZIP_STORED)
        if project.thumbnail:
            archive.writestr(_THUMBNAIL, project.thumbnail, zipfile.ZIP_STORED)


def load_project(path: Path) -> Project:
    """Read a project file.

    Raises:
        FileFormatError: it is missing, damaged, hostile, from a newer version, or no project file at all.
    """
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as error:
        reason = (
            "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        )
        if path.is_dir():
            reason = "it is a folder"
        raise FileFormatError(f"{path} cannot be opened: {reason}.") from None
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None


def _read(path: Path, file: IO[bytes]) -> Project:
    try:
        with zipfile.ZipFile(file) as archive:
            _check_members(archive)
            record = _parse_json(_member(archive, _JSON))
            names = set(archive.namelist())
            weights = _member(archive, _WEIGHTS) if _WEIGHTS in names else b""
            thumbnail = _member(archive, _THUMBNAIL) if _THUMBNAIL in names else b""
    except _ZIP_ERRORS as error:
        raise FileFormatError(
            "This is no CNN Studio project, or it is damaged or cut off. Open another copy of it. "
            f"(The zip archive cannot be read: {error}.)"
        ) from None
    _check_schema(record)
    document = from_record(record["document"])
    try:
        data = DataSource.model_validate(record.get("data", {}))
        settings = TrainSettings.model_validate(record.get("training", {}))
    except ValidationError as error:
        raise FileFormatError(f"The data or training settings cannot be read: {explain(error)}.") from None
    view = ViewState.read(record.get("view"))
    return Project(document, data, settings, _parse_weights(document, weights), thumbnail, view)


def _check_members(archive: zipfile.ZipFile) -> None:
    seen: set[str] = set()
    for info in archive.infolist():
        name = info.filename
        if name not in _LIMITS or name in seen:
            raise FileFormatError(
                f"The archive holds {name[:80]!r}, which no project file has; it was not opened."
            )
        seen.add(name)
        too_dense = info.file_size > _MAX_RATIOS[name] * max(1, info.compress_size)
        if info.file_size > _LIMITS[name] or too_dense:
            raise FileFormatError(
                f"{name} would unpack to {info.file_size:,} bytes, more than a project may hold; it was not opened."
            )


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise FileFormatError(f"This is no CNN Studio project: the archive holds no {name}.") from None
    with archive.open(info) as stream:
        content = stream.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise FileFormatError(f"{name} is cut off or longer than it says; the file is damaged.")
    return content


def _parse_json(content: bytes) -> dict[str, Any]:
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{_JSON} is damaged: {str(error)[:200]}.") from None
    if not isinstance(record, dict):
        raise FileFormatError(f"{_JSON} holds no record; this is no CNN Studio project.")
    return record


def _check_schema(record: dict[str, Any]) -> None:
    schema = record.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise FileFormatError(f"{_JSON} names no schema number; this is no CNN Studio project.")
    if schema > SCHEMA:
        raise FileFormatError(
            f"It was saved by a newer version of CNN Studio (schema {schema}; this version reads up to {SCHEMA}). "
            "Update the program to open it."
        )
    if not isinstance(record.get("document"), dict):
        raise FileFormatError(f"{_JSON} describes no network; this is no CNN Studio project.")


def _parse_weights(document: NetworkDocument, content: bytes) -> WeightSet:
    if not content:
        return WeightSet()
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return WeightSet.from_state(document, load(content))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise FileFormatError(f"{_WEIGHTS} is damaged: {error}.") from None


def thumbnail_of(path: Path) -> bytes:
    """Return a project's picture as PNG bytes without reading the rest; nothing if it has none."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive)
            return _member(archive, _THUMBNAIL) if _THUMBNAIL in archive.namelist() else b""
    except (OSError, FileFormatError, *_ZIP_ERRORS):
        return b""
