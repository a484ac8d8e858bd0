"""The Data tab: which images there are, how they are divided, and how some of them look."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFontMetrics
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.session import Session
from cnn_studio.datasets.records import DataSource, ImageData, SourceKind
from cnn_studio.datasets.sources import describe
from cnn_studio.ui import theme
from cnn_studio.ui.panels.data_facts import source_of_folder
from cnn_studio.ui.panels.data_state import DataState
from cnn_studio.ui.panels.data_view import DataView
from cnn_studio.ui.widgets.flow_layout import FlowLayout

_SIDE = 352


class DataPanel(QWidget):
    """Chooses the source and shows what was loaded; it never reads a file itself.

    Attributes:
        source_chosen: emitted with the `DataSource` that the user chose.
        load_requested: the user wants the images to be loaded.
    """

    source_chosen = Signal(object)
    load_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._source = session.data
        self._loaded_size: tuple[int, ...] | None = None
        self._name = QLabel()
        self._name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_role(self._name, "strong")
        self.state = DataState()
        self.state.load_requested.connect(self.load_requested)
        self.view = DataView()
        self.setAcceptDrops(True)
        self._build()
        self._take_theme()
        theme.manager().changed.connect(self._take_theme)
        session.settings_changed.connect(self._follow)
        session.changed.connect(self._document_changed)

    def _build(self) -> None:
        space = theme.current().space
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(*(theme.px(n) for n in (space.l, space.m, space.m, space.s)))
        column.setSpacing(theme.px(space.s))
        column.addWidget(self._name)
        buttons = QWidget()
        flow = FlowLayout(buttons, theme.px(6))
        self.digits = self._button("Digits", "1,797 handwritten digits that come with the program")
        self.mnist = self._button(
            "MNIST folder...",
            "A folder with the four files of MNIST or Fashion-MNIST, packed or not",
        )
        self.folder = self._button(
            "Image folder...",
            "A folder with one folder of images per class, or with train, val and test folders that hold those",
        )
        for button, slot in (
            (self.digits, self._choose_digits),
            (self.mnist, self._ask_mnist),
            (self.folder, self._ask_folder),
        ):
            button.clicked.connect(slot)
            flow.addWidget(button)
        column.addWidget(buttons)
        column.addWidget(self.state)
        column.addStretch(1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        self._side = scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(side)
        splitter.addWidget(scroll)
        splitter.addWidget(self.view)
        splitter.setHandleWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    @staticmethod
    def _button(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        theme.set_role(button, "fix")
        button.setToolTip(tip)
        return button

    def _take_theme(self) -> None:
        self._side.setFixedWidth(theme.px(_SIDE))
        self._show_source()

    # ----------------------------------------------------------------------------------------------------- states

    @property
    def source(self) -> DataSource:
        """The source that is shown."""
        return self._source

    def set_source(self, source: DataSource) -> None:
        """Show another source; what was loaded of the one before goes away."""
        if source == self._source:
            return
        self._source = source
        self._loaded_size = None
        self.state.show_empty()
        self.view.clear()
        self._show_source()

    def set_loading(self, text: str, done: int, total: int) -> None:
        """Show how far the loading is: `done` of `total`, or no number where `total` is 0."""
        if self._loaded_size is None:
            self.view.clear()  # an error of before is no longer true
        self.state.show_loading(text, done, total)

    def set_data(self, data: ImageData) -> None:
        """Show loaded images."""
        facts = self.view.show_data(data)
        self._loaded_size = facts.image
        self.state.show_facts(facts, len(data.skipped))
        self._check_size()

    def set_error(self, message: str) -> None:
        """Say why the images could not be loaded."""
        self._loaded_size = None
        self.view.show_error(message)
        self.state.show_error()

    def _show_source(self) -> None:
        text = describe(self._source)
        space = theme.current().space
        metrics = QFontMetrics(theme.ui_font(weight=theme.current().type.strong))
        room = theme.px(_SIDE) - theme.px(space.l) - theme.px(space.m) - theme.px(space.scroll_bar)
        self._name.setText(metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room))
        self._name.setToolTip(text)

    @Slot()
    def _follow(self) -> None:
        self.set_source(self._session.data)

    def _document_changed(self, change: object) -> None:
        self._check_size()

    def _check_size(self) -> None:
        """Say so when the network's input is no longer as large as the images that are shown."""
        if self._loaded_size is None:
            return
        for layer in self._session.document.layers.values():
            if layer.type == "input":
                size = tuple(layer.params[key] for key in ("channels", "height", "width"))
                self.state.show_other_size(None if size == self._loaded_size else size)
                return

    # ----------------------------------------------------------------------------------------------------- choices

    def _choose(self, source: DataSource) -> None:
        self.source_chosen.emit(source)

    @Slot()
    def _choose_digits(self) -> None:
        self._choose(self._source.model_copy(update={"kind": "digits", "folder": ""}))

    @Slot()
    def _ask_mnist(self) -> None:
        self._ask("mnist", "Folder with the files of MNIST")

    @Slot()
    def _ask_folder(self) -> None:
        self._ask("folder", "Folder with one folder of images per class")

    def _ask(self, kind: SourceKind, title: str) -> None:
        name = QFileDialog.getExistingDirectory(self, title, self._source.folder)
        if name:
            self._choose(source_of_folder(Path(name), self._source, kind))

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _folder_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        folder = _folder_in(event.mimeData())
        if folder is not None:
            event.acceptProposedAction()
            self._choose(source_of_folder(folder, self._source))


def _folder_in(mime: QMimeData) -> Path | None:
    """Return the one folder that is dragged, if it is one."""
    urls = mime.urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.is_dir() else None
