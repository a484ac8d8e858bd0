"""What the self-test does in the window: it trains, saves, opens, exports and closes, as a person would."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

from cnn_studio.app.self_test import WINDOW_SECONDS, Check, WindowReport, trained_words
from cnn_studio.core.scratch import leave_at_once
from cnn_studio.ui.main_window import MainWindow

_PROJECT = "Netz ä 1.cnnstudio"  # names of files have spaces and letters beyond English ones
_TOLERANCE = 1e-4
_LOOK_MS = 100


class WindowTest(QObject):
    """Goes through its steps and closes the window, after the last one or after the first that fails."""

    def __init__(self, window: MainWindow, folder: Path, started: float) -> None:
        """Make a test.

        Args:
            window: not yet shown, with the starter network open.
            folder: for the report and whatever is written.
            started: when the process was asked for, in seconds since 1970.
        """
        super().__init__(window)
        self._window = window
        self._folder = folder
        self._report = WindowReport(folder)
        self._started = started
        self._begun = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._train)
        window.painted.connect(self._painted)
        window.ready.connect(self._ready)
        window.loader.failed.connect(self._torch_failed)
        window.training.outcome.connect(self._trained)
        QTimer.singleShot(int(WINDOW_SECONDS * 1000), self, self._give_up)

    def _step(self, name: str, work: Callable[[], str], then: Callable[[], object] | None) -> None:
        """Do one step, write down how it went, and go on with the next."""
        try:
            passed, text = True, work()
        except Exception as error:  # noqa: BLE001 - whatever fails is what the test is there to say
            passed, text = False, f"{type(error).__name__}: {error}"
        now = time.perf_counter()
        self._report.add(Check(name, passed, now - self._begun, text))
        self._begun = now
        if not passed:
            self._close()
        elif then is not None:
            QTimer.singleShot(0, self, then)

    @Slot()
    def _painted(self) -> None:
        seconds = time.time() - self._started
        self._report.add(Check("window", True, seconds, f"first paint {seconds:.2f} s after the start"))
        self._begun = time.perf_counter()

    @Slot()
    def _ready(self) -> None:
        self._step("PyTorch", self._computes, self._timer.start)

    @Slot(str)
    def _torch_failed(self, message: str) -> None:
        self._report.add(Check("PyTorch", False, time.perf_counter() - self._begun, message))
        self._close()

    def _computes(self) -> str:
        import torch
        import torchvision

        from cnn_studio.engine.device import describe_device, pick_device

        device = pick_device("auto")
        ones = torch.ones(2, 3, 8, 8, device=device)
        if torch.nn.functional.conv2d(ones, ones).sum().item() != 4 * 3 * 64:
            raise ArithmeticError(f"a convolution on {device} gave a wrong number")
        return f"torch {torch.__version__}, torchvision {torchvision.__version__}, {describe_device(device)}"

    @Slot()
    def _train(self) -> None:
        """Press Train as soon as it can be pressed."""
        if self._window.workspace.training.controls.can_train:
            self._timer.stop()
            self._window.actions_.all["train"].trigger()

    @Slot(object)
    def _trained(self, outcome: Any) -> None:
        end = outcome.finished

        def look() -> str:
            if end.status != "done":
                raise RuntimeError(end.message or f"the run ended as {end.status}")
            return trained_words(end.val_accuracy, end.images_per_second)

        self._step("training", look, self._save_and_open)

    def _save_and_open(self) -> None:
        self._step("saving and opening", self._saved_and_opened, self._export)

    def _saved_and_opened(self) -> str:
        session = self._window.session
        before = session.snapshot()
        file = self._folder / _PROJECT
        session.save(file)
        self._window.files.open(file)
        after = session.snapshot()
        if session.path != file or not _same_weights(before, after):
            raise ValueError(f"{file.name} does not hold what was saved")
        return f"{file.name}, {file.stat().st_size:,} bytes, holds the trained network"

    def _export(self) -> None:
        self._step("code", self._exported, self._leave)

    def _exported(self) -> str:
        """Export the code and let it compute the same as the network."""
        import torch

        from cnn_studio.app.exporting import export_code
        from cnn_studio.compiler import lower

        project = self._window.session.snapshot()
        file = self._folder / "network.py"
        lines = export_code(project, file)
        names: dict[str, Any] = {"__name__": "network"}
        exec(
            compile(file.read_text(encoding="utf-8"), str(file), "exec"), names
        )  # our own file, just written
        known = {
            key: torch.tensor(array) for key, array in project.weights.to_state(project.document).items()
        }
        ours, theirs = lower(project.document, weights=known, seed=0).eval(), names["LeNet5"]().eval()
        theirs.load_state_dict(known)
        images = torch.rand(4, *names["INPUT_SIZE"], generator=torch.Generator().manual_seed(1))
        with torch.inference_mode():
            distance = (ours(images) - theirs(images)).abs().max().item()
        if not distance < _TOLERANCE:
            raise ArithmeticError(f"the exported code differs from the network by {distance:.1e}")
        return f"{lines} lines that compute the same as the network"

    def _leave(self) -> None:
        self._step("closing", self._left, None)

    def _left(self) -> str:
        if self._window.session.is_modified:
            raise ValueError("the project counts as modified after it was saved and opened")
        if not self._window.close():
            raise RuntimeError("the window did not close")
        return "nothing was asked, nothing is left to do"

    def _close(self) -> None:
        """Close without a question, for nobody is there to answer."""
        self._window.session.stack.mark_clean()
        self._window.training.shut_down(1.0)
        leave_at_once(1)

    def _give_up(self) -> None:
        text = f"nothing came any more within {WINDOW_SECONDS:.0f} s"
        self._report.add(Check("window", False, time.perf_counter() - self._begun, text))
        leave_at_once(1)


def _same_weights(first: Any, second: Any) -> bool:
    import numpy as np

    mine, other = (project.weights.to_state(project.document) for project in (first, second))
    return bool(mine) and mine.keys() == other.keys() and all(np.array_equal(mine[k], other[k]) for k in mine)


def window_test(folder: Path, started: float) -> Callable[[MainWindow], object]:
    """Return what prepares the window for the test, see `cnn_studio.__main__.open_window`."""
    return partial(WindowTest, folder=folder, started=started)
