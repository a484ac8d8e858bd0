"""The freeze tree: which layers learn and which keep their weights, with what that comes to.

All it knows is in the document; each tick is an edit that can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel, QLineEdit, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.app.session import Session
from cnn_studio.core.errors import StudioError
from cnn_studio.graph.commands import Macro
from cnn_studio.graph.document import DocumentChange
from cnn_studio.graph.freeze_tree import FreezeNode, training_passes
from cnn_studio.graph.freezing import set_rate, set_statistics, set_trains
from cnn_studio.ui import theme
from cnn_studio.ui.panels.freeze_model import LAYER, ROW, FoundRows, FreezeModel, FreezeRow, outermost, walk
from cnn_studio.ui.panels.freeze_picks import FreezePicks
from cnn_studio.ui.panels.freeze_view import FreezeView
from cnn_studio.ui.panels.lazy_refresh import LazyRefresh
from cnn_studio.ui.panels.run_progress import duration_text

_INTERVAL_MS = 60
_ROWS_AT_FIRST = 40  # blocks are opened level by level as long as no more rows than these come
_ALL_PASSES = 3.0  # what a step costs where all layers train: once forward, twice back
_WHY = (
    "A frozen layer works, but does not learn: its weights stay exactly as they are. Early layers see edges and textures "
    "that serve for most images, late ones what their old classes need. Frozen batch norms keep their mean and variance too."
)
_WHY_MORE = (
    "Batch norm brings every channel to mean 0 and variance 1. In training it measures both on the batch and keeps a running "
    "mean of them for prediction. If a frozen norm went on measuring, its results would drift with the new images, and the "
    "frozen layers behind it would get something they never learned from. So it keeps what it has."
)
_EMPTY = "There is no layer with weights yet. Drag a convolution from the palette onto the canvas, or open a starter."


class FreezeTree(QWidget):
    """Blocks and layers with ticks, rate factors and the policy of batch norms; quick picks above, the outcome below.

    Attributes:
        layer_selected: with the id of the layer that became the current one.
        block_selected: with the path of the block that became the current one.
        message: with a sentence on an edit that was refused.
    """

    layer_selected = Signal(int)
    block_selected = Signal(str)
    message = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._epoch_seconds: Callable[[], float | None] | None = None
        self._open: set[str] | None = None  # blocks that were open before something was searched
        self.model = FreezeModel(self)
        self.rows = FoundRows(self.model, self)
        self.view = FreezeView(self.rows)
        self.picks = FreezePicks(session.report)
        self.search = _SearchField(self.view)
        self.counts, self.cost, self.warning = QLabel(), QLabel(), QLabel()
        self._pages = QStackedWidget()
        self._build()
        self._connect()
        self._refresher = LazyRefresh(self, self.refresh, _INTERVAL_MS)
        session.changed.connect(self._document_changed)
        session.replaced.connect(self._refresher.request)
        session.settings_changed.connect(self._refresher.request)
        session.weights_changed.connect(self._refresher.request)

    def _build(self) -> None:
        space = theme.current().space
        why, empty = QLabel(_WHY), QLabel(_EMPTY)
        why.setToolTip(_WHY_MORE)
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for label in (why, empty, self.cost):
            theme.set_role(label, "muted")
        theme.set_role(self.counts, "strong")
        theme.set_role(self.warning, "warning")
        for label in (why, empty, self.counts, self.cost, self.warning):
            label.setWordWrap(True)
        self.cost.setToolTip(
            "A step runs forward through all layers and back as far as the first one that trains: what is frozen before "
            "that costs nothing on the way back. Counted in multiplications."
        )
        self._pages.addWidget(self.view)
        self._pages.addWidget(empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.l, space.m, space.l, space.m)))
        layout.setSpacing(theme.px(space.s))
        layout.addWidget(why)
        layout.addWidget(self.picks)
        layout.addWidget(self.search)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.warning)
        layout.addWidget(self.counts)
        layout.addWidget(self.cost)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._find)
        self.view.toggled.connect(self._toggle)
        self.view.entered.connect(self._pass_on)
        self.picks.picked.connect(self._push)
        self.picks.refused.connect(self.message)
        self.model.refused.connect(self.message)
        self.model.trains_wanted.connect(self._set_trains)
        self.model.rate_wanted.connect(self._set_rate)
        self.model.keep_wanted.connect(self._set_keep)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self.search.setFocus)
        find.activated.connect(self.search.selectAll)

    # -------------------------------------------------------------------------------------------------------- setting

    def set_epoch_estimate(self, seconds: Callable[[], float | None] | None) -> None:
        """Say how to tell what an epoch of the network as it is now takes, in seconds; None says nothing of it.

        `cnn_studio.engine.estimate.seconds_per_epoch` tells it from the speed of a processor. Where the time of one
        forward pass was measured, it is that time x images x `cnn_studio.graph.freeze_tree.training_passes`.
        """
        self._epoch_seconds = seconds
        self._refresher.request()

    def set_head(self, ids: Collection[int]) -> None:
        """Say which layers *All but the head* lets train; the last layer with weights where none are given."""
        self.picks.set_head(ids)
        self._refresher.request()

    # -------------------------------------------------------------------------------------------------------- showing

    def _document_changed(self, change: DocumentChange) -> None:
        if change.added or change.removed or change.edited or change.relinked or change.info:
            self._refresher.request()

    @Slot()
    def refresh(self) -> None:
        """Show the network as it is now."""
        report = self._session.report()
        is_first = self.model.root is None or not self.model.root.ids
        before = self._open_blocks()
        current = self.view.currentIndex().data(ROW)
        if self.model.set_report(report):
            self._unfold(before if not is_first and not before.isdisjoint(self._blocks()) else None)
            if current is not None:
                self._return_to(current.node.path)
        self.picks.refresh()
        root = self.model.root
        if root is None:
            return
        self._pages.setCurrentIndex(0 if root.ids else 1)
        self.view.show_columns(root.params, has_norms=bool(root.statistics))
        self.counts.setText(f"Trains {root.trainable:,} of {root.params:,} parameters" if root.ids else "")
        self._show_cost(root)
        warning = self._warning(root)
        self.warning.setText(warning)
        self.warning.setVisible(bool(warning))

    def _show_cost(self, root: FreezeNode) -> None:
        passes = training_passes(self._session.report())
        parts = []
        seconds = self._epoch_seconds() if self._epoch_seconds is not None else None
        if seconds is not None:
            parts.append(f"about {duration_text(max(1.0, seconds))} an epoch")
        if passes is not None and root.state != "trains":
            parts.append(
                f"a step costs about {passes / _ALL_PASSES:.0%} of training all layers".replace("%", " %")
            )
        self.cost.setText(" · ".join(parts))
        self.cost.setVisible(bool(parts))

    def _warning(self, root: FreezeNode) -> str:
        if not root.ids or root.state == "trains":
            return ""
        if not root.trainable:
            return "Nothing is left to train. Let one layer learn at least: the head, as a rule."
        if self._session.settings.start != "trained":
            return (
                "Runs of this project start from new weights, so frozen layers would stay random. Choose trained weights "
                "under Training, More, Start from."
            )
        if not len(self._session.weights):
            return "There are no trained weights yet, so frozen layers would stay random."
        return ""

    # --------------------------------------------------------------------------------------------- blocks and search

    def _blocks(self) -> set[str]:
        return {index.data(ROW).node.path for index in walk(self.model) if self.model.rowCount(index)}

    def _open_blocks(self) -> set[str]:
        if self._open is not None:
            return self._open
        return {index.data(ROW).node.path for index in walk(self.rows) if self.view.isExpanded(index)}

    def _unfold(self, wanted: set[str] | None) -> None:
        """Open some blocks, or level by level as many as fit for a first look."""
        if self.rows.needle:
            self.view.expandAll()
            return
        self.view.collapseAll()
        if wanted is not None:
            for index in walk(self.rows):
                if index.data(ROW).node.path in wanted:
                    self.view.expand(index)
            return
        level = [index for index in walk(self.rows) if not index.parent().isValid()]
        shown = len(level)
        while level:
            below = [
                self.rows.index(n, 0, index) for index in level for n in range(self.rows.rowCount(index))
            ]
            shown += len(below)
            if shown > _ROWS_AT_FIRST:
                break
            for index in level:
                self.view.expand(index)
            level = below

    def _return_to(self, path: str) -> None:
        index = self.rows.mapFromSource(self.model.index_of(path))
        if index.isValid():
            self.view.go_to(index)

    @Slot(str)
    def _find(self, text: str) -> None:
        current = self.view.currentIndex().data(ROW)
        if text.strip() and self._open is None:
            self._open = self._open_blocks()
        self.rows.set_needle(text)
        before, self._open = self._open, self._open if text.strip() else None
        self._unfold(before)
        if current is not None:
            self._return_to(current.node.path)

    # -------------------------------------------------------------------------------------------------------- editing

    @Slot(object)
    def _push(self, command: Macro) -> None:
        if not command.commands:
            return  # it is so already
        self._session.stack.seal()
        try:
            self._session.push(command)
        except StudioError as error:
            self.message.emit(str(error))
        self._refresher.now()

    def _under(self, rows: Collection[FreezeRow]) -> list[int]:
        """Return all layers of rows, those without weights too."""
        paths = [row.node.path for row in rows]
        return [
            layer_id
            for path, layer_id in self._session.document.paths.items()
            if any(path == block or path.startswith(f"{block}.") for block in paths)
        ]

    @Slot(list)
    def _toggle(self, rows: list[FreezeRow]) -> None:
        trains = any(row.node.state != "trains" for row in rows)
        self._push(set_trains(self._session.report(), self._under(outermost(rows)), trains))

    @Slot(object, bool)
    def _set_trains(self, row: FreezeRow, trains: bool) -> None:
        self._push(set_trains(self._session.report(), self._under([row]), trains))

    @Slot(object, float)
    def _set_rate(self, row: FreezeRow, factor: float) -> None:
        document = self._session.document
        ids = [i for i in row.node.ids if document.layer(i).trainable]
        self._push(set_rate(document, ids, factor))

    @Slot(object, bool)
    def _set_keep(self, row: FreezeRow, keep: bool) -> None:
        self._push(set_statistics(self._session.document, row.norms, keep))

    @Slot(object)
    def _pass_on(self, row: FreezeRow) -> None:
        layer_id, document = row.node.layer_id, self._session.document
        if layer_id is not None and layer_id in document.layers:
            self.layer_selected.emit(layer_id)
        elif layer_id is None and document.is_block(row.node.path):
            self.block_selected.emit(row.node.path)


class _SearchField(QLineEdit):
    """Finds rows by a part of their path or kind; Down goes to the rows, Esc shows all again."""

    def __init__(self, view: FreezeView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.setPlaceholderText("Find layers by name or kind, such as bn or conv (Ctrl+F)")
        self.setToolTip(
            "Ctrl+A in the list selects all that was found, and the space bar freezes them or lets them train"
        )
        self.setAccessibleName("Find layers")
        self.setClearButtonEnabled(True)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            rows = self._view.model()
            first = next((i for i in walk(rows) if i.data(ROW).holds(self.text().strip().casefold())), None)
            self._view.setFocus(Qt.FocusReason.ShortcutFocusReason)
            if first is not None:
                self._view.go_to(first.siblingAtColumn(LAYER))
        else:
            super().keyPressEvent(event)
            return
        event.accept()
