"""One block of the user's own, and the file that it is kept in.

A file holds the layers, the links among them and their parameters, under names of their own. Files come from other
people too: whatever is in them is checked, and nothing in them is ever executed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cnn_studio.core.errors import FileFormatError, GraphError
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.fitting import part_shapes
from cnn_studio.graph.parts import prefixed
from cnn_studio.graph.paths import check_path
from cnn_studio.graph.presets import Preset, entry_of
from cnn_studio.graph.records import explain, from_record, to_record
from cnn_studio.graph.spec import Family, Shape

LARGEST = 4 * 2**20
"""Bytes that a block's file may have."""

MAX_NAME = 60
MAX_DESCRIPTION = 400


class _BlockRecord(BaseModel):
    """One block in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Literal["cnn-studio-block"]
    schema_: Literal[1] = Field(alias="schema")
    name: str
    description: str = Field("", max_length=MAX_DESCRIPTION)
    input_shape: tuple[int, ...] | None = Field(None, max_length=4)
    network: dict[str, Any]


class OwnBlock:
    """One block of the user's.

    Attributes:
        file: where it is kept; its stem is the block's identity in the program.
        name: what the user calls it.
        description: what the user says of it.
        part: its layers as a document of their own, behind an input layer that stands for what comes before.
        input_shape: what was fed into it where it was taken from, or None if that was not known.
    """

    def __init__(
        self, file: Path, name: str, description: str, part: NetworkDocument, input_shape: Shape | None
    ) -> None:
        self.file = file
        self.name = name
        self.description = description
        self.part = part
        self.input_shape = input_shape

    @property
    def key(self) -> str:
        """Its identity in the program."""
        return self.file.stem

    @property
    def num_layers(self) -> int:
        """Number of layers."""
        return len(self.part.layers) - 1

    @property
    def facts(self) -> str:
        """What it comes to: the number of layers, and the parameters on the input that it was made for."""
        layers = "1 layer" if self.num_layers == 1 else f"{self.num_layers:,} layers"
        found = part_shapes(self.part, entry_of(self.part).id, self.input_shape)
        return f"{layers} · {found.num_params:,} parameters" if found.num_params else layers

    @cached_property
    def preset(self) -> Preset:
        """The block as a preset, which inserts it under free names and numbers."""
        named = prefixed(self.part, plain_name(self.name))
        families: Counter[Family] = Counter()
        entry = entry_of(self.part).id
        for layer in self.part.layers.values():
            if layer.id != entry and layer.spec is not None:
                families[layer.spec.family] += 1 + 100 * (layer.spec.family is Family.CONVOLUTION)
        family = families.most_common(1)[0][0] if families else Family.IO
        is_block = self.num_layers > 1
        return Preset(self.key, self.name, family, self.description, lambda _: named, is_block=is_block)

    def to_text(self) -> str:
        """Return the text of its file."""
        record = {
            "kind": "cnn-studio-block",
            "schema": 1,
            "name": self.name,
            "description": self.description,
            "input_shape": self.input_shape,
            "network": to_record(self.part),
        }
        return json.dumps(record, indent=1, ensure_ascii=False)


def read_block(path: Path) -> OwnBlock:
    """Return the block that a file holds.

    Raises:
        FileFormatError: it cannot be read, or is no block, or is damaged; says which file, and why.
    """
    try:
        return _parse(path, _text_of(path))
    except (FileFormatError, GraphError) as error:
        raise FileFormatError(f"{path.name} is no block that can be read: {error}") from None


def _text_of(path: Path) -> str:
    try:
        if not path.is_file():
            raise FileFormatError("there is no such file.")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise FileFormatError(f"the system said: {error.strerror or error}.") from None
    if len(data) > LARGEST:
        raise FileFormatError("it is larger than 4 MB.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FileFormatError("it is no text.") from None


def _parse(path: Path, text: str) -> OwnBlock:
    try:
        record = _BlockRecord.model_validate_json(text)
    except ValidationError as error:
        raise FileFormatError(f"{explain(error)}.") from None
    part = from_record(record.network, "the network in it")
    entries = [layer for layer in part.layers.values() if layer.type == "input"]
    others = [layer_id for layer_id in part.layers if not entries or layer_id != entries[0].id]
    if not others or part.info.output not in others:
        raise FileFormatError("it holds no layers, or none of them is marked as its result.")
    shape = record.input_shape
    if shape is not None and not all(0 < size <= 2**31 for size in shape):
        raise FileFormatError("the shape of its input is out of range.")
    block = OwnBlock(path, clean_name(record.name), record.description, part, shape or None)
    _ = block.preset  # names that get too long are found here
    return block


def clean_name(name: str) -> str:
    """Return a block's name without needless spaces.

    Raises:
        GraphError: it is empty, too long, or holds characters that cannot be seen.
    """
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name:
        raise GraphError("A block needs a name, such as Residual with gate.")
    if len(name) > MAX_NAME:
        raise GraphError(f"The name of a block can have {MAX_NAME} characters, not {len(name)}.")
    if not name.isprintable():
        raise GraphError("The name of a block can hold only characters that can be seen.")
    return name


def folded_name(name: str) -> str:
    """Return what two names have in common that a person would take for the same."""
    return unicodedata.normalize("NFKC", name).casefold()


def plain_name(name: str) -> str:
    """Return a name for files and paths of layers: small letters, digits and underscores, whatever the user typed."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_")
    if not stem or not stem[0].isalpha():
        stem = f"block_{stem}".rstrip("_")
    try:
        check_path(stem)
    except GraphError:
        stem = f"block_{stem}"
    return stem
