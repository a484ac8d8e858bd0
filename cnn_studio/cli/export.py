"""``export``: a project's network as PyTorch code, or its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cnn_studio.app.exporting import export_code, export_weights
from cnn_studio.app.project import load_project
from cnn_studio.cli.exits import Exit
from cnn_studio.core.errors import StorageError


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A project, *.cnnstudio.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Where to write.")],
    what: Annotated[
        Literal["python", "weights"],
        typer.Option(
            "--format",
            help="python: code that needs PyTorch alone; weights: a state dict as .safetensors, .pt, .pth or .npz.",
        ),
    ] = "python",
) -> int:
    """Write the network as PyTorch code, or its weights under the same names."""
    project = load_project(file)
    if output.exists() and output.samefile(file):
        raise StorageError(f"{output} is the project itself, which would be lost. Choose another name.")
    if what == "python":
        count = export_code(project, output)
        typer.echo(f"{output}: {count:,} lines of PyTorch.")
        return Exit.DONE
    done = export_weights(project, output)
    if done.trained == done.tensors:
        typer.echo(f"{output}: {done.tensors} tensors.")
    else:
        drawn = done.tensors - done.trained
        typer.echo(
            f"{output}: {done.tensors} tensors. The project has no trained values for {drawn} of them: those are "
            f"first weights, drawn from seed {project.settings.seed}."
        )
    return Exit.DONE
