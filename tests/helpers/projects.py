"""Project files for tests: good ones, and zips made by hand."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from cnn_studio.app.project import SCHEMA, Project, starter_project
from cnn_studio.app.weights import WeightSet
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.records import to_record
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import find_starter
from tests.helpers.networks import tiny_classifier


def lenet() -> Project:
    """LeNet-5 on the digits, as ``new lenet5`` makes it."""
    return starter_project(find_starter("lenet5"))


def random_weights(document: NetworkDocument, seed: int = 0) -> WeightSet:
    """Arrays for every tensor of every layer."""
    rng, report = np.random.default_rng(seed), infer_shapes(document)
    arrays: dict[tuple[int, str], np.ndarray] = {}
    for layer_id, state in report.states.items():
        layer = document.layer(layer_id)
        if layer.spec is None or state.shape is None:
            continue
        for name, tensor in layer.spec.tensors(layer.params, state.inputs).items():
            arrays[layer_id, name] = rng.normal(size=tensor.shape).astype(np.float32)
    return WeightSet(arrays)


def project_record(document: NetworkDocument | None = None) -> dict[str, Any]:
    """What stands in project.json."""
    return {
        "schema": SCHEMA,
        "document": to_record(document or tiny_classifier()),
        "data": {},
        "training": {},
    }


def write_zip(path: Path, members: dict[str, bytes | str], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip archive of those members."""
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_json(path: Path, content: object) -> Path:
    """Write a project whose project.json is the given value, or the given text as it is."""
    text = content if isinstance(content, str) else json.dumps(content)
    return write_zip(path, {"project.json": text})
