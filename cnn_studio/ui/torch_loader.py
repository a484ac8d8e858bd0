"""Loads numpy, torch and the plot library in the background after the first paint."""

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
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

# The library that pulls in all the others, by system.
_LIBRARIES = {"linux": "libtorch_python.so", "darwin": "libtorch.dylib"}
_PAUSE = 0.002


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
        self._done.connect(self._finish)  # queued, because the signal comes from the thread

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
            for name in ("numpy", "torch", "torch.fx", "pyqtgraph"):
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
    def _finish(self, device: str, error: str) -> None:
        if error:
            self.failed.emit(error)
            return
        self.is_ready = True
        self.ready.emit(device)


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
