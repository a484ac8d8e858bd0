"""The known data sets: what they are, whose they are, and how to get them; nothing is fetched without a click."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, SignalInstance, Slot
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.places import dataset_folder
from cnn_studio.datasets.catalogue import SOURCES, SourceInfo
from cnn_studio.datasets.records import SourceKind
from cnn_studio.ui import theme
from cnn_studio.ui.panels.data_jobs import Fetched
from cnn_studio.ui.status import bytes_text
from cnn_studio.ui.widgets.inputs import QuietComboBox
from cnn_studio.ui.widgets.slots import without_argument


class _Row(QFrame):
    """One known set with its buttons."""

    def __init__(self, info: SourceInfo) -> None:
        super().__init__()
        self.info = info
        theme.set_role(self, "card")
        space = theme.current().space
        title = QLabel(info.title)
        theme.set_role(title, "strong")
        train, test = info.counts
        number = f"{train:,} + {test:,} images" if test else f"{train:,} images"
        facts = QLabel(f"{info.summary} · {number} · {info.num_classes} classes · {info.image}")
        origin = QLabel(f"{info.origin} · licence: {info.licence}")
        theme.set_role(facts, "")
        theme.set_role(origin, "small")
        for label in (facts, origin):
            label.setWordWrap(True)
        self.variant = QuietComboBox()
        self.variant.addItems(list(info.variants))
        self.variant.setVisible(bool(info.variants))
        self.variant.setToolTip("In which of its forms the set is read")
        self.variant.setAccessibleName(f"Variant of {info.title}")
        self.get = QPushButton(f"Download {bytes_text(info.num_bytes)}")
        self.get.setToolTip(
            f"Fetch {info.title} from where its authors published it to {dataset_folder(info.kind)}"
        )
        self.use = QPushButton("Use")
        self.use.setToolTip(f"{info.title} was fetched before: train on it")
        theme.set_role(self.use, "primary")
        self.use.hide()
        self.folder = QPushButton("From a folder…")
        self.folder.setToolTip(f"Read {info.title} from a folder on this machine")
        theme.set_role(self.folder, "fix")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("End the download; what came is kept, and the next one goes on from there")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.px(6))
        for widget in (self.variant, self.use, self.get, self.cancel, self.folder):
            buttons.addWidget(widget)
        grid = QGridLayout(self)
        grid.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.s)))
        grid.setHorizontalSpacing(theme.px(space.m))
        grid.setVerticalSpacing(theme.px(2))
        grid.addWidget(title, 0, 0)
        grid.addWidget(facts, 1, 0)
        grid.addWidget(origin, 2, 0)
        grid.addLayout(buttons, 0, 1, 3, 1, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.bar, 3, 0, 1, 2)
        grid.addWidget(self.note, 4, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self.show_idle()

    def show_idle(self, message: str = "", role: str = "error") -> None:
        """Nothing is being fetched; `message` says how it ended."""
        self.bar.hide()
        self.cancel.hide()
        self.get.setVisible(self.use.isHidden())
        self.folder.show()
        self.note.setText(message)
        theme.set_role(self.note, role)
        self.note.setVisible(bool(message))

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Something is being fetched: bytes, or no number where `total` is 0."""
        amount = f": {bytes_text(done)} of {bytes_text(total)}" if total else ""
        self.note.setText(text + amount)
        theme.set_role(self.note, "muted")
        self.note.show()
        # Qt's numbers end at 2 GB
        self.bar.setRange(0, 1000 if total else 0)
        self.bar.setValue(1000 * done // total if total else 0)
        self.bar.show()
        self.cancel.show()
        for button in (self.get, self.use, self.folder):
            button.hide()


class CataloguePage(QWidget):
    """All sets that can be fetched.

    Attributes:
        use_requested: kind and variant of a set that was fetched before.
        folder_requested: kind and variant of a set that the user has in a folder.
        download_requested: the kind to fetch.
        cancel_requested: the download is to end.
        closed: Back was pressed.
    """

    use_requested = Signal(str, str)
    folder_requested = Signal(str, str)
    download_requested = Signal(str)
    cancel_requested = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[SourceKind, _Row] = {}
        self._active: _Row | None = None
        space = theme.current().space
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.px(space.s), 0)
        column.setSpacing(theme.px(space.s))
        for kind, info in SOURCES.items():
            if info.files is None:
                continue
            row = self.rows[kind] = _Row(info)
            column.addWidget(row)
            for button, slot in (
                (row.get, partial(self._download, kind)),
                (row.use, partial(self._emit, self.use_requested, row)),
                (row.folder, partial(self._emit, self.folder_requested, row)),
                (row.cancel, self.cancel_requested.emit),
            ):
                button.clicked.connect(without_argument(slot))
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        back = QPushButton("Back")
        back.setToolTip("Back to the images")
        back.clicked.connect(self.closed)
        head = QLabel("Known data sets. Nothing is fetched before you press Download.")
        theme.set_role(head, "muted")
        head.setWordWrap(True)
        top = QHBoxLayout()
        top.setSpacing(theme.px(space.s))
        top.addWidget(back)
        top.addWidget(head, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.xs, space.xs)))
        layout.setSpacing(theme.px(space.s))
        layout.addLayout(top)
        layout.addWidget(scroll, 1)

    @staticmethod
    def _emit(signal: SignalInstance, row: _Row) -> None:
        variant = row.variant.currentText() if row.variant.currentIndex() > 0 else ""
        signal.emit(row.info.kind, variant)

    def _download(self, kind: SourceKind) -> None:
        self.download_requested.emit(kind)
        self._active = self.rows[kind]
        self._active.show_progress("Connecting", 0, 0)
        for row in self.rows.values():
            row.get.setEnabled(False)

    def variant(self, kind: SourceKind) -> str:
        """Return the variant that is chosen for a set; empty for the usual one."""
        combo = self.rows[kind].variant
        return combo.currentText() if combo.currentIndex() > 0 else ""

    @Slot(object)
    def show_fetched(self, fetched: Fetched) -> None:
        """Offer to use what is there already."""
        for kind, row in self.rows.items():
            row.use.setVisible(kind in fetched.kinds)
            if row is not self._active:
                row.get.setVisible(kind not in fetched.kinds)

    @Slot(str, int, int)
    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far the download is."""
        if self._active is not None:
            self._active.show_progress(text, done, total)

    def show_end(self, message: str = "", *, is_done: bool = False) -> None:
        """The download ended: with a sentence, by Cancel where there is none, or well."""
        row, self._active = self._active, None
        for other in self.rows.values():
            other.get.setEnabled(True)
        if row is None:
            return
        row.use.setVisible(is_done)
        if is_done:
            row.show_idle()
        elif message:
            row.show_idle(message)
        else:
            row.show_idle("Cancelled. What came is kept; Download goes on from there.", "muted")
