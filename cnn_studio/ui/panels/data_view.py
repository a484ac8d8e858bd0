"""What is known of the images: bars per class, all of them in a grid, the report, what was left out; or known sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
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
from cnn_studio.ui.panels.data_facts import DataFacts, data_facts
from cnn_studio.ui.panels.data_files import FilesPage
from cnn_studio.ui.panels.data_report import ReportPage
from cnn_studio.ui.panels.data_thumbs import ThumbsPage
from cnn_studio.ui.panels.skipped_list import SkippedFiles, SkippedList

if TYPE_CHECKING:
    from cnn_studio.datasets.findings import Finding
    from cnn_studio.datasets.report import ImportReport

_EMPTY = "Images appear here once they are loaded"
IMAGES, REPORT, SKIPPED, FILES = range(4)
_NOTHING, _DATA, _CATALOGUE = range(3)


class DataView(QWidget):
    """Bars on the left, on the right one of: images, report, files left out, files of a finding.

    Attributes:
        page_changed: emitted when another of these is shown.
    """

    page_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._skipped = SkippedFiles(self)
        self._root = Path()
        self._is_files = False
        self._is_loaded = False
        self.thumbs = ThumbsPage()
        self.grid = self.thumbs.grid
        self.report = ReportPage()
        self.skipped = SkippedList(self._skipped)
        self.files = FilesPage()
        self.bars = ClassBars()
        self.bars.setToolTip("Click a class to see its images")
        self.bars.clicked.connect(self._show_class)
        self._legend = _Legend()
        self._empty = QLabel(_EMPTY)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setTextFormat(Qt.TextFormat.PlainText)  # it quotes the names of folders and files
        self._empty.setWordWrap(True)
        self._empty.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._empty.setContentsMargins(*(theme.px(24),) * 4)
        theme.set_role(self._empty, "muted")
        self._show_images = self._segment("Images", "All images, by class and part")
        self._show_report = self._segment("Report", "What was found when every image was looked at")
        self._show_skipped = self._segment("Left out", "Files that could not be read as images, and why")
        self._group = QButtonGroup(self)
        for number, button in enumerate((self._show_images, self._show_report, self._show_skipped)):
            self._group.addButton(button, number)
        self._build()
        self._show_page(IMAGES)
        self._show_skipped.hide()
        self.report.show_requested.connect(self._show_finding)
        self.files.back_requested.connect(self.show_report_page)

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
        for page in (self.thumbs, self.report, self.skipped, self.files):
            self._right.addWidget(page)
        self._group.idClicked.connect(self._show_page)
        self._tabs = QWidget()
        row = QHBoxLayout(self._tabs)
        row.setContentsMargins(0, 0, theme.px(space.s), 0)
        row.setSpacing(theme.px(space.xs))
        for button in self._group.buttons():
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.thumbs.filters)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.xs, space.xs)))
        column.setSpacing(theme.px(space.xs))
        column.addWidget(self._tabs)
        column.addWidget(self._right, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([theme.px(300), theme.px(700)])
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        self._pages = QStackedWidget()
        for widget in (self._empty, splitter):
            self._pages.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    # ------------------------------------------------------------------------------------------------------- pages

    @property
    def is_empty(self) -> bool:
        """Whether there are no images to show."""
        return not self._is_loaded

    @property
    def page(self) -> int:
        """Which of `IMAGES`, `REPORT`, `SKIPPED` and `FILES` is shown."""
        return self._right.currentIndex()

    @property
    def is_catalogue_shown(self) -> bool:
        """Whether the known sets are shown."""
        return self._pages.currentIndex() == _CATALOGUE

    @Slot(int)
    def _show_page(self, number: int) -> None:
        if number != FILES:
            self._group.button(number).setChecked(True)
        self._tabs.setVisible(number != FILES)
        self.thumbs.filters.setVisible(number == IMAGES)
        self._right.setCurrentIndex(number)
        self.page_changed.emit()

    @Slot()
    def show_report_page(self) -> None:
        """Show the report."""
        self._show_page(REPORT)

    @Slot()
    def show_images_page(self) -> None:
        """Show the images, or what is said in their place."""
        self._pages.setCurrentIndex(_DATA if self._is_loaded else _NOTHING)

    def show_catalogue(self, page: QWidget) -> None:
        """Show the known sets; `page` stays the same from the first time on."""
        if self._pages.count() == _CATALOGUE:
            self._pages.addWidget(page)
        self._pages.setCurrentIndex(_CATALOGUE)

    @Slot(object)
    def _show_finding(self, finding: Finding) -> None:
        self.files.show_finding(finding, self._root, can_leave_out=self._is_files)
        self._show_page(FILES)

    @Slot(int)
    def _show_class(self, label: int) -> None:
        self.thumbs.show_class(label)
        self._show_page(IMAGES)

    # ------------------------------------------------------------------------------------------------------ contents

    def show_data(self, data: ImageData) -> DataFacts:
        """Show loaded images and return their counts."""
        facts = data_facts(data)
        self.bars.show_facts(facts)
        self._legend.show_parts([name for name, _ in facts.parts])
        self.thumbs.set_data(data)
        self._skipped.set_files(data.skipped)
        self._show_skipped.setText(f"Left out {len(data.skipped):,}")
        self._show_skipped.setVisible(bool(data.skipped))
        self._is_loaded = True
        if self.page == FILES or (self.page == SKIPPED and not data.skipped):
            self._show_page(REPORT if self.page == FILES else IMAGES)
        if not self.is_catalogue_shown:
            self._pages.setCurrentIndex(_DATA)
        return facts

    def show_report(self, report: ImportReport) -> None:
        """Show what was found."""
        self._root, self._is_files = report.root, report.is_files
        self.report.show_report(report)
        warnings = sum(finding.severity == "warning" for finding in report.findings)
        self._show_report.setText(f"Report  ! {warnings}" if warnings else "Report")

    def forget_report(self) -> None:
        """Show that there is no report yet."""
        self.report.show_nothing()
        self._show_report.setText("Report")
        if self.page == FILES:
            self._show_page(REPORT)

    @property
    def message(self) -> str:
        """What is said while there is nothing to show."""
        return self._empty.text()

    def show_error(self, message: str) -> None:
        """Say why there is nothing to show."""
        self.clear()
        self._empty.setText(message)
        theme.set_role(self._empty, "error")
        self._pages.setCurrentIndex(_NOTHING)

    def clear(self) -> None:
        """Show nothing."""
        self._empty.setText(_EMPTY)
        theme.set_role(self._empty, "muted")
        self.bars.show_facts(None)
        if self._is_loaded:
            self.thumbs.set_data(None)
        self._is_loaded = False
        self._skipped.set_files(())
        if not self.is_catalogue_shown:
            self._pages.setCurrentIndex(_NOTHING)


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
