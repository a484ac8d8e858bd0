"""The frames around all unfolded blocks of a canvas, kept around their cards and wires."""

from __future__ import annotations

from collections.abc import Collection, Container
from typing import TYPE_CHECKING

from cnn_studio.ui.canvas.card_index import BoxIndex
from cnn_studio.ui.canvas.folding import name_within
from cnn_studio.ui.canvas.frame import FrameItem, frame_box
from cnn_studio.ui.canvas.geometry import Box

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.scene import NetworkScene


class Frames:
    """The frames of one scene, by the path of the block."""

    def __init__(self, scene: NetworkScene) -> None:
        self._scene = scene
        self.items: dict[str, FrameItem] = {}
        self._had_frames = False

    def clear(self) -> None:
        """Take all frames away."""
        for item in self.items.values():
            self._scene.removeItem(item)
        self.items.clear()

    def at(self, x: float, y: float) -> FrameItem | None:
        """Return the frame whose mark or name is at a place, the innermost one."""
        found = [item for item in self.items.values() if item.header_at(x, y)]
        return max(found, key=lambda item: item.path.count("."), default=None)

    def follow(self, scene: NetworkScene, keys: Collection[int] | None = None) -> None:
        """Add, remove and fit the frames to the scene's cards as they stand.

        Args:
            scene: the scene.
            keys: the cards that moved, if nothing else changed.
        """
        shown = scene.picture.open
        for path in self.items.keys() - shown.keys():
            scene.removeItem(self.items.pop(path))
        if not shown and not self._had_frames:
            return
        self._had_frames = bool(shown)
        if not shown:
            self._clear_headers(scene)
            return
        if keys is not None and not any(not set(cards).isdisjoint(keys) for cards in shown.values()):
            return
        for path, box in _boxes(scene).items():
            item = self.items.get(path)
            if item is None:
                item = self.items[path] = FrameItem(path)
                scene.addItem(item)
            item.set_box(box, name_within(path, _outer(path, shown)))
        self._clear_headers(scene)

    def _clear_headers(self, scene: NetworkScene) -> None:
        """Hide the texts of wires that would stand on the names of frames."""
        headers = BoxIndex()
        for n, item in enumerate(self.items.values()):
            headers.put_box(n, item.header_box())
        for wire in scene.wires.values():
            box = wire.label_box
            wire.set_label_shown(box is None or not headers.inside(box))


def _outer(path: str, shown: Container[str]) -> str:
    """Return the innermost block shown around a block; empty if there is none."""
    outer = path.rpartition(".")[0]
    while outer and outer not in shown:
        outer = outer.rpartition(".")[0]
    return outer


def _boxes(scene: NetworkScene) -> dict[str, Box]:
    """Return the frame of each unfolded block: around its cards, the wires between them, and the frames in it."""
    picture, index = scene.picture, scene.index
    shown = picture.open
    inner: dict[str, list[Box]] = {path: [index.box(key) for key in cards] for path, cards in shown.items()}
    outer = picture.outer
    for link, wire in scene.wires.items():
        path = _common(outer.get(link.source, ""), outer.get(link.target, ""))
        if path in inner and wire.route is not None and wire.route.lane is not None:
            at = wire.pos()
            inner[path].append(wire.extent.moved(at.x(), at.y()))
    boxes: dict[str, Box] = {}
    for path in reversed(inner):
        lefts, tops, rights, bottoms = zip(*inner[path], strict=True)
        boxes[path] = box = frame_box(Box(min(lefts), min(tops), max(rights), max(bottoms)))
        around = _outer(path, inner)
        if around:
            inner[around].append(box)
    return boxes


def _common(one: str, other: str) -> str:
    """Return the innermost block that two blocks are or lie in; empty if there is none."""
    while one != other:
        if len(one) >= len(other):
            one = one.rpartition(".")[0]
        else:
            other = other.rpartition(".")[0]
    return one
