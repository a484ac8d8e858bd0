"""The laboratories in a window of their own: a list of experiments at the left, the chosen one at the right."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.jobs import JobList
from cnn_studio.app.labs.registry import LABS
from cnn_studio.app.runs import RunStore
from cnn_studio.datasets.records import DataSource
from cnn_studio.ui import theme
from cnn_studio.ui.labs.page import LabPage
from cnn_studio.ui.widgets.windows import may_end
from cnn_studio.ui.wizard.page import text_label

_SIZE = (1120, 780)
_ROW = 32
_WHY = "Each asks a question, lets you predict, and trains real networks on this machine to see."


class LabWindow(QWidget):
    """Stays beside the main window; what was seen stays in it.

    Attributes:
        runs_changed: a run was kept.
        runs_requested: with the numbers of the runs that are to be compared.
    """

    runs_changed = Signal()
    runs_requested = Signal(list)

    def __init__(
        self,
        jobs: JobList,
        store: RunStore,
        trains_elsewhere: Callable[[], bool],
        project_data: Callable[[], DataSource],
        parent: QWidget | None = None,
    ) -> None:
        """Make the window, with a page for each experiment.

        Args:
            jobs: all jobs of the program.
            store: where runs are kept.
            trains_elsewhere: tells whether a run goes on in the main window.
            project_data: tells the images of the open project.
            parent: the widget it belongs to.
        """
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle("Laboratories")
        self._trains_elsewhere = trains_elsewhere
        self.list = QListWidget()
        self.list.setAccessibleName("Experiments")
        self._stack = QStackedWidget()
        self.pages = [LabPage(lab, jobs, store, self._is_busy, project_data, self) for lab in LABS]
        for page in self.pages:
            item = QListWidgetItem(page.lab.title)
            item.setSizeHint(QSize(0, theme.px(_ROW)))
            self.list.addItem(item)
            self._stack.addWidget(page)
            page.runs_changed.connect(self.runs_changed)
            page.runs_requested.connect(self.runs_requested)
        self.list.currentRowChanged.connect(self._stack.setCurrentIndex)
        space = theme.current().space
        left = QVBoxLayout()
        left.setContentsMargins(*(theme.px(n) for n in (space.m, space.l, 0, space.l)))
        left.addWidget(text_label("Laboratories", "title"))
        left.addWidget(text_label(_WHY, "muted"))
        left.addWidget(self.list, 1)
        side = QWidget()
        side.setLayout(left)
        side.setFixedWidth(theme.px(230))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side)
        row.addWidget(self._stack, 1)
        self.list.setCurrentRow(0)
        QShortcut(QKeySequence("Esc"), self, self.close)
        self.resize(theme.px(_SIZE[0]), theme.px(_SIZE[1]))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        for page in self.pages:
            page.images.refresh()

    @property
    def page(self) -> LabPage:
        """The experiment that is shown."""
        return self.pages[self._stack.currentIndex()]

    @Slot(str)
    def show_lab(self, lab_id: str) -> None:
        """Show an experiment by id."""
        self.list.setCurrentRow(next(at for at, page in enumerate(self.pages) if page.lab.id == lab_id))

    def _is_busy(self) -> bool:
        return self._trains_elsewhere() or any(page.is_busy for page in self.pages)

    def may_close(self) -> bool:
        """Ask about an experiment that goes on; return whether to close."""
        running = next((page for page in self.pages if page.is_busy), None)
        return running is None or may_end(self, running.lab.title, "Runs that are over are kept.")

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.may_close():
            event.ignore()
            return
        for page in self.pages:
            page.end()
        event.accept()
