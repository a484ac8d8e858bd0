"""Loaded images: how many of each class and part, how some of the training part look, and what was left out."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.datasets.records import ImageData
from cnn_studio.ui import theme
from cnn_studio.ui.panels.class_bars import PART_COLORS, ClassBars
from cnn_studio.ui.panels.data_facts import DataFacts, data_facts, sample_rows
from cnn_studio.ui.panels.skipped_list import SkippedFiles, SkippedList
from cnn_studio.ui.widgets.image_grid import ImageGrid, Samples

_MOST_SAMPLES = 200
_EMPTY = "Images appear here once they are loaded"


class DataView(QWidget):
    """Bars on the left, sample images or the list of skipped files on the right; empty before there is data."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._samples = Samples(self)
        self._skipped = SkippedFiles(self)
        self.grid = ImageGrid(self._samples)
        self.grid.setAccessibleName("Sample images of the training part")
        self.skipped = SkippedList(self._skipped)
        self.bars = ClassBars()
        self._legend = _Legend()
        self._empty = QLabel(_EMPTY)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setTextFormat(Qt.TextFormat.PlainText)  # it quotes the names of folders and files
        self._empty.setWordWrap(True)
        self._empty.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._empty.setContentsMargins(*(theme.px(24),) * 4)
        theme.set_role(self._empty, "muted")
        self._show_samples = self._segment("Samples", "Some images of the training part, the classes in turn")
        self._show_skipped = self._segment("Left out", "Files that could not be read as images, and why")
        self._group = QButtonGroup(self)
        self._group.addButton(self._show_samples, 0)
        self._group.addButton(self._show_skipped, 1)
        self._build()

    @staticmethod
    def _segment(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setToolTip(tip)
        theme.set_role(button, "segment")
        return button

    def _build(self) -> None:
        space = theme.current().space
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.bars)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(*(theme.px(n) for n in (space.m, space.m, space.m, space.xs)))
        column.setSpacing(theme.px(space.s))
        column.addWidget(self._legend)
        column.addWidget(scroll, 1)
        self._right = QStackedWidget()
        self._right.addWidget(self.grid)
        self._right.addWidget(self.skipped)
        self._group.idClicked.connect(self._right.setCurrentIndex)
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.xs))
        row.addWidget(self._show_samples)
        row.addWidget(self._show_skipped)
        row.addStretch(1)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.xs, space.xs)))
        column.setSpacing(theme.px(space.xs))
        column.addLayout(row)
        column.addWidget(self._right, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([theme.px(300), theme.px(700)])
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(splitter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return self._pages.currentIndex() == 0

    def show_data(self, data: ImageData) -> DataFacts:
        """Show loaded images and return their counts."""
        facts = data_facts(data)
        self.bars.show_facts(facts)
        self._legend.show_parts([name for name, _ in facts.parts])
        rows = sample_rows(data.train.labels, len(data.classes), _MOST_SAMPLES)
        # a copy of the few that are shown: the whole training part need not live as long as the panel
        self._samples.set_images(data.train.images[rows], data.train.labels[rows], data.classes)
        self._skipped.set_files(data.skipped)
        self._show_skipped.setText(f"Left out {len(data.skipped):,}")
        for button in self._group.buttons():
            button.setVisible(bool(data.skipped))
        self._show_page(0)
        self._pages.setCurrentIndex(1)
        return facts

    @Slot(int)
    def _show_page(self, number: int) -> None:
        self._group.button(number).setChecked(True)
        self._right.setCurrentIndex(number)

    @property
    def message(self) -> str:
        """What is said while there is nothing to show."""
        return self._empty.text()

    def show_error(self, message: str) -> None:
        """Say why there is nothing to show."""
        self.clear()
        self._empty.setText(message)
        theme.set_role(self._empty, "error")

    def clear(self) -> None:
        """Show nothing."""
        self._empty.setText(_EMPTY)
        theme.set_role(self._empty, "muted")
        self.bars.show_facts(None)
        if not self.is_empty:
            import numpy as np

            nothing = np.zeros((0, 1, 1, 1), np.uint8)
            self._samples.set_images(nothing, np.zeros(0, np.int64), ())
        self._skipped.set_files(())
        self._pages.setCurrentIndex(0)


class _Legend(QWidget):
    """The colours of the parts with their names."""

    def __init__(self) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.px(4))
        self._entries: list[tuple[QLabel, QLabel]] = []
        for _ in PART_COLORS:
            mark, name = QLabel(), QLabel()
            theme.set_role(name, "small")
            self._row.addWidget(mark)
            self._row.addWidget(name)
            self._row.addSpacing(theme.px(8))
            self._entries.append((mark, name))
        self._row.addStretch(1)
        self._take_theme()
        theme.manager().changed.connect(self._take_theme)

    def _take_theme(self) -> None:
        for (mark, _), color in zip(self._entries, PART_COLORS, strict=True):
            square = QPixmap(QSize(theme.px(9), theme.px(9)))
            square.fill(theme.qcolor(color))
            mark.setPixmap(square)

    def show_parts(self, names: list[str]) -> None:
        """Name the parts there are."""
        for number, (mark, name) in enumerate(self._entries):
            is_there = number < len(names)
            name.setText(names[number].capitalize() if is_there else "")
            mark.setVisible(is_there)
            name.setVisible(is_there)
