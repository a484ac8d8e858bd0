"""Files that a finding is about: a list with what is said of each, a picture of the chosen one, and leaving them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelection, QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.panels.data_jobs import PREVIEW_SIDE, Preview
from cnn_studio.ui.panels.row_model import Index, RowModel

if TYPE_CHECKING:
    from cnn_studio.datasets.findings import Finding

_COLUMNS = (("File", "Relative to the folder of the images"), ("What is said of it", ""))


class _Files(RowModel):
    """One row per file: its name and what is said of it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, parent)
        self.files: Sequence[tuple[str, str]] = ()

    def set_files(self, files: Sequence[tuple[str, str]]) -> None:
        """Show other files."""
        self.beginResetModel()
        self.files = files
        self.endResetModel()

    @override
    def num_rows(self) -> int:
        return len(self.files)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if index.isValid() and role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            file = self.files[index.row()]
            return (
                file[index.column()] if role == Qt.ItemDataRole.DisplayRole else ": ".join(filter(None, file))
            )
        return None


class FilesPage(QWidget):
    """A table of files with a preview; Back leads to where one came from.

    Attributes:
        back_requested: Back was pressed.
        leave_out_requested: with the names of the files to leave out.
        preview_requested: with the `Path` of the file that is chosen.
    """

    back_requested = Signal()
    leave_out_requested = Signal(tuple)
    preview_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._root = Path()
        self._wanted: Path | None = None
        self.model = _Files(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Files of this finding")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.selectionModel().selectionChanged.connect(self._chosen)
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)
        self.back = QPushButton("Back")
        self.back.setToolTip("Back to the report")
        self.back.clicked.connect(self.back_requested)
        self.leave_out = QPushButton("Leave the chosen ones out")
        self.leave_out.setToolTip(
            "Train without the files that are selected in the list; they stay on the disk"
        )
        theme.set_role(self.leave_out, "fix")
        self.leave_out.clicked.connect(self._leave_out)
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self.picture.setWordWrap(True)
        self.picture.setAccessibleName("Picture of the chosen file")
        theme.set_role(self.picture, "muted")
        self._build()
        self._take_theme()
        theme.manager().changed.connect(self._take_theme)

    def _build(self) -> None:
        space = theme.current().space
        top = QHBoxLayout()
        top.setSpacing(theme.px(space.s))
        top.addWidget(self.back)
        top.addWidget(self.title, 1)
        top.addWidget(self.leave_out)
        below = QHBoxLayout()
        below.setSpacing(theme.px(space.s))
        below.addWidget(self.table, 1)
        below.addWidget(self.picture)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.px(space.xs), theme.px(space.s), 0)
        layout.setSpacing(theme.px(space.xs))
        layout.addLayout(top)
        layout.addLayout(below, 1)

    def _take_theme(self) -> None:
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + theme.px(8))
        self.table.setColumnWidth(0, theme.px(240))
        self.picture.setFixedWidth(theme.px(PREVIEW_SIDE + 16))

    def show_finding(self, finding: Finding, root: Path, *, can_leave_out: bool) -> None:
        """List the files of a finding; the first one is chosen.

        Args:
            finding: what was found.
            root: the folder to which the names are relative.
            can_leave_out: whether these are files, which can be opened and left out; arrays have numbers only.
        """
        self._root = root
        self.picture.setVisible(can_leave_out)
        self._wanted = None
        self.title.setText(finding.text)
        self.leave_out.setVisible(can_leave_out and finding.code not in {"left-out", "unreadable"})
        self.picture.clear()
        self.model.set_files(finding.files)
        if finding.files:
            self.table.selectRow(0)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names of the files that are selected."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return tuple(self.model.files[row][0] for row in rows)

    @Slot(QItemSelection, QItemSelection)
    def _chosen(self, new: QItemSelection, old: QItemSelection) -> None:
        names = self.chosen
        self.leave_out.setEnabled(bool(names))
        if len(names) == 1 and not self.picture.isHidden():
            self._wanted = self._root / names[0]
            self.preview_requested.emit(self._wanted)

    @Slot()
    def _leave_out(self) -> None:
        if self.chosen:
            self.leave_out_requested.emit(self.chosen)

    @Slot(object)
    def show_preview(self, preview: Preview) -> None:
        """Show the picture of the file that was asked for last."""
        if preview.path != self._wanted:
            return
        if preview.picture is None:
            self.picture.setText(f"No picture: {preview.reason}")
            return
        import numpy as np

        pixels = np.ascontiguousarray(preview.picture.transpose(1, 2, 0))
        height, width, _ = pixels.shape
        image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self.picture.setPixmap(QPixmap.fromImage(image))
