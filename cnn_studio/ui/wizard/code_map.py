"""The map of CNN codes: which images a network finds alike, and where classes overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.jobs import Job, JobEnded
from cnn_studio.ui import theme
from cnn_studio.ui.job_line import JobLine
from cnn_studio.ui.wizard.code_neighbours import NeighbourList
from cnn_studio.ui.wizard.map_canvas import MapCanvas

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.app.exploring import CodeMap, Exploration, MapKind
    from cnn_studio.app.transferring import Prepared
    from cnn_studio.transfer.recipe import TransferRecipe
    from cnn_studio.ui.wizard.code_scatter import Points

_KINDS: tuple[tuple[MapKind, str, str], ...] = (
    ("pca", "PCA", "The two directions in which the codes differ most; quick, and its axes can be read"),
    ("tsne", "t-SNE", "Similar images lie close together; takes longer, and its axes mean nothing"),
)
_SIDE = 250
_NEAREST = 12


class CodeMapView(QWidget):
    """A map of the images at a cut, the classes, and the neighbours of the image that was clicked.

    `explore` starts the work; codes and maps can also be given with `set_exploration` and `set_map`.

    Attributes:
        message: what was copied or written, or why not.
        failed: emitted with the sentence that says why there is no map.
        prepared: emitted with source and images (a `Prepared`) once they are in memory.
        ready: emitted when the codes are there.
    """

    message = Signal(str)
    failed = Signal(str)
    prepared = Signal(object)
    ready = Signal()

    def __init__(self, line: JobLine, parent: QWidget | None = None, *, shows_progress: bool = True) -> None:
        """Make an empty view.

        Args:
            line: for its work.
            parent: the widget it belongs to.
            shows_progress: below the map; False where the window around it does.
        """
        super().__init__(parent)
        self._line = line
        self._shows_progress = shows_progress
        self._kind: MapKind = "pca"
        self._exploration: Exploration | None = None
        self._maps: dict[MapKind, CodeMap] = {}
        self._predictions: np.ndarray | None = None
        self._chosen = -1
        self._build()
        line.told.connect(self._take)
        line.progress.connect(self._show_progress)
        line.busy_changed.connect(self._busy_changed)
        theme.manager().changed.connect(self._restyle)

    def _build(self) -> None:
        space = theme.current().space
        self.canvas = MapCanvas()
        self.canvas.message.connect(self.message)
        self.canvas.clicked.connect(self.choose)
        group = QButtonGroup(self)
        self.kind_buttons: dict[MapKind, QPushButton] = {}
        top = QHBoxLayout()
        top.setSpacing(theme.px(space.xs))
        for kind, name, help_ in _KINDS:
            button = self.kind_buttons[kind] = QPushButton(name)
            button.setCheckable(True)
            button.setToolTip(help_)
            theme.set_role(button, "segment")
            group.addButton(button)
            button.clicked.connect(lambda _=False, kind=kind: self.show_map(kind))
            top.addWidget(button)
        self.kind_buttons["pca"].setChecked(True)
        self.train_box, self.val_box = QCheckBox("● Training"), QCheckBox("◆ Validation")
        top.addSpacing(theme.px(space.s))
        for box in (self.train_box, self.val_box):
            box.setChecked(True)
            box.toggled.connect(self._draw)
            top.addWidget(box)
        top.addStretch(1)
        self.note = QLabel()
        self.note.setWordWrap(True)
        theme.set_role(self.note, "small")
        self.bar, self.doing, self.cancel = QProgressBar(), QLabel(), QPushButton("Cancel")
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        theme.set_role(self.doing, "muted")
        self.footer = QWidget()
        foot = QHBoxLayout(self.footer)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.addWidget(self.doing)
        foot.addWidget(self.bar, 1)
        foot.addWidget(self.cancel)
        self.footer.hide()
        self.cancel.clicked.connect(self._line.cancel)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, theme.px(space.s), 0)
        column.setSpacing(theme.px(space.xs))
        column.addLayout(top)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.note)
        column.addWidget(self.footer)
        self.class_list = QListWidget()
        self.class_list.setFrameShape(QFrame.Shape.NoFrame)
        self.class_list.setAccessibleName("Classes")
        self.class_list.setToolTip("Choose a class to let it stand out")
        self.class_list.currentRowChanged.connect(self._draw)
        self.neighbours = NeighbourList()
        self.neighbours.image_chosen.connect(self.choose)
        self.neighbours.metric_changed.connect(lambda: self.choose(self._chosen))
        side = QSplitter(Qt.Orientation.Vertical)
        for widget in (self.class_list, self.neighbours):
            side.addWidget(widget)
        side.setChildrenCollapsible(False)
        side.setSizes([theme.px(120), theme.px(380)])
        side.setStretchFactor(1, 1)
        self.side = QWidget()
        beside = QVBoxLayout(self.side)
        beside.setContentsMargins(theme.px(space.s), 0, 0, 0)
        beside.addWidget(side)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(left)
        halves.addWidget(self.side)
        self.side.hide()  # until there is a point to click
        halves.setChildrenCollapsible(False)
        halves.setStretchFactor(0, 1)
        halves.setSizes([theme.px(620), theme.px(_SIDE)])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(halves)

    @property
    def exploration(self) -> Exploration | None:
        """The codes that are shown."""
        return self._exploration

    # ----------------------------------------------------------------------------------------------------------- work

    def explore(self, recipe: TransferRecipe, prepared: Prepared | None = None) -> None:
        """Compute the codes of a recipe's images at its cut, and a map of them; `prepared` saves the loading."""

        def work(job: Job) -> None:
            from cnn_studio.app.exploring import ExplorationReady, explore, make_map
            from cnn_studio.app.transferring import prepare

            ready = prepared
            if ready is None:
                ready = prepare(recipe, job.report, job.control)
                job.report(ready)
            speed = recipe.training.speed
            found = explore(ready, job.report, job.control, pooling=recipe.head.pooling, speed=speed)
            job.report(ExplorationReady(found))
            job.report(make_map(found, "pca", job.report, job.control))

        self.clear()
        self._line.start("Computing the map of the codes", work)

    def show_map(self, kind: MapKind) -> None:
        """Show a map, and compute it first where it is not there yet."""
        self._kind = kind
        self.kind_buttons[kind].setChecked(True)
        exploration = self._exploration
        if exploration is None:
            return
        if kind in self._maps:
            self._show_kind()
            return

        def work(job: Job) -> None:
            from cnn_studio.app.exploring import make_map

            job.report(make_map(exploration, kind, job.report, job.control))

        self._line.start(f"Computing the {'t-SNE' if kind == 'tsne' else 'PCA'} map", work)

    @Slot(object)
    def _take(self, event: object) -> None:
        from cnn_studio.app.exploring import CodeMap, ExplorationReady
        from cnn_studio.app.transferring import Prepared

        if isinstance(event, ExplorationReady):
            self.set_exploration(event.exploration)
            self.ready.emit()
        elif isinstance(event, Prepared):
            self.prepared.emit(event)
        elif isinstance(event, CodeMap):
            self.set_map(event)
        elif isinstance(event, JobEnded):
            if event.status == "failed":
                if not self._maps:
                    self.canvas.show_hint(event.message)
                self.failed.emit(event.message)
            if self._kind not in self._maps and self._maps:
                self.show_map(next(iter(self._maps)))  # what there is stays in view

    @Slot(str, int, int)
    def _show_progress(self, text: str, done: int, total: int) -> None:
        self.doing.setText(f"{text}: {done:,} of {total:,}" if total else text)
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    @Slot()
    def _busy_changed(self) -> None:
        self.footer.setVisible(self._shows_progress and self._line.is_busy)

    # --------------------------------------------------------------------------------------------------------- content

    def clear(self) -> None:
        """Forget everything."""
        self._exploration, self._predictions = None, None
        self._maps.clear()
        self._chosen = -1
        self.neighbours.clear()
        self.class_list.clear()
        self.side.hide()
        self.note.clear()
        self.canvas.show_hint()

    def set_exploration(self, exploration: Exploration) -> None:
        """Take codes; their maps follow."""
        self.clear()
        self._exploration = exploration
        self.side.show()
        self._list_classes()

    def set_map(self, found: CodeMap) -> None:
        """Take a map of the present codes; it is shown where its kind is chosen."""
        self._maps[found.kind] = found
        if found.kind == self._kind:
            self._show_kind()

    def set_predictions(self, predictions: np.ndarray | None) -> None:
        """Mark wrong classifications.

        Args:
            predictions: classes of all images of the exploration, or of its validation images; None marks none.

        Raises:
            ValueError: they are of neither.
        """
        import numpy as np

        exploration = self._exploration
        if predictions is not None and exploration is not None:
            if len(predictions) == len(exploration.val):
                predictions = np.concatenate([exploration.train.labels, predictions])
            elif len(predictions) != len(exploration):
                raise ValueError(f"{len(predictions)} predictions for {len(exploration)} images")
        self._predictions = predictions
        self._draw()
        self.choose(self._chosen)

    def _list_classes(self) -> None:
        exploration = self._exploration
        if exploration is None:
            return
        from cnn_studio.ui.wizard.code_scatter import class_color

        row = self.class_list.currentRow()
        self.class_list.blockSignals(True)
        self.class_list.clear()
        self.class_list.addItem(QListWidgetItem(f"All classes ({len(exploration):,})"))
        for at, name in enumerate(exploration.classes):
            count = int((exploration.labels == at).sum())
            item = QListWidgetItem(f"{name} ({count:,})")
            picture = QPixmap(theme.px(12), theme.px(12))
            picture.fill(class_color(at))
            item.setIcon(QIcon(picture))
            self.class_list.addItem(item)
        self.class_list.setCurrentRow(max(row, 0))
        self.class_list.blockSignals(False)

    # --------------------------------------------------------------------------------------------------------- drawing

    def _show_kind(self) -> None:
        self._draw()
        self.choose(self._chosen)
        self.note.setText(self._maps[self._kind].note)

    @Slot()
    def _draw(self, *_: object) -> None:
        # while the chosen one is computed the other one stays in view
        found = self._maps.get(self._kind) or next(iter(self._maps.values()), None)
        exploration = self._exploration
        if found is not None and exploration is not None:
            points = self._points(exploration, found)
            self.canvas.show_map(exploration, found, points, self._predictions)

    def _points(self, exploration: Exploration, found: CodeMap) -> Points:
        import numpy as np

        from cnn_studio.ui.wizard.code_scatter import Points

        rows = found.rows
        is_val, labels = exploration.is_val[rows], exploration.labels[rows]
        wrong = np.zeros(len(rows), bool) if self._predictions is None else self._predictions[rows] != labels
        shown = np.where(is_val, self.val_box.isChecked(), self.train_box.isChecked())
        axes = ("", "")
        if found.kept is not None:
            axes = (
                f"first direction, {100 * found.kept[0]:.0f} % of the variance",
                f"second direction, {100 * found.kept[1]:.0f} %",
            )
        return Points(found.places, labels, is_val, wrong, shown, self.class_list.currentRow() - 1, axes)

    @Slot(int)
    def choose(self, at: int) -> None:
        """Show an image with its neighbours; -1 shows none."""
        exploration = self._exploration
        if exploration is None:
            return
        from cnn_studio.app.exploring import neighbours

        self._chosen = at
        if at < 0:
            self.neighbours.clear()
            self.canvas.choose(-1)
            return
        found = neighbours(exploration, at, _NEAREST, self.neighbours.chosen_metric)
        said = "" if self._predictions is None else exploration.classes[int(self._predictions[at])]
        wrong = said if said != exploration.class_of(at) else ""
        self.neighbours.show_image(exploration, at, found, wrong)
        self.canvas.choose(at, found)

    def _restyle(self) -> None:
        self._list_classes()
        self.choose(self._chosen)
