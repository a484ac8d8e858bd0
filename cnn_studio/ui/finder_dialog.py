"""What the finders of a learning rate and of a batch size share: a test that runs, a curve, buttons that take a result."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.app.jobs import Job, JobEnded
from cnn_studio.ui import theme
from cnn_studio.ui.bridge import Bridge
from cnn_studio.ui.widgets.curve_picture import CurvePicture


class FinderDialog(QDialog):
    """Shows one test; closing it ends the test and deletes the window.

    Attributes:
        curve: what was measured.
        bar: how far the test is; hidden at its end.
        text: what goes on, and the result in words.
        use: takes the result.
        end: cancels the test, later closes the window.
    """

    _again = "Begin again when the run has ended."

    def __init__(self, title: str, what: str, curve: CurvePicture, use: str, parent: QWidget) -> None:
        """Make the parts; a subclass lays them out and calls `_begin`.

        Args:
            title: of the window and the job.
            what: explains the test.
            curve: the empty curve.
            use: the text of the button that takes the result.
            parent: the window that this one belongs to.
        """
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.what = QLabel(what)
        self.text = QLabel()
        for label in (self.what, self.text):
            label.setWordWrap(True)
        theme.set_role(self.what, "muted")
        self.curve = curve
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.use = QPushButton(use)
        theme.set_role(self.use, "primary")
        self.end = QPushButton("Cancel")
        self.end.clicked.connect(self.close)

    def _lay_out(self, *widgets: QWidget, buttons: QHBoxLayout) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.px(theme.current().space.m))
        layout.addWidget(self.what)
        layout.addWidget(self.curve, 1)
        for widget in (self.bar, *widgets):
            layout.addWidget(widget)
        layout.addLayout(buttons)

    def _begin(self, work: Callable[[Job], None], start: Callable[[Job], None]) -> None:
        self._job = Job(self.windowTitle(), work)
        self._bridge = Bridge(self)
        self._bridge.events.connect(self._take)
        self._bridge.watch(self._job.mailbox)
        start(self._job)

    @Slot(list)
    def _take(self, events: list[object]) -> None:
        for event in events:
            if isinstance(event, JobEnded):
                self._ended(event)
            else:
                self._measured(event)
        self._draw()

    def _ended(self, end: JobEnded) -> None:
        if self._bridge.is_watching:
            self._bridge.unwatch()
        self.bar.hide()
        self.end.setText("Close")
        if end.status == "failed":
            self.text.setText(end.message)
            theme.set_role(self.text, "error")
        elif end.status == "cancelled":
            self.text.setText(f"The test ended because a run began. {self._again}")
        else:
            self._show_result()

    def _offer(self, text: str) -> None:
        """Let Enter take the result."""
        self.use.setText(text)
        self.use.setEnabled(True)
        self.use.show()
        self.use.setDefault(True)
        self.use.setFocus()

    @abstractmethod
    def _measured(self, event: object) -> None:
        """Take an event of the test."""

    @abstractmethod
    def _show_result(self) -> None:
        """Say what a test that went to its end has found."""

    @abstractmethod
    def _draw(self) -> None:
        """Show what was measured up to now."""

    @override
    def done(self, result: int) -> None:
        # Esc comes here without a close event, and closing comes here too
        self._job.cancel()
        if self._bridge.is_watching:
            self._bridge.unwatch()
        super().done(result)
