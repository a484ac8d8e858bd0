"""The Code tab: the network as PyTorch code, always as it is now."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.files import replacing
from cnn_studio.app.session import Session
from cnn_studio.compiler.source import class_name, source_lines
from cnn_studio.core.errors import StorageError
from cnn_studio.graph.document import DocumentChange
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.selection import SelectionModel
from cnn_studio.ui.panels.code_view import CodeView
from cnn_studio.ui.panels.lazy_refresh import LazyRefresh

_INTERVAL_MS = 150


class CodePanel(QWidget):
    """Shows the code, marks the selected layers' lines, and copies or saves it.

    Attributes:
        message: emitted with a sentence when the file could not be saved.
    """

    message = Signal(str)

    def __init__(self, session: Session, selection: SelectionModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._selection = selection
        self._choosing = False
        self.view = CodeView()
        self.view.layer_chosen.connect(self._choose)
        self._line = QLabel()
        self._line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        theme.set_role(self._line, "muted")
        self._copy = QPushButton("Copy")
        theme.bind_icon(self._copy, "copy", "muted")
        self._copy.setToolTip("Copy the whole file to the clipboard")
        self._copy.clicked.connect(self._copy_all)
        self._save = QPushButton("Save…")
        theme.bind_icon(self._save, "save", "muted")
        self._save.setToolTip("Save the code as a Python file; running it needs PyTorch alone")
        self._save.clicked.connect(self.ask_save)
        self._build()
        self._refresher = LazyRefresh(self, self.refresh, _INTERVAL_MS)
        session.changed.connect(self._document_changed)
        session.replaced.connect(self._refresher.request)
        selection.changed.connect(self._selection_changed)

    def _build(self) -> None:
        space = theme.current().space
        top = QHBoxLayout()
        top.setSpacing(theme.px(space.s))
        top.addWidget(self._line, 1)
        top.addWidget(self._copy)
        top.addWidget(self._save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.l, space.s, space.l, space.m)))
        layout.setSpacing(theme.px(space.s))
        layout.addLayout(top)
        layout.addWidget(self.view, 1)

    def _document_changed(self, change: DocumentChange) -> None:
        if change.added or change.removed or change.edited or change.relinked or change.info:
            self._refresher.request()

    @Slot()
    def refresh(self) -> None:
        """Show the code of the network as it is now."""
        document = self._session.document
        report = self._session.report()
        source = source_lines(document, report)
        self.view.show_source(source)
        self.view.mark(self._selection.ids)
        if report.ok:
            count = source.text.count("\n")
            self._line.setText(
                f"{class_name(document.info.name)} · {count:,} lines of PyTorch · a click on a line selects its layer"
            )
        else:
            self._line.setText("No code while the network has errors")
        for button in (self._copy, self._save):
            button.setEnabled(report.ok)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresher.now()
        self.view.mark(self._selection.ids)
        # once the view has its size: the selected layer may have changed while the page was hidden
        QTimer.singleShot(0, self.view, self.view.reveal_marked)

    @Slot()
    def _selection_changed(self) -> None:
        self.view.mark(self._selection.ids)
        if not self._choosing and self.isVisible():
            self.view.reveal_marked()

    @Slot(int)
    def _choose(self, layer_id: int) -> None:
        if layer_id not in self._session.document.layers:
            return
        self._choosing = True  # the line is where the mouse is; nothing must scroll away under it
        try:
            self._selection.select((layer_id,), layer_id)
        finally:
            self._choosing = False

    @Slot()
    def _copy_all(self) -> None:
        self._refresher.now()
        QGuiApplication.clipboard().setText(self.view.toPlainText())
        self._line.setText("Copied to the clipboard")

    @Slot()
    def ask_save(self) -> None:
        """Let the user choose a file and write the code to it."""
        if not self._session.report().ok:
            self.message.emit(
                "The network has errors, so it has no code yet. The Problems list says what to mend."
            )
            return
        self._refresher.now()
        proposed = f"{class_name(self._session.document.info.name).lower()}.py"
        if self._session.path is not None:
            proposed = str(self._session.path.parent / proposed)
        name, _ = QFileDialog.getSaveFileName(self, "Save the code", proposed, "Python files (*.py)")
        if name:
            self.save_to(Path(name))

    def save_to(self, path: Path) -> None:
        """Write the code to a file; a name without ending gets ``.py``. Says so by `message` if it cannot."""
        path = path if path.suffix else path.with_suffix(".py")
        text = source_lines(self._session.document, self._session.report()).text
        try:
            with replacing(path) as file:
                file.write(text.encode("utf-8"))
        except StorageError as error:
            self.message.emit(str(error))
            return
        self._line.setText(f"Saved as {path}")
