"""What one can do with runs: the buttons above the table and its menu, which are the same actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, Slot
from PySide6.QtGui import QAction, QColor, QIcon, QKeySequence, QPixmap
from PySide6.QtWidgets import (
    QColorDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
)

from cnn_studio.app.run_summary import LINEAR, RunSummary
from cnn_studio.ui import theme
from cnn_studio.ui.plots.colors import RUN_TOKENS

if TYPE_CHECKING:
    from cnn_studio.ui.panels.runs_panel import RunsPanel

_COLOR_NAMES = ("Amber", "Cyan", "Violet", "Green", "Pink", "Brown", "Blue", "Grey")


class RunActions(QObject):
    """The actions on the selected runs of a panel."""

    def __init__(self, panel: RunsPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._menu = QMenu(panel)
        self.open = self._action("Open network", "open", panel.open_run)
        self.repeat = self._action("Repeat", "refresh", panel.repeat)
        self.resume = self._action("Resume", "play", panel.resume)
        self.tick = self._action("Tick to compare", "check", panel.toggle_ticks, "Space")
        self.tick.setToolTip("Lay the curves over those of the selected run (Space)")
        self.rename = self._action("Rename", "edit", panel.edit_name, "F2")
        self._colors = QMenu("Colour", panel)
        self.copy = self._action("Copy rows", "copy", panel.copy, QKeySequence.StandardKey.Copy)
        self.csv = self._action("Curves as CSV…", "table", self._ask_csv)
        self.tensorboard = self._action("TensorBoard…", "chart", self._ask_tensorboard)
        self.tensorboard.setToolTip("Event files that TensorBoard shows: scalars, layers and weights")
        self.delete = self._action("Delete…", "delete", panel.ask_delete, QKeySequence.StandardKey.Delete)
        self.delete.setToolTip("Delete the selected runs with their curves and weights (Del)")
        self._export = QMenu("Export", panel)
        self._export.addActions([self.csv, self.tensorboard])
        self._fill()
        panel.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        panel.table.customContextMenuRequested.connect(self._show_menu)

    def _action(
        self,
        text: str,
        icon: str,
        slot: Callable[[], object],
        shortcut: str | QKeySequence.StandardKey | None = None,
    ) -> QAction:
        action = QAction(text, self)
        theme.bind_icon(action, icon, "muted")
        action.triggered.connect(slot)
        if shortcut is not None and shortcut != QKeySequence.StandardKey.Copy:  # the table knows how to copy
            action.setShortcut(QKeySequence(shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self._panel.table.addAction(action)
        return action

    def _fill(self) -> None:
        for token, name in zip(RUN_TOKENS, _COLOR_NAMES, strict=True):
            color = theme.FAMILIES[token]
            action = self._colors.addAction(_swatch(color), name)
            action.triggered.connect(_calls(self._panel.set_color, color))
        self._colors.addSeparator()
        self._colors.addAction("Other…").triggered.connect(self._ask_color)
        self._colors.addAction("By number").triggered.connect(_calls(self._panel.set_color, ""))
        self._menu.addActions([self.open, self.repeat, self.resume])
        self._menu.addSeparator()
        self._menu.addActions([self.tick, self.rename])
        self._menu.addMenu(self._colors)
        self._menu.addSeparator()
        self._menu.addAction(self.copy)
        self._menu.addMenu(self._export)
        self._menu.addSeparator()
        self._menu.addAction(self.delete)

    def bar(self, field: QLineEdit) -> QHBoxLayout:
        """Return the row above the table: the filter, then the most used actions."""
        row = QHBoxLayout()
        row.setContentsMargins(theme.px(8), 0, theme.px(8), 0)
        row.setSpacing(theme.px(4))
        field.setMaximumWidth(theme.px(220))
        field.setMinimumWidth(theme.px(90))
        row.addWidget(field, 1)
        row.addStretch(1)
        for action, icon in ((self.open, "open"), (self.repeat, "refresh"), (self.resume, "play")):
            row.addWidget(_push_button(action, icon))
        export = QPushButton("Export")
        theme.bind_icon(export, "export", "muted")
        export.setMenu(self._export)
        self._export_button = export
        row.addWidget(export)
        for action in (self.tick, self.rename, self.delete):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setAccessibleName(action.text())
            row.addWidget(button)
        return row

    def update_for(self, run: RunSummary | None, runs: Sequence[RunSummary]) -> None:
        """Allow what makes sense for the selected run, or for all selected runs."""
        can_open = run is not None and self._panel.project_file(run) is not None
        self.open.setEnabled(can_open)
        self.open.setToolTip(
            "Open the network as this run trained it, with its weights (Enter)"
            if can_open
            else "This run kept no network: it ended before the first epoch did, or it still goes on"
        )
        is_linear = run is not None and run.kind == "linear"
        self.repeat.setEnabled(run is not None and not is_linear)
        self.repeat.setToolTip(
            f"This is {LINEAR}. Repeat it in the transfer wizard, with the answers that stand under Settings"
            if is_linear
            else "Train again with the same network, data, settings and seed"
        )
        self.resume.setEnabled(run is not None and run.can_resume)
        self.resume.setToolTip(
            "Go on from the last checkpoint, exactly as if the run had never ended"
            if run is not None and run.can_resume
            else f"This is {LINEAR}, so there is nothing to go on with"
            if is_linear
            else "Only a run that was stopped, interrupted or failed can go on, and only from a checkpoint"
        )
        for action in (self.tick, self.rename, self.copy, self.delete):
            action.setEnabled(bool(runs))
        has_curves = any(one.kind != "linear" for one in runs)
        for thing in (self.csv, self.tensorboard, self._export, self._export_button):
            thing.setEnabled(has_curves)
        self._export_button.setToolTip(
            f"This is {LINEAR}, so it has no curves to write"
            if runs and not has_curves
            else "Write the selected runs for other programs"
        )
        self._colors.setEnabled(bool(runs))

    @Slot(QPoint)
    def _show_menu(self, at: QPoint) -> None:
        self._menu.popup(self._panel.table.viewport().mapToGlobal(at))

    @Slot()
    def _ask_color(self) -> None:
        color = QColorDialog.getColor(QColor(), self._panel, "Colour of the runs")
        if color.isValid():
            self._panel.set_color(color.name())

    @Slot()
    def _ask_csv(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self._panel, "Curves as CSV", "runs.csv", "CSV (*.csv)")
        if chosen:
            path = Path(chosen)
            path = path if path.suffix else path.with_suffix(".csv")
            self._panel.exporter.start("csv", self._with_curves(), path)

    @Slot()
    def _ask_tensorboard(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self._panel, "Folder for TensorBoard's event files")
        if chosen:
            self._panel.exporter.start("tensorboard", self._with_curves(), Path(chosen))

    def _with_curves(self) -> list[RunSummary]:
        return [run for run in self._panel.selected_runs if run.kind != "linear"]


def _push_button(action: QAction, icon: str) -> QPushButton:
    """Return a button that does what an action does and is enabled when it is."""
    button = QPushButton(action.text())
    theme.bind_icon(button, icon, "muted")
    button.clicked.connect(action.trigger)

    def follow() -> None:
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())

    action.changed.connect(follow)
    follow()
    return button


def _swatch(color: str) -> QIcon:
    pixmap = QPixmap(theme.px(12), theme.px(12))
    pixmap.fill(QColor(color))
    return QIcon(pixmap)


def _calls(slot: Callable[[str], object], value: str) -> Callable[[], None]:
    def called() -> None:
        slot(value)

    return called
