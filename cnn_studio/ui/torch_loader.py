"""Loads numpy, torch and the plot library after the first paint, without a pause that one could feel.

torch is imported in a thread. The plot library is imported on the window's thread: it touches every class of Qt, and
PySide, which makes each class on its first use, crashes the program if another thread does that while the window's
thread delivers a signal (one start in fifty on a busy machine). So that it does not take the window's time at once,
the classes are made a few at a time before.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QObject, QTimer, Signal, Slot

# The library that pulls in all the others, by system.
_LIBRARIES = {"linux": "libtorch_python.so", "darwin": "libtorch.dylib"}
_PAUSE = 0.002
_TURN_SECONDS = 0.004


class TorchLoader(QObject):
    """Imports the slow libraries in a thread of its own.

    Attributes:
        ready: emitted on the window's thread with what the screen says of the device, such as ``CPU · 2 threads``.
        failed: emitted on the window's thread with the sentence that says why torch cannot be used.
    """

    ready = Signal(str)
    failed = Signal(str)
    _done = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_ready = False
        self._thread = threading.Thread(target=self._load, name="load torch", daemon=True)
        self._done.connect(self._load_plots)  # queued, because the signal comes from the thread
        self._device = ""
        self._classes = iter_qt_classes()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._make_classes)

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    @property
    def is_loading(self) -> bool:
        """Whether the thread is still importing."""
        return self._thread.is_alive()

    def _load(self) -> None:
        try:
            preload_libraries()
            for name in ("numpy", "torch", "torch.fx"):
                importlib.import_module(name)
                time.sleep(_PAUSE)  # let the window's thread have its turn between two of them
            from cnn_studio.engine.device import describe_device, pick_device
            from cnn_studio.engine.estimate import macs_per_second

            device = pick_device("auto")
            import torch

            text = describe_device(device)
            if device.type == "cpu":
                text = f"{text} · {torch.get_num_threads()} threads"
                macs_per_second()  # measured here, where nothing waits for it; remembered for the estimates
            importlib.import_module("cnn_studio.compiler.lowering")
            importlib.import_module("cnn_studio.engine.loop")
            # what was just imported stays; searching it for garbage would stop all threads for a tenth of a second
            gc.freeze()
            gc.enable()
            self._tell(text, "")
        except Exception as error:  # noqa: BLE001 - whatever keeps torch from loading, the window must live and say so
            gc.enable()
            self._tell(
                "", f"PyTorch cannot be loaded ({error}). Run `cnn-studio doctor` to see what is missing."
            )

    def _tell(self, device: str, error: str) -> None:
        with contextlib.suppress(
            RuntimeError
        ):  # the window was closed meanwhile: nobody wants to know any more
            self._done.emit(device, error)

    @Slot(str, str)
    def _load_plots(self, device: str, error: str) -> None:
        if error:
            self.failed.emit(error)
            return
        from cnn_studio.engine.device import leave_cores_to_others

        leave_cores_to_others()
        self._device = device
        self._timer.start()

    @Slot()
    def _make_classes(self) -> None:
        end = time.perf_counter() + _TURN_SECONDS
        for _ in self._classes:
            if time.perf_counter() > end:
                return
        self._timer.stop()
        try:
            importlib.import_module("pyqtgraph")
        except ImportError as error:
            self.failed.emit(
                f"The plots cannot be loaded ({error}). Run `cnn-studio doctor` to see what is missing."
            )
            return
        self.is_ready = True
        self.ready.emit(self._device)


def iter_qt_classes() -> Iterator[object]:
    """Yield every class and function of Qt that the plot library takes over, each made by PySide as it is asked for."""
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            yield getattr(module, name)


def preload_libraries() -> None:
    """Load torch's libraries without holding Python's lock, so that `import torch` finds them loaded.

    Importing torch holds the lock while the system links gigabytes of libraries, and the window stands still for
    that time. Python's own ways to load a library hold it too; a call of the system's function through ctypes lets
    it go. Where the system has no such function, the ordinary import does it all.
    """
    spec = importlib.util.find_spec("torch")
    name = _LIBRARIES.get(sys.platform)
    if "torch" in sys.modules or spec is None or spec.origin is None or name is None:
        return
    try:
        load = ctypes.CDLL(None).dlopen
    except (OSError, TypeError, AttributeError):
        return
    load.argtypes = (ctypes.c_char_p, ctypes.c_int)
    load.restype = ctypes.c_void_p
    load(os.fsencode(Path(spec.origin).parent / "lib" / name), os.RTLD_NOW | os.RTLD_LOCAL)
