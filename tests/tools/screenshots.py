"""Drives the real window offscreen through its main states and saves numbered pictures.

    python tests/tools/screenshots.py OUT [--theme light|dark] [--size 1600x1000] [--story main|builder|data|training|transfer|labs|inspect]

Without --theme both are made. Look at the pictures after each change of the window.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from builder_story import builder_story
from data_story import data_story
from inspect_story import inspect_story
from labs_story import labs_story
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from training_story import training_story
from transfer_story import transfer_story

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import starter_project
from cnn_studio.app.session import Session
from cnn_studio.engine.events import EpochDone
from cnn_studio.graph.commands import SetParams, SetTraining
from cnn_studio.graph.edits import remove_and_heal
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.main_window import MainWindow


class Photographer:
    """The window, and the pictures taken of it."""

    def __init__(self, app: QApplication, out: Path, mode: theme.Mode, size: tuple[int, int]) -> None:
        self._app = app
        self._out = out
        self._mode = mode
        self._number = 0
        theme.manager().set_mode(mode)
        self.window = MainWindow(Session(), Preferences(theme=mode))
        self.window.resize(*size)
        self.epoch = 0
        self.window.training.events.connect(self._count)
        self.window.show()

    def _count(self, events: list[object]) -> None:
        self.epoch = max([self.epoch, *(event.epoch for event in events if isinstance(event, EpochDone))])

    def shoot(self, name: str) -> None:
        """Save what the window shows, drop-down windows included."""
        self.settle()
        self._number += 1
        picture = self.window.grab()
        painter = QPainter(picture)
        for popup in QApplication.topLevelWidgets():  # menus, the quick search, bubbles: windows of their own
            if popup is not self.window and popup.isVisible() and popup.isWindow():
                painter.drawPixmap(self.window.mapFromGlobal(popup.pos()), popup.grab())
        painter.end()
        file = self._out / f"{self._number:02d}-{name}-{self._mode}.png"
        if not picture.save(str(file)):
            raise OSError(f"{file} could not be written")
        print(file)

    def shoot_window(self, window: QWidget, name: str) -> None:
        """Save a window of its own."""
        self.settle()
        self._number += 1
        file = self._out / f"{self._number:02d}-{name}-{self._mode}.png"
        if not window.grab().save(str(file)):
            raise OSError(f"{file} could not be written")
        print(file)

    def settle(self, seconds: float = 0.35) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._app.processEvents()
            time.sleep(0.005)

    def wait(self, what: str, seen: Callable[[], Any], seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while not seen():
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come within {seconds} s")
            self._app.processEvents()
            time.sleep(0.005)

    def layer(self, path: str) -> int:
        return self.window.session.document.layer_at(path).id

    def close(self) -> None:
        self.window.training.shut_down(5)
        self.window.session.stack.mark_clean()
        self.window.files.may_leave = lambda: True  # type: ignore[method-assign]
        self.window.close()
        self.window.deleteLater()
        self.settle(0.1)


def story(p: Photographer) -> None:
    """Go through the main states."""
    window, space = p.window, p.window.workspace
    p.shoot("first-paint")
    p.wait("torch", lambda: window.loader.is_ready)
    p.wait("the digits", lambda: window.training.data is not None)
    p.shoot("start")
    with dragging(p, "conv2d", "C1", "S2"):
        p.shoot("dragging-over-a-wire")
    with dragging(p, "linear", "C1", "S2"):
        p.shoot("dragging-where-it-does-not-fit")
    window.session.push(SetParams(id=p.layer("C3"), changes={"stride": (2, 2)}))
    space.canvas.reveal(p.layer("C3"))
    space.show_problems()
    p.shoot("problem-with-fixes")
    window.session.stack.undo()
    window.session.push(SetTraining(ids=(p.layer("C1"),), trainable=False))
    space.canvas.reveal(p.layer("S2"))
    space.show_training()
    p.shoot("frozen-layer")
    window.session.stack.undo()
    space.show_analysis()
    p.shoot("analysis")
    space.show_code()
    p.shoot("code")
    space.show_network()
    space.show_data()
    p.shoot("data")
    window.runs.train()
    p.wait("five epochs", lambda: p.epoch >= 5)
    p.shoot("training")
    p.wait("the end of the run", lambda: not window.training.is_training)
    p.shoot("trained")
    space.tabs.setCurrentWidget(space.samples)
    p.shoot("results")
    space.tabs.setCurrentWidget(space.runs)
    p.shoot("runs")
    space.canvas.open_search()
    p.shoot("quick-search")
    space.canvas.setFocus()
    for popup in QApplication.topLevelWidgets():
        if popup is not window:
            popup.hide()
    window.session.push(remove_and_heal(window.session.document, list(window.session.document.layers)))
    space.show_problems()
    p.shoot("empty-network")
    window.session.replace(starter_project(find_starter("small-cnn")))
    space.show_training()
    p.shoot("small-cnn")


@contextmanager
def dragging(p: Photographer, type_id: str, source: str, target: str) -> Iterator[None]:
    """Hold a layer of the palette over a wire."""
    space = p.window.workspace
    layers = space.palette_.layers
    layers.search("")
    for row in range(layers.model().rowCount()):
        layers.setCurrentIndex(layers.model().index(row, 0))
        if layers.current_type() == type_id:
            break
    drag = layers.make_drag()
    if drag is None:
        raise RuntimeError(f"{type_id} cannot be dragged")
    mime = drag.mimeData()
    document = p.window.session.document
    above, below = document.layer_at(source), document.layer_at(target)
    canvas = space.canvas
    place = canvas.mapFromScene(QPointF((above.x + below.x) / 2, (above.y + below.y) / 2))
    send = QApplication.sendEvent
    no_keys, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(place, Qt.DropAction.CopyAction, mime, left, no_keys)
    send(canvas.viewport(), enter)
    for step in (QPoint(-4, 0), QPoint(0, 0)):
        at = QPointF(place + step)
        send(canvas.viewport(), QDragMoveEvent(at.toPoint(), Qt.DropAction.CopyAction, mime, left, no_keys))
        p.settle(0.2)
    try:
        yield
    finally:
        send(canvas.viewport(), QDragLeaveEvent())
        layers.clearSelection()
        layers.scrollToTop()
        drag.deleteLater()


STORIES = (
    ("main", story),
    ("builder", builder_story),
    ("data", data_story),
    ("training", training_story),
    ("transfer", transfer_story),
    ("labs", labs_story),
    ("inspect", inspect_story),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--theme", choices=("light", "dark"))
    parser.add_argument("--size", default="1600x1000")
    parser.add_argument("--story", choices=[name for name, _ in STORIES], help="one part alone")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    width, _, height = given.size.partition("x")
    with tempfile.TemporaryDirectory() as home:
        os.environ["CNN_STUDIO_HOME"] = home
        app = QApplication(["cnn-studio"])
        theme.apply(app)
        for mode in ("light", "dark"):
            if given.theme in (None, mode):
                photographer = Photographer(app, given.out, mode, (int(width), int(height)))
                for name, tell in STORIES:
                    if given.story in (None, name):
                        tell(photographer)
                photographer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
