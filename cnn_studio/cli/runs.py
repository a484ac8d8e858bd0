"""``runs``: what was trained, how it went, and its curves for other programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cnn_studio.app.run_export import export_csv, export_tensorboard
from cnn_studio.app.run_summary import LINEAR, RunSummary
from cnn_studio.app.runs import RunStore
from cnn_studio.cli.exits import Exit
from cnn_studio.cli.network import Json
from cnn_studio.core.errors import ParameterError
from cnn_studio.transfer.recipe import STRATEGIES

app = typer.Typer(help="Kept runs: list them, look at one, export curves.", no_args_is_help=True)

RunNumber = Annotated[int, typer.Argument(metavar="RUN", help="The number of a run; see runs list.")]


@app.command("list")
def list_runs(as_json: Json = False) -> int:
    """List all kept runs, the latest first."""
    runs = RunStore().runs()
    if as_json:
        _print([_record(run) for run in runs])
        return Exit.DONE
    if not runs:
        typer.echo("No runs yet. Train a project: cnn-studio train FILE.")
    names = {str(key): name for key, name in STRATEGIES.items()}
    for run in runs:
        accuracy = "" if run.val_accuracy is None else f"{run.val_accuracy:.2%}"
        resume = "  can go on" if run.can_resume else ""
        way = f"  {names.get(str(run.settings.get('strategy')), '')}" if run.kind == "linear" else ""
        when = f"{datetime.fromtimestamp(run.started):%Y-%m-%d %H:%M}"
        typer.echo(f"{run.id:>5}  {when}  {run.status:<12} {accuracy:>8}  {run.name}{way}{resume}")
    return Exit.DONE


@app.command()
def show(run: RunNumber, as_json: Json = False) -> int:
    """Show the settings, the epochs and the result of one run."""
    store = RunStore()
    summary = _find(store, run)
    epochs = store.epochs(run)
    if as_json:
        notes = [asdict(note) for note in store.notes(run)]
        _print(_record(summary) | {"epochs": [asdict(epoch) for epoch in epochs], "notes": notes})
        return Exit.DONE
    typer.echo(f"run {summary.id}: {summary.name}, {summary.status}")
    if summary.kind == "linear":
        typer.echo(f"  {LINEAR}")
    if summary.message:
        typer.echo(f"  {summary.message}")
    for title, values in (
        ("settings", summary.settings),
        ("data", summary.data),
        ("versions", summary.versions),
    ):
        shown = ", ".join(f"{key} {value}" for key, value in values.items() if not isinstance(value, dict))
        typer.echo(f"  {title}: {shown}")
    for epoch in epochs:
        typer.echo(
            f"  epoch {epoch.epoch}  loss {epoch.train_loss:.4f}  validation loss {epoch.val_loss:.4f}  "
            f"accuracy {epoch.val_accuracy:.2%}"
        )
    if not epochs and summary.val_accuracy is not None:
        typer.echo(f"  validation accuracy {summary.val_accuracy:.2%}")
    if summary.test_accuracy is not None:
        typer.echo(f"  test accuracy {summary.test_accuracy:.2%}")
    if summary.seconds is not None:
        typer.echo(f"  took {summary.seconds:.1f} s")
    if summary.frozen_proof is not None:
        typer.echo(f"  {summary.frozen_proof.text}")
    return Exit.DONE


@app.command()
def export(
    runs: Annotated[list[int], typer.Argument(metavar="RUN...", help="The numbers of runs; see runs list.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="A file for csv, a folder for tensorboard.")
    ],
    form: Annotated[str, typer.Option("--format", metavar="csv|tensorboard", help="What to write.")] = "csv",
) -> int:
    """Write the curves of runs as one CSV file, or as event files for TensorBoard."""
    store = RunStore()
    found = [_find(store, run) for run in runs]
    for run in found:
        if run.kind == "linear":
            raise ParameterError(f"Run {run.id} is {LINEAR}, so it has no curves.")
    if form == "csv":
        export_csv(store, found, output)
    elif form == "tensorboard":
        export_tensorboard(store, found, output)
    else:
        raise ParameterError(f"There is no format {form!r}; there are csv and tensorboard.")
    typer.echo(f"{len(found)} {'run' if len(found) == 1 else 'runs'} written to {output}")
    return Exit.DONE


def _find(store: RunStore, run: int) -> RunSummary:
    summary = store.run(run)
    if summary is None:
        raise ParameterError(f"There is no run {run}. See which there are: cnn-studio runs list.")
    return summary


def _record(run: RunSummary) -> dict[str, Any]:
    proof = run.frozen_proof
    return asdict(run) | {"frozen_proof": None if proof is None else proof.record()}


def _print(record: object) -> None:
    typer.echo(json.dumps(record, ensure_ascii=False, indent=1))
