"""``doctor``: what is installed, which device computes, and what is missing on this system."""

from __future__ import annotations

import importlib.metadata
import platform
import sys

import typer

import cnn_studio
from cnn_studio.app.system import missing_libraries
from cnn_studio.cli.exits import Exit

_PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "PySide6-Essentials",
    "pyqtgraph",
    "numpy",
    "pillow",
    "pydantic",
    "safetensors",
)


def doctor() -> int:
    """Print versions, the device and how to get a faster one, and missing system libraries."""
    typer.echo(
        f"CNN Studio {cnn_studio.__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
    for name in _PACKAGES:
        typer.echo(f"  {name} {_version(name)}")
    healthy = _print_device()
    missing = missing_libraries()
    if missing:
        healthy = False
        typer.echo("System libraries that the window needs are missing. On Debian or Ubuntu:")
        typer.echo(f"  sudo apt-get install {' '.join(missing)}")
    else:
        typer.echo("System libraries: complete")
    return Exit.DONE if healthy else Exit.FAILED


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "is not installed"


def _print_device() -> bool:
    try:
        import torch
    except (
        ImportError,
        OSError,
        RuntimeError,
    ) as error:  # a library or program of torch's own may be missing
        typer.echo(
            f"Device: none, because torch cannot be imported ({error}). Install torch and torchvision together."
        )
        return False
    from cnn_studio.engine.device import describe_device, pick_device

    typer.echo(f"Device: {describe_device(pick_device('auto'))}, {torch.get_num_threads()} threads")
    if not torch.cuda.is_available():
        typer.echo(f"CUDA: {_how_to_get_cuda(torch.version.cuda is not None)}")
    try:
        import torchvision  # noqa: F401
    except (ImportError, OSError, RuntimeError) as error:
        typer.echo(
            f"torchvision cannot be imported ({error}). torch and torchvision come from different sources; install "
            "both in one command: pip install --force-reinstall torch torchvision"
        )
        return False
    return True


def _how_to_get_cuda(built_with_cuda: bool) -> str:
    if sys.platform == "darwin":
        return "there is none on a Mac; Apple's own GPUs are used through mps where there is one"
    if not built_with_cuda:
        return (
            "this torch was built without it. With an NVIDIA card, follow pytorch.org/get-started, choose CUDA, and "
            "install torch and torchvision together"
        )
    return "this torch has it, but no NVIDIA card and driver were found; with a card, install NVIDIA's driver"
