"""The inside of the window: palette, canvas with its tabs, inspector, and the panels below."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMenu, QSplitter, QTabWidget, QVBoxLayout, QWidget

from cnn_studio.app.runs import RunStore
from cnn_studio.app.session import Session
from cnn_studio.datasets.records import ImageData
from cnn_studio.datasets.sources import describe
from cnn_studio.engine.events import EpochDone, HeldOutResults
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.selection import SelectionModel
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.insight.tab import InspectTab
from cnn_studio.ui.panels.analysis_panel import AnalysisPanel
from cnn_studio.ui.panels.code_panel import CodePanel
from cnn_studio.ui.panels.data_panel import DataPanel
from cnn_studio.ui.panels.inspector import Inspector
from cnn_studio.ui.panels.palette import PalettePanel
from cnn_studio.ui.panels.problems_panel import ProblemsPanel
from cnn_studio.ui.panels.runs_panel import RunsPanel
from cnn_studio.ui.panels.samples_panel import SamplesPanel
from cnn_studio.ui.panels.training_panel import TrainingPanel
from cnn_studio.ui.widgets.segments import SegmentedStack
from cnn_studio.ui.widgets.strip import MessageStrip, Strip


class Workspace(QWidget):
    """Makes the panels, sets them beside each other, and passes on what they say.

    Attributes:
        source_chosen: the user chose other images, as `DataSource`.
        load_requested: the user wants to see the images.
        open_requested: the user wants to open a kept network, as `Path`.
    """

    source_chosen = Signal(object)
    load_requested = Signal()
    open_requested = Signal(object)

    def __init__(
        self, session: Session, selection: SelectionModel, store: RunStore, inspect: InspectTab
    ) -> None:
        super().__init__()
        self._session = session
        self.inspect = inspect
        self.canvas = CanvasView(session, selection)
        self.palette_ = PalettePanel(session, selection, self.canvas.inserter.catalogue)
        self.analysis = AnalysisPanel(session, selection)
        self.code = CodePanel(session, selection)
        self.inspector = Inspector(session, self.canvas)
        self.data = DataPanel(session)
        self.training = TrainingPanel()
        self.runs = RunsPanel(store)
        self.samples = SamplesPanel()
        self.problems = ProblemsPanel(session)
        self._message = MessageStrip()
        self.welcome = Strip("info-notice")
        self.welcome.hide()
        self.lost = Strip("notice")
        self.lost.hide()
        self.crashed = Strip("notice")
        self.crashed.hide()
        self._runs_stale = True
        self._column_sizes: list[int] = []  # with the palette, while it is away
        self._arrange()
        self._connect()

    def _arrange(self) -> None:
        self.views = SegmentedStack(
            (
                ("Network", self.canvas),
                ("Analysis", self.analysis),
                ("Code", self.code),
                ("Inspect", self.inspect),
            ),
            floats_over=self.canvas,
        )
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.crashed)
        column.addWidget(self.lost)
        column.addWidget(self.welcome)
        column.addWidget(self._message)
        column.addWidget(self.views, 1)
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        for widget in (self.palette_, middle, self.inspector):
            self._columns.addWidget(widget)
        self._columns.setStretchFactor(1, 1)
        self._columns.setSizes([theme.px(n) for n in (220, 900, 310)])
        self.palette_.setMinimumWidth(theme.px(170))
        self.inspector.setMinimumWidth(theme.px(250))
        middle.setMinimumWidth(theme.px(320))
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for name, panel in (
            ("Data", self.data),
            ("Training", self.training),
            ("Runs", self.runs),
            ("Results", self.samples),
            ("Problems", self.problems),
        ):
            self.tabs.addTab(panel, name)
        self.tabs.setCurrentWidget(self.training)
        self.tabs.setMinimumHeight(theme.px(190))
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._rows.addWidget(self._columns)
        self._rows.addWidget(self.tabs)
        self._rows.setStretchFactor(0, 1)
        self._rows.setSizes([theme.px(n) for n in (562, 280)])
        for splitter in (self._columns, self._rows):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._rows)

    def _connect(self) -> None:
        self.palette_.layer_chosen.connect(self._append)
        for panel in (
            self.canvas,
            self.palette_,
            self.inspector,
            self.problems,
            self.code,
            self.analysis,
            self.samples,
            self.inspect,
        ):
            panel.message.connect(self.say)
        self.problems.layer_chosen.connect(self._go_to)
        self.analysis.layer_chosen.connect(self._go_to)
        self.data.source_chosen.connect(self.source_chosen)
        self.data.load_requested.connect(self.load_requested)
        self.runs.open_requested.connect(self.open_requested)
        self.tabs.currentChanged.connect(self._tab_changed)
        self.views.page_changed.connect(self._share_columns)

    # ---------------------------------------------------------------------------------------------------- states

    def refresh(self, data: ImageData | None) -> None:
        """Bring the panels' titles in step with the session."""
        problems = self._session.report().problems
        at = self.tabs.indexOf(self.problems)
        self.tabs.setTabText(at, f"Problems {len(problems)}" if problems else "Problems")
        if data is None:
            self.training.set_data_text(describe(self._session.data))
        else:
            text = f"{data.name} · {len(data.train):,} + {len(data.val):,}"
            self.training.set_data_text(text, len(data.train))

    def show_images(self, data: ImageData) -> None:
        """Show images that were just loaded."""
        self.data.set_data(data)
        test = None if data.test is None else (data.test.images, data.test.labels)
        self.samples.set_data(data.val.images, data.val.labels, data.classes, test=test)

    @Slot(object)
    def show_predictions(self, epoch: EpochDone) -> None:
        """Show what the network says of the validation images."""
        self.samples.set_predictions(epoch.predictions, epoch.confidences, epoch.ranks)

    @Slot(object)
    def show_test(self, results: HeldOutResults) -> None:
        """Show what the kept network says of the test images."""
        self.samples.set_predictions(results.predictions, results.confidences, results.ranks, "test")

    def show_families(self) -> None:
        """Colour the gradient bars by kind of layer."""
        layers = self._session.document.layers.values()
        self.training.set_families({k.path: k.spec.family.key for k in layers if k.spec is not None})

    def runs_changed(self) -> None:
        """Note that a run ended; the table is read when it is looked at."""
        self._runs_stale = True
        self._tab_changed()

    @Slot(list)
    def compare_runs(self, numbers: list[int]) -> None:
        """Show the table of runs with these ticked and no others, so that their curves lie over each other."""
        self._runs_stale = True
        self.tabs.setCurrentWidget(self.runs)
        self._tab_changed()
        self.runs.model.tick({run.id for run in self.runs.model.ticked}, on=False)
        self.runs.model.tick(set(numbers), on=True)

    @Slot()
    def _tab_changed(self) -> None:
        if self._runs_stale and self.tabs.currentWidget() is self.runs:
            self._runs_stale = False
            self.runs.refresh()

    # --------------------------------------------------------------------------------------------------- actions

    @Slot()
    def _share_columns(self) -> None:
        """Give the room of the palette to looking inside, where no layer can be put."""
        is_inside = self.inspect.isVisibleTo(self)
        if is_inside != self.palette_.isHidden():
            if is_inside:
                self._column_sizes = self._columns.sizes()
            self.palette_.setHidden(is_inside)
            if not is_inside:
                self._columns.setSizes(self._column_sizes)

    @Slot(str)
    def say(self, text: str) -> None:
        """Show a sentence above the canvas."""
        self._message.show_message(text)

    def show_welcome(self, starters: QMenu, take_tour: Callable[[], object]) -> None:
        """Offer what one can do at the first start."""
        self.welcome.label.setText(
            "LeNet-5 on handwritten digits is open. Press Train to watch it learn, or begin with:"
        )
        self.welcome.add_button("Tour", "Six cards that say what the parts of the window are for", take_tour)
        button = self.welcome.add_button("Another starter", "Open one of the starter networks")
        button.setMenu(starters)
        self.welcome.add_button(
            "My own images…", "Train on a folder with one folder per class", self.choose_folder
        )
        self.welcome.show()

    @Slot(str)
    def _append(self, type_id: str) -> None:
        self.show_network()
        self.canvas.append_layer(type_id)

    @Slot(int)
    def _go_to(self, layer_id: int) -> None:
        if layer_id in self._session.document.layers:
            self.show_network()
            self.canvas.reveal(layer_id)

    @Slot()
    def find_layer(self) -> None:
        """Open the quick search on the canvas."""
        self.show_network()
        self.canvas.open_search()

    @Slot()
    def choose_folder(self) -> None:
        """Let the user choose a folder of images."""
        name = QFileDialog.getExistingDirectory(self, "Folder with one folder of images per class")
        if name:
            self.import_data(Path(name))

    def import_data(self, path: Path) -> None:
        """Take a folder or a list of images as data, whatever layout it has."""
        self.show_data()
        self.data.take_path(path)

    @Slot()
    def show_network(self) -> None:
        """Show the canvas."""
        self.views.show_page(0)

    @Slot()
    def enter_network(self) -> None:
        """Show the canvas, ready for its keys."""
        self.show_network()
        self.canvas.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def show_analysis(self) -> None:
        """Show the table of layers."""
        self.views.show_page(1)

    @Slot()
    def show_code(self) -> None:
        """Show the network as code."""
        self.views.show_page(2)

    @Slot()
    def show_inspect(self) -> None:
        """Look inside the network."""
        self.views.show_page(3)

    @Slot()
    def show_training(self) -> None:
        """Show settings and plots."""
        self.tabs.setCurrentWidget(self.training)

    @Slot()
    def show_data(self) -> None:
        """Show the images."""
        self.tabs.setCurrentWidget(self.data)

    @Slot()
    def show_problems(self) -> None:
        """Show the list of problems."""
        self.tabs.setCurrentWidget(self.problems)

    # ----------------------------------------------------------------------------------------------------- sizes

    def sizes(self) -> dict[str, Any]:
        """Return how large the panels are, as a JSON-able record."""
        columns = self._column_sizes if self.palette_.isHidden() else self._columns.sizes()
        return {"columns": columns, "rows": self._rows.sizes()}

    def restore_sizes(self, record: dict[str, Any]) -> None:
        """Give the panels the sizes of a record; what it lacks stays."""
        for name, splitter in (("columns", self._columns), ("rows", self._rows)):
            sizes = record.get(name)
            if isinstance(sizes, list) and len(sizes) == splitter.count():
                splitter.setSizes([int(size) for size in sizes])
