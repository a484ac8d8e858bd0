"""Which layers, or which wire, are selected; shared by canvas, inspector and problems list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from PySide6.QtCore import QObject, Signal

from cnn_studio.graph.document import Link


class SelectionModel(QObject):
    """The selected layers and the current one among them.

    Attributes:
        changed: emitted after the selection, the current layer or the selected wire changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids: frozenset[int] = frozenset()
        self._current: int | None = None
        self._links: tuple[Link, ...] = ()

    @property
    def ids(self) -> frozenset[int]:
        """Ids of the selected layers."""
        return self._ids

    @property
    def current(self) -> int | None:
        """The layer that the inspector shows, always a selected one; None if nothing is selected."""
        return self._current

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of the selected wire; empty if none is selected."""
        return self._links

    @property
    def source(self) -> int | None:
        """The layer whose result a new layer would read: the current one, or where the selected wire begins."""
        return self._links[0].source if self._links else self._current

    def select_links(self, links: Sequence[Link]) -> None:
        """Select the wire that stands for some links and no layer; an empty sequence selects no wire."""
        if tuple(links) == self._links:
            return
        self._links = tuple(links)
        if links:
            self._ids, self._current = frozenset(), None
        self.changed.emit()

    def select(self, ids: Iterable[int], current: int | None = None) -> None:
        """Select exactly these layers.

        Args:
            ids: the layers.
            current: the current one; if it is not among them, the former current one, or else the lowest id.
        """
        wanted = frozenset(ids)
        if current not in wanted:
            current = self._current if self._current in wanted else min(wanted, default=None)
        links = () if wanted else self._links
        if wanted == self._ids and current == self._current and links == self._links:
            return
        self._ids, self._current, self._links = wanted, current, links
        self.changed.emit()

    def toggle(self, layer_id: int) -> None:
        """Select a layer too, or no longer."""
        if layer_id in self._ids:
            self.select(self._ids - {layer_id})
        else:
            self.select(self._ids | {layer_id}, layer_id)

    def keep(self, existing: Collection[int]) -> None:
        """Drop the layers that no longer exist."""
        self.select(layer_id for layer_id in self._ids if layer_id in existing)

    def clear(self) -> None:
        """Select nothing."""
        self.select(())
        self.select_links(())
