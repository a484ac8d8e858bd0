"""What a picture of the network shall be: asked before it is saved or copied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.ui import theme
from cnn_studio.ui.canvas.picture import PictureFormat, PictureOptions, png_size
from cnn_studio.ui.canvas.scene import NetworkScene

_FORMATS: tuple[tuple[PictureFormat, str], ...] = (
    ("svg", "SVG: sharp at every size, text stays text"),
    ("png", "PNG: pixels on white"),
    ("pdf", "PDF: one page of the picture's size"),
)
_SCALES = (1.0, 2.0, 3.0, 4.0)


class PictureDialog(QDialog):
    """Format, scale, and what else is shown.

    Attributes:
        chosen: the file to save to, as `Path`; format and options are those of the dialog.
        copied: the picture shall go to the clipboard.
    """

    chosen = Signal(object)
    copied = Signal()

    def __init__(self, scene: NetworkScene, suggestion: Callable[[str], Path], parent: QWidget) -> None:
        """Make the dialog; `suggestion` returns a file for an ending such as ``.svg``."""
        super().__init__(parent)
        self._scene = scene
        self._suggestion = suggestion
        self.setWindowTitle("Export picture")
        self.format_field = QComboBox()
        for name, text in _FORMATS:
            self.format_field.addItem(text, name)
        self.scale_field = QComboBox()
        for scale in _SCALES:
            self.scale_field.addItem(f"{scale:g} ×", scale)
        self.scale_field.setCurrentIndex(_SCALES.index(PictureOptions().scale))
        self.size_text = QLabel()
        theme.set_role(self.size_text, "muted")
        self.size_text.setWordWrap(True)
        self.badges_field = QCheckBox("Marks of problems")
        self.selection_field = QCheckBox("The selection")
        scale_row = QHBoxLayout()
        scale_row.addWidget(self.scale_field)
        scale_row.addWidget(self.size_text, 1)
        form = QFormLayout()
        form.addRow("Format", self.format_field)
        form.addRow("Scale", scale_row)
        form.addRow("Show also", self.badges_field)
        form.addRow("", self.selection_field)
        self.save_button = QPushButton("Save…")
        theme.set_role(self.save_button, "primary")
        self.save_button.setDefault(True)
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Put the picture on the clipboard, for a document or a mail")
        self.close_button = QPushButton("Close")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.close_button, self.copy_button, self.save_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        hint = QLabel("The picture shows the network as the canvas does; folded blocks stay folded.")
        hint.setWordWrap(True)
        layout.addWidget(hint)
        layout.addLayout(form)
        self.error_text = QLabel()
        self.error_text.setWordWrap(True)
        self.error_text.hide()
        theme.set_role(self.error_text, "error")
        layout.addWidget(self.error_text)
        layout.addLayout(buttons)
        self.setMinimumWidth(theme.px(440))
        self.format_field.currentIndexChanged.connect(self._show_size)
        self.scale_field.currentIndexChanged.connect(self._show_size)
        self.save_button.clicked.connect(self.ask_file)
        self.copy_button.clicked.connect(self.copied)
        self.close_button.clicked.connect(self.reject)
        self._show_size()

    @property
    def format(self) -> PictureFormat:
        """The chosen format."""
        return _FORMATS[self.format_field.currentIndex()][0]

    @property
    def options(self) -> PictureOptions:
        """What was chosen besides the format."""
        return PictureOptions(
            _SCALES[self.scale_field.currentIndex()],
            self.badges_field.isChecked(),
            self.selection_field.isChecked(),
        )

    @Slot()
    def _show_size(self) -> None:
        is_png = self.format == "png"
        self.scale_field.setEnabled(is_png)
        wanted = self.options.scale
        size, scale = png_size(self._scene, wanted)
        text = f"{size.width():,} × {size.height():,} pixels"
        if scale < wanted:
            text += f", {scale:.2g} ×: more is too large for a PNG"
        self.size_text.setText(text if is_png else "")

    @Slot()
    def ask_file(self) -> None:
        """Let the user choose a file, and say it to whoever listens."""
        suffix = f".{self.format}"
        kinds = f"{self.format.upper()} (*{suffix})"
        name, _ = QFileDialog.getSaveFileName(self, "Export picture", str(self._suggestion(suffix)), kinds)
        if not name:
            return
        path = Path(name)
        if path.suffix.lower() != suffix:
            path = path.with_name(path.name + suffix)
            if path.exists() and not self._may_overwrite(path):
                return
        self.chosen.emit(path)

    def _may_overwrite(self, path: Path) -> bool:
        """Ask about a name that the file dialog could not see, because it had no ending yet."""
        question = f"{path.name} exists already. Replace it?"
        return QMessageBox.question(self, "Export picture", question) == QMessageBox.StandardButton.Yes

    def say(self, text: str) -> None:
        """Show why the picture could not be written."""
        self.error_text.setText(text)
        self.error_text.show()

    def open_at_once(self) -> None:
        """Show it; it is deleted when it closes."""
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.open()
