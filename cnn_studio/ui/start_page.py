"""The start page: projects of before with their pictures, starter networks, and the other ways to begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.jobs import Job, JobList
from cnn_studio.app.project import thumbnail_of
from cnn_studio.graph.starters import STARTERS
from cnn_studio.ui import theme
from cnn_studio.ui.job_line import JobLine

_PICTURE = QSize(190, 120)
_NONE_YET = "Projects that you save or open are listed here, with a picture of each."
_WHAT = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Way:
    """A button of the start page.

    Attributes:
        begin: called after the page has closed.
    """

    text: str
    help: str
    begin: Callable[[], object]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a recent project: whether it is there, and its picture as PNG bytes."""

    number: int
    is_there: bool
    picture: bytes


class StartPage(QDialog):
    """Offers what one can begin with; whatever is chosen closes it.

    Attributes:
        project_chosen: emitted with the path of a recent project.
        starter_chosen: emitted with the name of a starter network.
        projects: the recent projects; those that are gone are greyed.
        starters: the starter networks.
    """

    project_chosen = Signal(Path)
    starter_chosen = Signal(str)

    def __init__(
        self, recent: Sequence[str], ways: Sequence[Way], jobs: JobList, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Start")
        self.resize(theme.px(940), theme.px(600))
        self.projects, self.starters = QListWidget(), QListWidget()
        self._list_projects([Path(name) for name in recent])
        self._list_starters()
        self._none = QLabel(_NONE_YET)
        self._none.setWordWrap(True)
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.set_role(self._none, "muted")
        self._none.setVisible(not recent)
        self.projects.setVisible(bool(recent))
        space = theme.current().space
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(theme.px(space.s))
        left.addWidget(_heading("Projects"))
        left.addWidget(self.projects, 1)
        left.addWidget(self._none, 1)
        right.addWidget(_heading("Begin with"))
        for way in ways:
            right.addWidget(self._button(way))
        right.addSpacing(theme.px(space.m))
        right.addWidget(_heading("A starter network"))
        right.addWidget(self.starters, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(*(theme.px(space.l),) * 4)
        row.setSpacing(theme.px(space.xl))
        row.addLayout(left, 3)
        row.addLayout(right, 2)
        self._line = JobLine(jobs, self)
        self._line.told.connect(self._take)
        self._line.start("Reading pictures of projects", lambda job: _look(job, tuple(map(Path, recent))))
        self.finished.connect(self._line.drop)
        (self.projects if recent else self.starters).setFocus()

    def _list_projects(self, paths: Sequence[Path]) -> None:
        view = self.projects
        view.setAccessibleName("Recent projects")
        view.setViewMode(QListView.ViewMode.IconMode)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setMovement(QListView.Movement.Static)
        view.setUniformItemSizes(True)
        view.setWordWrap(True)
        size = QSize(theme.px(_PICTURE.width()), theme.px(_PICTURE.height()))
        view.setIconSize(size)
        view.setGridSize(size + QSize(theme.px(16), theme.px(44)))
        for path in paths:
            item = QListWidgetItem(_picture(b"", size), path.stem)
            item.setToolTip(str(path))
            item.setData(_WHAT, str(path))
            view.addItem(item)
        if paths:
            view.setCurrentRow(0)
        view.itemActivated.connect(self._open_project)
        view.itemClicked.connect(self._open_project)

    def _list_starters(self) -> None:
        self.starters.setAccessibleName("Starter networks")
        for starter in STARTERS:
            item = QListWidgetItem(starter.title)
            item.setToolTip(starter.help)
            item.setData(_WHAT, starter.name)
            self.starters.addItem(item)
        self.starters.setSpacing(theme.px(2))
        self.starters.setCurrentRow(0)
        self.starters.itemActivated.connect(self._open_starter)

    def _button(self, way: Way) -> QPushButton:
        button = QPushButton(way.text)
        button.setToolTip(way.help)
        button.setAutoDefault(False)

        def begin() -> None:
            self.accept()
            way.begin()

        button.clicked.connect(begin)
        return button

    @Slot(object)
    def _take(self, event: object) -> None:
        if not isinstance(event, _Seen):
            return
        item = self.projects.item(event.number)
        item.setIcon(_picture(event.picture, self.projects.iconSize()))
        if not event.is_there:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setForeground(QColor(theme.current().muted))
            item.setText(f"{item.text()} (gone)")
            item.setToolTip(f"{item.data(_WHAT)} is not there any more.")

    @Slot(QListWidgetItem)
    def _open_project(self, item: QListWidgetItem) -> None:
        if item.flags() & Qt.ItemFlag.ItemIsEnabled and self.isVisible():
            self.accept()
            self.project_chosen.emit(Path(item.data(_WHAT)))

    @Slot(QListWidgetItem)
    def _open_starter(self, item: QListWidgetItem) -> None:
        self.accept()
        self.starter_chosen.emit(item.data(_WHAT))


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    theme.set_role(label, "title")
    return label


def _look(job: Job, paths: Sequence[Path]) -> None:
    """Report what there is of each project; in a job, for a folder on the net may take its time."""
    for number, path in enumerate(paths):
        job.control.check()
        job.report(_Seen(number, path.is_file(), thumbnail_of(path)))


def _picture(content: bytes, size: QSize) -> QIcon:
    """Return a project's picture on a quiet ground; the ground alone where there is none."""
    ground = QPixmap(size)
    ground.fill(QColor(theme.current().canvas))
    picture = QPixmap()
    if content and picture.loadFromData(content):
        fitted = picture.scaled(
            size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        painter = QPainter(ground)
        painter.drawPixmap(
            (size.width() - fitted.width()) // 2, (size.height() - fitted.height()) // 2, fitted
        )
        painter.end()
    icon = QIcon(ground)
    icon.addPixmap(ground, QIcon.Mode.Selected)  # Qt would paint it blue
    return icon
