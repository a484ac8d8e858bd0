"""The user's own blocks: parts of networks that are kept as files in a folder, to be inserted like presets."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from psygnal import Signal

from cnn_studio.app.files import replacing, storage_error
from cnn_studio.app.own_block import (
    LARGEST,
    MAX_DESCRIPTION,
    MAX_NAME,
    OwnBlock,
    clean_name,
    folded_name,
    plain_name,
    read_block,
)
from cnn_studio.app.places import blocks_folder
from cnn_studio.core.errors import GraphError, StorageError, StudioError
from cnn_studio.graph.parts import cut_out
from cnn_studio.graph.shapes import ShapeReport

_log = logging.getLogger(__name__)
_SUFFIX = ".json"
_MOST = 500


class MyBlocks:
    """The blocks in one folder, in the order of their names.

    Attributes:
        changed: emitted after a block was added, renamed or deleted.
        skipped: a sentence for each file that could not be read, after the blocks were read.
    """

    changed = Signal()

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._blocks: dict[str, OwnBlock] | None = None
        self.skipped: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._folder or blocks_folder()

    @property
    def blocks(self) -> tuple[OwnBlock, ...]:
        """All blocks; the folder is read the first time."""
        return tuple(self._read().values())

    def find(self, key: str) -> OwnBlock | None:
        """Return a block by its identity, or None."""
        return self._read().get(key)

    def reload(self) -> None:
        """Read the folder again."""
        self._blocks = None
        self._read()
        self.changed.emit()

    def add(self, report: ShapeReport, ids: Collection[int], name: str, description: str = "") -> OwnBlock:
        """Keep some layers of a network as a block and return it.

        Args:
            report: shapes of the network.
            ids: the layers; the first layer outside that feeds them is what the block will be put behind.
            name: what it is to be called.
            description: what is to be said of it.

        Raises:
            GraphError: there are no layers, or the name is empty, too long, or taken.
            StorageError: the file cannot be written.
        """
        name = self.check_name(name)
        part, shape = cut_out(report, ids)
        block = OwnBlock(
            self._free_file(name), name, " ".join(description.split())[:MAX_DESCRIPTION], part, shape
        )
        self._write(block)
        return block

    def rename(self, key: str, name: str) -> None:
        """Give a block another name.

        Raises:
            GraphError: there is no such block, or the name is empty, too long, or taken.
            StorageError: the file cannot be written.
        """
        block = self._get(key)
        name = self.check_name(name, but=key)
        if name != block.name:
            self._write(OwnBlock(block.file, name, block.description, block.part, block.input_shape))

    def delete(self, key: str) -> None:
        """Delete a block and its file.

        Raises:
            GraphError: there is no such block.
            StorageError: the file cannot be deleted.
        """
        block = self._get(key)
        try:
            block.file.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{block.name} could not be deleted: {error.strerror or error}.") from error
        self._read().pop(key, None)
        self.changed.emit()

    def export(self, key: str, path: Path) -> None:
        """Write a block to a file elsewhere.

        Raises:
            GraphError: there is no such block.
            StorageError: the file cannot be written.
        """
        text = self._get(key).to_text()
        with replacing(path) as file:
            file.write(text.encode())

    def take(self, path: Path) -> OwnBlock:
        """Add a block from a file; if its name is taken, it gets a number.

        Raises:
            FileFormatError: the file is no block or damaged; nothing is added.
            StorageError: it cannot be written.
        """
        block = read_block(path)
        name, number = block.name, 1
        while self._is_taken(name):
            number += 1
            ending = f" {number}"
            name = block.name[: MAX_NAME - len(ending)] + ending
        block = OwnBlock(self._free_file(name), name, block.description, block.part, block.input_shape)
        self._write(block)
        return block

    def check_name(self, name: str, but: str = "") -> str:
        """Return a name without needless spaces, if a block may have it.

        Args:
            name: the name.
            but: identity of the block that may have it already.

        Raises:
            GraphError: it is empty, too long, holds characters that cannot be seen, or is taken.
        """
        name = clean_name(name)
        if self._is_taken(name, but):
            raise GraphError(f"There already is a block {name!r} among yours; choose another name.")
        return name

    # ---------------------------------------------------------------------------------------------------------- files

    def _read(self) -> dict[str, OwnBlock]:
        if self._blocks is None:
            found: list[OwnBlock] = []
            skipped: list[str] = []
            for path in self._files():
                try:
                    found.append(read_block(path))
                except StudioError as error:
                    skipped.append(str(error))
            self.skipped = tuple(skipped)
            self._blocks = _sorted(found)
        return self._blocks

    def _files(self) -> list[Path]:
        try:
            return sorted(self.folder.glob(f"*{_SUFFIX}"))[:_MOST]
        except OSError:
            _log.info("the folder of own blocks cannot be read", exc_info=True)
            return []

    def _get(self, key: str) -> OwnBlock:
        block = self.find(key)
        if block is None:
            raise GraphError("This block is not there any more.")
        return block

    def _is_taken(self, name: str, but: str = "") -> bool:
        wanted = folded_name(name)
        return any(folded_name(block.name) == wanted for block in self.blocks if block.key != but)

    def _free_file(self, name: str) -> Path:
        stem, number = plain_name(name), 1
        path = self.folder / f"{stem}{_SUFFIX}"
        while path.exists():
            number += 1
            path = self.folder / f"{stem}-{number}{_SUFFIX}"
        return path

    def _write(self, block: OwnBlock) -> None:
        text = block.to_text().encode()
        if len(text) > LARGEST:
            raise GraphError(f"{block.name} is too large for a block; save the network as a project instead.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(block.file, error) from error
        with replacing(block.file) as file:
            file.write(text)
        self._blocks = _sorted([*(old for old in self.blocks if old.key != block.key), block])
        self.changed.emit()


def _sorted(blocks: Collection[OwnBlock]) -> dict[str, OwnBlock]:
    return {block.key: block for block in sorted(blocks, key=lambda block: folded_name(block.name))}
