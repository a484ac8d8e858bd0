"""Documents as plain JSON records and back.

Reading checks everything by kind and range first, so that a damaged or hostile file gives one sentence; unknown
layer types are kept as they are.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cnn_studio.core.errors import FileFormatError, GraphError, ParameterError
from cnn_studio.graph.commands import MAX_ID, AddLayer
from cnn_studio.graph.document import Layer, Link, NetworkDocument, Scores
from cnn_studio.graph.legality import check_link
from cnn_studio.graph.preprocessing import Preprocessing

MAX_LAYERS = 20_000
_COORDINATE = 1e7
_LONGEST = 300  # letters of what is wrong with a value


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class LayerRecord(_Record):
    """One layer in a file; only ``id``, ``path`` and ``type`` are required."""

    id: int = Field(ge=1, le=MAX_ID)
    path: str
    type: str = Field(min_length=1, max_length=100)
    params: dict[str, Any] = {}
    position: tuple[float, float] = (0.0, 0.0)
    title: str = Field("", max_length=200)
    trainable: bool = True
    lr_factor: float = Field(1.0, gt=0, le=1e6)
    keep_statistics: bool = False
    tied_to: int | None = None


class LinkRecord(_Record):
    """One link in a file."""

    source: int
    target: int
    port: int = Field(0, ge=0, lt=10_000)


class DocumentRecord(_Record):
    """A whole network in a file."""

    name: str = Field("Untitled", min_length=1, max_length=200)
    output: int | None = None
    labels: tuple[str, ...] = Field((), max_length=100_000)
    preprocessing: Preprocessing = Preprocessing()
    scores: Scores = "logits"
    next_id: int = Field(1, ge=1, le=MAX_ID + 1)  # one above the last layer's, whatever that has
    layers: tuple[LayerRecord, ...] = Field((), max_length=MAX_LAYERS)
    links: tuple[LinkRecord, ...] = Field((), max_length=MAX_LAYERS * 10)


def to_record(document: NetworkDocument) -> dict[str, Any]:
    """Return the document as a JSON-able record; layers and links come in the order of their ids."""
    info = document.info
    record: dict[str, Any] = {
        "name": info.name,
        "output": info.output,
        "labels": list(info.labels),
        "preprocessing": info.preprocessing.model_dump(mode="json"),
        "next_id": document.next_id,
        "layers": [_layer_record(document.layers[layer_id]) for layer_id in sorted(document.layers)],
        "links": [
            link._asdict() for layer_id in sorted(document.layers) for link in document.inputs_of(layer_id)
        ],
    }
    if info.scores != "logits":
        record["scores"] = info.scores
    return record


def _layer_record(layer: Layer) -> dict[str, Any]:
    params = {key: list(value) if isinstance(value, tuple) else value for key, value in layer.params.items()}
    record: dict[str, Any] = {"id": layer.id, "path": layer.path, "type": layer.type, "params": params}
    record["position"] = [layer.x, layer.y]
    if layer.title:
        record["title"] = layer.title
    record["trainable"] = layer.trainable
    if layer.lr_factor != 1.0:
        record["lr_factor"] = layer.lr_factor
    if layer.keep_statistics:
        record["keep_statistics"] = True
    if layer.tied_to is not None:
        record["tied_to"] = layer.tied_to
    return record


def from_record(raw: object, owner: str = "The network in this file") -> NetworkDocument:
    """Return the document that a record describes.

    Args:
        raw: the record.
        owner: what the sentence begins with that says what is wrong.

    Raises:
        FileFormatError: a field is missing, of the wrong kind or out of range; says which.
    """
    try:
        record = DocumentRecord.model_validate_json(_as_json(raw))
    except ValidationError as error:
        raise FileFormatError(f"{owner} cannot be read: {explain(error)}.") from None
    document = NetworkDocument()
    try:
        for layer in record.layers:
            _add_layer(document, layer)
        for entry in record.links:
            link = Link(entry.source, entry.target, entry.port)
            check_link(document, link, allow_cycle=True)
            document.put_link(link)
        if record.output is not None:
            document.layer(record.output)
    except (GraphError, ParameterError) as error:
        raise FileFormatError(f"{owner} cannot be read: {error}") from None
    document.change_info(
        name=record.name,
        output=record.output,
        labels=record.labels,
        preprocessing=record.preprocessing,
        scores=record.scores,
    )
    document.reserve_ids(record.next_id)
    return document


def _add_layer(document: NetworkDocument, record: LayerRecord) -> None:
    x, y = (max(-_COORDINATE, min(_COORDINATE, value)) for value in record.position)
    values = record.model_dump(exclude={"position", "params"})
    document.put_layer(AddLayer.model_construct(**values, params=record.params, x=x, y=y).to_layer())


def _as_json(raw: object) -> str:
    # strict validation treats JSON and Python values differently: in Python a list is no tuple
    return json.dumps(raw)


def explain(error: ValidationError) -> str:
    """Return the first fault of a validation in words: where, and what."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    got = repr(first.get("input"))
    shown = f" (it is {got if len(got) <= 40 else got[:37] + '...'})" if first["type"] != "missing" else ""
    text = first["msg"][0].lower() + first["msg"][1:]
    text = (
        text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    )  # it may repeat what was in the file
    return f"{where or 'the top level'}: {text}{shown}"
