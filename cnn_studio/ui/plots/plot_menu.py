"""What one can do with a plot: copy its picture, save it, save its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from cnn_studio.app.files import replacing
from cnn_studio.core.errors import StorageError, StudioError
from cnn_studio.ui import theme
from cnn_studio.ui.plots.figure import Drawable, figure_image, figure_png, figure_svg
from cnn_studio.ui.widgets.waiting import run_waiting

T = TypeVar("T")


class Plot(Drawable, Protocol):
    """A plot with a name and numbers."""

    @property
    def title(self) -> str:
        """What it shows."""

    def csv_writer(self) -> Callable[[], str]:
        """Return what makes the numbers as CSV in another thread, from a copy of what there is now."""


class PlotMenu(QToolButton):
    """The small button at the upper right of a plot, with its menu; the plot's context menu is the same.

    Attributes:
        message: what was written or copied, or why not.
    """

    message = Signal(str)

    def __init__(self, plot: Plot, parent: QWidget) -> None:
        super().__init__(parent)
        self._plot = plot
        theme.set_role(self, "fold")
        theme.bind_icon(self, "more", "muted")
        self.setIconSize(QSize(theme.px(14), theme.px(14)))
        self.setToolTip("Copy or save this plot, or its numbers (Ctrl+C copies)")
        self.setAccessibleName(f"{plot.title}: copy or save")
        self.menu_ = QMenu(self)
        self.copy_action = self._add("Copy picture", self.copy, "copy")
        # while this button has the focus; an action of the button itself would become its own menu
        copy = QShortcut(QKeySequence.StandardKey.Copy, self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        self._add("Save picture…", self.ask_picture, "image")
        self._add("Save numbers as CSV…", self.ask_csv, "table")
        self.menu_.addSeparator()
        self.clicked.connect(self._open)

    def _add(self, text: str, slot: Callable[[], object], icon: str = "") -> QAction:
        action = QAction(text, self)
        if icon:
            theme.bind_icon(action, icon, "muted")
        action.triggered.connect(slot)
        self.menu_.addAction(action)
        return action

    def add_check(
        self, text: str, help_: str, slot: Callable[[bool], object], checked: bool = False
    ) -> QAction:
        """Add an entry that is on or off."""
        action = QAction(text, self, checkable=True)
        action.setChecked(checked)
        action.setToolTip(help_)
        action.toggled.connect(slot)
        self.menu_.addAction(action)
        return action

    def add_choice(
        self, title: str, entries: Sequence[tuple[T, str]], slot: Callable[[T], object]
    ) -> dict[T, QAction]:
        """Add a menu of which one entry counts; return the entries, to check the one that does."""
        menu = self.menu_.addMenu(title)
        group = QActionGroup(self)
        found = {}
        for value, text in entries:
            action = QAction(text, self, checkable=True)
            action.triggered.connect(_calls(slot, value))
            group.addAction(action)
            menu.addAction(action)
            found[value] = action
        return found

    def add_entry(self, text: str, slot: Callable[[], object]) -> QAction:
        """Add an entry that does something."""
        return self._add(text, slot)

    @Slot()
    def _open(self) -> None:
        self.popup(self.mapToGlobal(QPoint(0, self.height())))

    def popup(self, at: QPoint) -> None:
        """Open the menu at a place of the screen."""
        self.menu_.popup(at)

    # ---------------------------------------------------------------------------------------------------- actions

    @Slot()
    def copy(self) -> None:
        """Put the picture on the clipboard."""
        try:
            QGuiApplication.clipboard().setImage(figure_image(self._plot))
        except StudioError as error:
            self.message.emit(str(error))
            return
        self.message.emit(f"The plot “{self._plot.title}” is on the clipboard.")

    @Slot()
    def ask_picture(self) -> None:
        """Let the user choose a file for the picture."""
        name = f"{self._file_name()}.png"
        chosen, _ = QFileDialog.getSaveFileName(
            self.window(), "Save picture", name, "PNG (*.png);;SVG (*.svg)"
        )
        if chosen:
            self.save_picture(Path(chosen))

    @Slot()
    def ask_csv(self) -> None:
        """Let the user choose a file for the numbers."""
        name = f"{self._file_name()}.csv"
        chosen, _ = QFileDialog.getSaveFileName(self.window(), "Save numbers", name, "CSV (*.csv)")
        if chosen:
            self.save_csv(Path(chosen))

    def _file_name(self) -> str:
        return self._plot.title.lower().replace(" ", "-")

    def save_picture(self, path: Path) -> bool:
        """Write the picture as SVG or PNG, by the ending; return whether it was written."""
        try:
            if path.suffix.lower() == ".svg":
                content = figure_svg(self._plot, self._plot.title)
            elif path.suffix.lower() in ("", ".png"):
                path = path.with_suffix(".png")
                content = figure_png(self._plot)
            else:
                raise StorageError(
                    f"Plots are saved as .png or .svg, not as {path.suffix}. Choose one of the two."
                )
        except StudioError as error:
            self.message.emit(str(error))
            return False
        return self._write(path, lambda: content)

    def save_csv(self, path: Path) -> bool:
        """Write the numbers; return whether they were written."""
        make = self._plot.csv_writer()
        path = path if path.suffix else path.with_suffix(".csv")
        return self._write(path, lambda: make().encode())

    def _write(self, path: Path, make: Callable[[], bytes]) -> bool:
        def work() -> None:
            content = make()
            with replacing(path) as file:
                file.write(content)

        try:
            run_waiting(self.window(), f"Writing {path.name}", work)
        except StudioError as error:
            self.message.emit(str(error))
            return False
        self.message.emit(f"The plot “{self._plot.title}” is in {path}.")
        return True


def _calls(slot: Callable[[T], object], value: T) -> Callable[[], None]:
    def called() -> None:
        slot(value)

    return called
