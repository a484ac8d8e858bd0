"""Which layers are selected; shared by canvas, inspector and problems list."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from PySide6.QtCore import QObject, Signal


class SelectionModel(QObject):
    """The selected layers and the current one among them.

    Attributes:
        changed: emitted after the selection or the current layer changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids: frozenset[int] = frozenset()
        self._current: int | None = None

    @property
    def ids(self) -> frozenset[int]:
        """Ids of the selected layers."""
        return self._ids

    @property
    def current(self) -> int | None:
        """The layer that the inspector shows, always a selected one; None if nothing is selected."""
        return self._current

    def select(self, ids: Iterable[int], current: int | None = None) -> None:
        """Select exactly these layers.

        Args:
            ids: the layers.
            current: the current one; if it is not among them, the former current one, or else the lowest id.
        """
        wanted = frozenset(ids)
        if current not in wanted:
            current = self._current if self._current in wanted else min(wanted, default=None)
        if wanted == self._ids and current == self._current:
            return
        self._ids, self._current = wanted, current
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
