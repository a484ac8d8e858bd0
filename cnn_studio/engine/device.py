"""Where a run computes, and under which arithmetic."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.utils.deterministic

from cnn_studio.core.errors import RunError
from cnn_studio.engine.settings import Device


def pick_device(setting: Device) -> torch.device:
    """Return the device that a setting means on this machine.

    Raises:
        RunError: the device asked for is not here; the text says how to get it.
    """
    if setting in {"auto", "cuda"} and torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if setting in {"auto", "mps"} and torch.backends.mps.is_available():
        return torch.device("mps")
    if setting == "cuda":
        if torch.version.cuda is None:
            raise RunError(
                "The run asks for an NVIDIA GPU, but the installed PyTorch was built without CUDA. Install the "
                "CUDA build of PyTorch (pytorch.org, Get started), or set the device to Auto or CPU."
            )
        raise RunError(
            "The run asks for an NVIDIA GPU, but this machine shows none with a working driver. Install NVIDIA's "
            "driver (nvidia-smi must list the card), or set the device to Auto or CPU."
        )
    if setting == "mps":
        raise RunError(
            "The run asks for Apple's GPU, which needs a Mac with an M-series chip and macOS 12.3 or later. "
            "Set the device to Auto or CPU."
        )
    return torch.device("cpu")


def describe_device(device: torch.device) -> str:
    """Return what the screen calls a device: ``CPU``, ``Apple GPU`` or the name of the NVIDIA card."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return {"cpu": "CPU", "mps": "Apple GPU"}.get(device.type, str(device))


def leave_cores_to_others() -> None:
    """Let this thread compute with one core from now on, and threads that begin later with as many as before.

    OpenMP keeps helpers for every thread that computed with it, as long as that thread lives. As soon as there are more
    than the machine has cores, all of them sleep between two pieces of work instead of waiting a moment, and a small
    network in a thread of its own trains with two thirds of its speed. A thread that lives as long as the program and
    has other things to do must therefore have none.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # for this thread, and for those that begin later
    others = threading.Thread(
        target=torch.set_num_threads, args=(threads,)
    )  # for those that begin later alone
    others.start()
    others.join()


@contextmanager
def exact_numerics(device: torch.device, *, deterministic: bool = True) -> Iterator[int]:
    """Compute in plain float32 with deterministic algorithms; yields the number of CPU threads, which is fixed.

    Without `deterministic` a GPU may try which algorithms are fastest and take some whose sums differ each time.

    The switches are the process's: they are put back on leaving, and one run at a time may be inside. Operations
    that have no deterministic form on a GPU only warn.
    """
    if device.type == "cuda":
        # read once, when cuBLAS is first used; without it matrix products on a GPU may differ between runs
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    threads = torch.get_num_threads()
    debug_mode = torch.get_deterministic_debug_mode()
    switches: list[tuple[object, str, bool]] = [
        (torch.backends.cuda.matmul, "allow_tf32", False),
        (torch.backends.cudnn, "allow_tf32", False),
        (torch.backends.cudnn, "benchmark", not deterministic),
        (torch.utils.deterministic, "fill_uninitialized_memory", False),  # only helps debugging, costs time
    ]
    before = [getattr(owner, name) for owner, name, _ in switches]
    try:
        # explicitly, because the number that a new thread starts with moves when others set theirs
        torch.set_num_threads(threads)
        # the debug mode, not use_deterministic_algorithms, which imports the compiler stack to tell it too
        torch.set_deterministic_debug_mode("warn" if deterministic else "default")
        for owner, name, value in switches:
            setattr(owner, name, value)
        yield threads
    finally:
        for (owner, name, _), value in zip(switches, before, strict=True):
            setattr(owner, name, value)
        torch.set_deterministic_debug_mode(debug_mode)
        torch.set_num_threads(threads)


def free_device_memory(device: torch.device) -> None:
    """Give memory that is no longer used back to the GPU, so that the next run and other programs have it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
