"""``train``: one run on the terminal, the same run as in the window."""

from __future__ import annotations

import dataclasses
import json
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from cnn_studio.app.awake import KeptAwake
from cnn_studio.app.project import Project, load_project, save_project
from cnn_studio.app.run_summary import LINEAR
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import (
    DataReady,
    TrainingOutcome,
    check_ready,
    resume_training,
    run_training,
)
from cnn_studio.app.training_words import training_words
from cnn_studio.cli.exits import Exit, complain
from cnn_studio.cli.network import Json
from cnn_studio.cli.settings_options import settings_from, with_settings
from cnn_studio.core.errors import ParameterError, StudioError
from cnn_studio.datasets.sources import FORMS, parse_source
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import (
    EpochDone,
    RunFinished,
    RunStarted,
)
from cnn_studio.engine.settings import PRESETS
from cnn_studio.graph.shapes import infer_shapes


def train(
    settings: dict[str, Any],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A project, *.cnnstudio; none with --resume.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="SOURCE", help=f"{FORMS}; see data list.")
    ] = None,
    resume: Annotated[
        int | None,
        typer.Option(
            "--resume", metavar="RUN", help="Go on with a run that was cut off, exactly; see runs list."
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings as JSON, or TOML (*.toml).")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", metavar="NAME", help=f"Settings that belong together: {', '.join(PRESETS)}."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to save the trained project.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Train a network. Settings that are not given are those in the file; the run is kept in any case."""
    check_output(output)
    if resume is not None:
        if file or data or settings or config or preset:
            raise ParameterError(
                "A run goes on with the network, the images and the settings that it began with. Give --resume without "
                "a file, --data or settings, or train the file anew."
            )
        outcome = _go_on(resume, as_json)
    else:
        if file is None:
            raise ParameterError("Name a project to train, or a run to go on with: --resume RUN.")
        project = load_project(file)
        project = replace(project, settings=settings_from(project.settings, settings, config, preset))
        if data is not None:
            project = replace(project, data=parse_source(data))
        outcome = _run(project, as_json)
    if output is not None and outcome.project is not None:
        save_project(output, outcome.project)
    if outcome.finished.status == "failed":
        complain(outcome.finished.message)
    if outcome.frozen_proof is not None and not outcome.frozen_proof.holds:
        complain(outcome.frozen_proof.text)
        return Exit.FAILED
    return {"done": Exit.DONE, "failed": Exit.FAILED}.get(outcome.finished.status, Exit.STOPPED)


def check_output(output: Path | None) -> None:
    """Check that a file can be written at all: now, not after hours of training.

    Raises:
        ParameterError: it cannot.
    """
    if output is None:
        return
    if not output.absolute().parent.is_dir():
        raise ParameterError(f"{output} cannot be saved: there is no folder {output.parent}. Make it first.")
    if output.is_dir():
        raise ParameterError(f"{output} cannot be saved: it is a folder. Name a file in it.")


train_command = with_settings(train)
"""`train` with an option for each training setting."""


def _run(project: Project, as_json: bool) -> TrainingOutcome:
    def work(show: Callable[[object], None], control: RunControl) -> TrainingOutcome:
        check_ready(infer_shapes(project.document))
        return run_training(project, show, control)

    return _shown(as_json, work)


def _go_on(run: int, as_json: bool) -> TrainingOutcome:
    def work(show: Callable[[object], None], control: RunControl) -> TrainingOutcome:
        store = RunStore()
        found = store.run(run)
        if found is None:
            raise ParameterError(f"There is no run {run}. See which there are: cnn-studio runs list.")
        if found.kind == "linear":
            raise ParameterError(f"Run {run} is {LINEAR}, so there is nothing to go on with.")
        return resume_training(run, show, control, store=store)

    return _shown(as_json, work)


def _shown(
    as_json: bool, work: Callable[[Callable[[object], None], RunControl], TrainingOutcome]
) -> TrainingOutcome:
    show = JsonLines() if as_json else EventLines()
    control = RunControl()
    try:
        with interrupt_stops(control), KeptAwake():
            outcome = work(show.event, control)
    except StudioError as error:
        show.finished(TrainingOutcome(RunFinished("failed", 0, None, None, 0.0, str(error)), None, None))
        raise
    show.finished(outcome)
    return outcome


@contextmanager
def interrupt_stops(control: RunControl) -> Iterator[None]:
    """Let the first Ctrl+C end the run in order; a second one ends the program at once."""

    def stop(number: int, frame: object) -> None:
        control.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        complain("Stopping after this step; press Ctrl+C again to end at once.")

    before = signal.signal(signal.SIGINT, stop)
    # whoever ends the program from outside wants it gone; the run can go on later
    terminate = signal.signal(signal.SIGTERM, lambda number, frame: control.stop("interrupt"))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, terminate)


_SILENT = {"weights", "predictions", "confidences", "ranks", "test", "details", "data"}


def event_record(event: Any) -> dict[str, Any]:
    """Return an event as a JSON-able record; arrays are left out."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    fields = (field.name for field in dataclasses.fields(event))
    return {"event": name} | {name: _plain(getattr(event, name)) for name in fields if name not in _SILENT}


def _plain(value: Any) -> Any:
    """Turn events within events into records too."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


class JsonLines:
    """One JSON record a line."""

    def event(self, event: object) -> None:
        """Print an event."""
        if isinstance(event, DataReady):
            data = event.data
            self.print_record(
                {
                    "event": "data_ready",
                    "name": data.name,
                    "classes": list(data.classes),
                    "num_train": len(data.train),
                    "num_val": len(data.val),
                    "num_test": 0 if data.test is None else len(data.test),
                    "skipped": [{"path": str(s.path), "reason": s.reason} for s in data.skipped],
                }
            )
        else:
            self.print_record(event_record(event))

    def finished(self, outcome: TrainingOutcome) -> None:
        """Print the end."""
        proof = outcome.frozen_proof
        self.print_record(
            event_record(outcome.finished)
            | {"run": outcome.run, "frozen_proof": None if proof is None else proof.record()}
        )

    def print_record(self, record: dict[str, Any]) -> None:
        """Print one line."""
        print(json.dumps(record, ensure_ascii=False), flush=True)  # noqa: T201


class EventLines:
    """A line an epoch, for people."""

    def __init__(self) -> None:
        self._epochs = 0

    def event(self, event: object) -> None:
        """Print an event, if it says anything to people."""
        text = self._text(event)
        if text:
            typer.echo(text)

    def _text(self, event: object) -> str:
        match event:
            case DataReady(data):
                skipped = f", {len(data.skipped)} files skipped" if data.skipped else ""
                lines = [training_words(event) + skipped]
                lines += [f"  skipped {s.path}: {s.reason}" for s in data.skipped[:20]]
                if len(data.skipped) > 20:
                    lines.append(f"  and {len(data.skipped) - 20} more")
                return "\n".join(lines)
            case RunStarted():
                self._epochs = event.num_epochs
            case EpochDone():
                best = "  best so far" if event.is_best else ""
                return (
                    f"epoch {event.epoch}/{self._epochs}  loss {event.train_loss:.4f}  validation loss "
                    f"{event.val_loss:.4f}  accuracy {event.val_accuracy:.2%}{best}"
                )
        return self._words(event)

    def _words(self, event: object) -> str:
        """Return what an event without a form of its own here says."""
        return training_words(event)

    def finished(self, outcome: TrainingOutcome) -> None:
        """Print the end."""
        end = outcome.finished
        if end.status == "failed":
            return
        parts = [f"{end.status}: " + (f"epoch {end.epoch} kept" if end.epoch else "no epoch was finished")]
        if end.val_accuracy is not None:
            parts.append(f"validation accuracy {end.val_accuracy:.2%}")
        if end.test_accuracy is not None:
            parts.append(f"test accuracy {end.test_accuracy:.2%}")
        parts.append(f"{end.images_per_second:,.0f} images/s")
        if outcome.run is not None:
            parts.append(f"run {outcome.run}")
        typer.echo(", ".join(parts))
        if outcome.frozen_proof is not None and outcome.frozen_proof.holds:
            typer.echo(outcome.frozen_proof.text)
