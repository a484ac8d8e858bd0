"""Pictures of the network: saved to a file, or put on the clipboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from cnn_studio.app.files import replacing
from cnn_studio.core.errors import StudioError
from cnn_studio.ui.canvas.picture import (
    PLAIN,
    PictureFormat,
    PictureOptions,
    image_of,
    pdf_of,
    png_of,
    svg_of,
)
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.file_controller import FileController
from cnn_studio.ui.picture_dialog import PictureDialog
from cnn_studio.ui.widgets.waiting import run_waiting

_EMPTY = "There is no picture yet, because the network is empty. Add a layer first."


class PictureController(QObject):
    """Makes pictures of one canvas.

    Attributes:
        message: a sentence: what was written, or why not.
    """

    message = Signal(str)

    def __init__(self, canvas: CanvasView, files: FileController, window: QWidget) -> None:
        super().__init__(window)
        self._canvas, self._files, self._window = canvas, files, window
        self.dialog: PictureDialog | None = None

    @Slot()
    def ask(self) -> None:
        """Let the user choose a format and a file, and write the picture."""
        if not self._canvas.network.cards:
            self.message.emit(_EMPTY)
            return
        self.dialog = dialog = PictureDialog(self._canvas.network, self._files.suggestion, self._window)
        dialog.chosen.connect(self._save_chosen)
        dialog.copied.connect(self._copy_chosen)
        dialog.finished.connect(self._forget)
        dialog.open_at_once()

    @Slot()
    def _forget(self) -> None:
        self.dialog = None

    @Slot(object)
    def _save_chosen(self, path: Path) -> None:
        if self.dialog is not None and self.save(path, self.dialog.format, self.dialog.options):
            self.dialog.accept()

    @Slot()
    def _copy_chosen(self) -> None:
        if self.dialog is not None and self.copy(self.dialog.options):
            self.dialog.accept()

    def save(self, path: Path, kind: PictureFormat, options: PictureOptions = PLAIN) -> bool:
        """Write the picture to a file and say how it went; return whether it was written."""
        scene, title = self._canvas.network, self._canvas.context.document.info.name
        try:
            with _waiting():
                if kind == "png":
                    make = partial(png_of, image_of(scene, options))
                else:
                    make = partial(bytes, (svg_of if kind == "svg" else pdf_of)(scene, options, title))
            run_waiting(self._window, f"Writing {path.name}", partial(_write, path, make))
        except StudioError as error:
            self._refuse(str(error))
            return False
        self.message.emit(f"The picture is in {path}.")
        return True

    def copy(self, options: PictureOptions = PLAIN) -> bool:
        """Put the picture on the clipboard, as pixels and as SVG; return whether that was done."""
        canvas = self._canvas
        if not canvas.network.cards:
            self.message.emit(_EMPTY)
            return False
        try:
            with _waiting():
                image = image_of(canvas.network, options)
                drawing = svg_of(canvas.network, options, canvas.context.document.info.name)
        except StudioError as error:
            self._refuse(str(error))
            return False
        mime = QMimeData()
        mime.setImageData(image)
        mime.setData("image/svg+xml", QByteArray(drawing))
        QGuiApplication.clipboard().setMimeData(mime)
        size = f"{image.width():,} × {image.height():,} pixels"
        self.message.emit(f"The picture is on the clipboard: {size}, and as SVG.")
        return True

    def _refuse(self, text: str) -> None:
        """Say why not: in the dialog while it is open, because it covers the window's messages."""
        if self.dialog is not None:
            self.dialog.say(text)
        else:
            self.message.emit(text)

    @Slot()
    def copy_now(self) -> None:
        """Put the picture on the clipboard as it is by default."""
        self.copy()


def _write(path: Path, make: partial[bytes]) -> None:
    content = make()
    with replacing(path) as file:
        file.write(content)


@contextmanager
def _waiting() -> Iterator[None]:
    """Show the waiting cursor; the window paints nothing meanwhile."""
    QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        yield
    finally:
        QGuiApplication.restoreOverrideCursor()
