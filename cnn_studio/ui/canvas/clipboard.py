"""Layers on the clipboard, as JSON text that other programs and people can read."""

from __future__ import annotations

import json
from collections.abc import Collection

from cnn_studio.core.errors import FileFormatError
from cnn_studio.graph.blocks import BlockTree
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.edits import part_of
from cnn_studio.graph.paths import prefixes
from cnn_studio.graph.records import from_record, to_record

_KIND = "cnn-studio-layers"
_MAX_CHARACTERS = 20_000_000

_NO_LAYERS = "The clipboard holds no layers. Copy layers on a canvas first, then paste."


def to_text(document: NetworkDocument, layer_ids: Collection[int]) -> str:
    """Return some layers with the links among them as JSON text."""
    record = to_record(part_of(document, layer_ids))
    kept = {key: record[key] for key in ("layers", "links", "next_id")}
    blocks = BlockTree(document).of_layers(layer_ids)
    return json.dumps({"kind": _KIND, "blocks": blocks, **kept}, indent=1)


def from_text(text: str) -> tuple[NetworkDocument, tuple[str, ...]]:
    """Return the layers that a text describes, as a document of their own, and which blocks are whole in it.

    Raises:
        FileFormatError: the text is something else, or damaged.
    """
    if len(text) > _MAX_CHARACTERS or not text.lstrip().startswith("{"):
        raise FileFormatError(_NO_LAYERS)
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise FileFormatError(_NO_LAYERS) from None
    if not isinstance(record, dict) or record.pop("kind", None) != _KIND:
        raise FileFormatError(_NO_LAYERS)
    blocks = record.pop("blocks", [])
    part = from_record(record, "The layers on the clipboard")
    if not part.layers:
        raise FileFormatError(_NO_LAYERS)
    names = blocks if isinstance(blocks, list) else []
    whole = dict.fromkeys(path for path in names if isinstance(path, str) and part.is_block(path))
    # a block within another one is renamed with it
    return part, tuple(path for path in whole if whole.keys().isdisjoint(prefixes(path)))
