"""Which network is asked beside the one of the page: a button with a menu of where others come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QPushButton, QWidget

from cnn_studio.app.project import SUFFIX, Project, load_project
from cnn_studio.app.run_summary import RunSummary
from cnn_studio.app.runs import RunStore
from cnn_studio.app.sources import open_source
from cnn_studio.transfer.card import ALWAYS_HERE
from cnn_studio.ui import theme
from cnn_studio.ui.panels.run_menu import fill_run_menu


@dataclass(frozen=True, slots=True)
class OtherNetwork:
    """A network that is opened when it is needed.

    Attributes:
        title: what people call it.
        open: reads it; called in a job's thread.
    """

    title: str
    open: Callable[[], Project] = field(repr=False)


class OtherButton(QPushButton):
    """Chooses a network.

    Attributes:
        chosen: emitted with an `OtherNetwork`.
    """

    chosen = Signal(object)

    def __init__(
        self,
        store: RunStore,
        start: Callable[[], Project | None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Make the button.

        Args:
            store: the runs to choose from.
            start: returns the network of the page as training began with it, or None where nobody knows.
            parent: the widget it belongs to.
        """
        super().__init__("Choose a network", parent)
        self._store, self._start = store, start
        self.setToolTip("Which network looks at the same image beside the one of this page")
        theme.set_role(self, "primary")
        menu = QMenu(self)
        self.before = menu.addAction("This network before training", self._take_start)
        menu.addAction("A project file…", self._ask_file)
        self.runs = menu.addMenu("A run")
        menu.addSeparator()
        menu.addAction(f"Pre-trained {ALWAYS_HERE}", lambda: self.take_source(ALWAYS_HERE))
        menu.addAction("Another pre-trained one…", self._ask_source)
        self.runs.aboutToShow.connect(lambda: fill_run_menu(self.runs, self._store, self.take_run))
        menu.aboutToShow.connect(lambda: self.before.setEnabled(self._first() is not None))
        self.setMenu(menu)

    def _first(self) -> Project | None:
        return self._start() if self._start is not None else None

    @Slot()
    def _take_start(self) -> None:
        project = self._first()
        if project is not None:
            self._choose(f"{project.document.info.name} before training", lambda: project)

    @Slot()
    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Network to compare with", "", f"Projects (*{SUFFIX})")
        if name:
            self.take_file(Path(name))

    @Slot()
    def _ask_source(self) -> None:
        name, is_given = QInputDialog.getText(
            self, "Pre-trained network", "Name, such as resnet18 or timm:mobilenetv3_small_100:"
        )
        if is_given and name.strip():
            self.take_source(name.strip())

    def take_file(self, file: Path) -> None:
        """Choose a project file."""
        self._choose(file.stem, lambda: load_project(file))

    def take_run(self, run: RunSummary) -> None:
        """Choose the network that a run kept."""
        file = self._store.project_file(run.id)
        self._choose(f"Run {run.id}: {run.name}", lambda: load_project(file))

    def take_source(self, name: str) -> None:
        """Choose a published network by its name."""
        self._choose(name, lambda: open_source(name).project)

    def _choose(self, title: str, open_it: Callable[[], Project]) -> None:
        self.setText("Choose another")
        theme.set_role(self, "")
        self.chosen.emit(OtherNetwork(title, open_it))
