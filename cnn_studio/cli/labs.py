"""``lab``: prepared experiments with a question, runs to compare, and what was seen in them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cnn_studio.app.awake import KeptAwake
from cnn_studio.app.labs.lab import ArmResult, Lab, Setup
from cnn_studio.app.labs.registry import LABS, find_lab
from cnn_studio.app.labs.running import ArmFinished, ArmStarted, LabOutcome, run_lab
from cnn_studio.app.training import TrainingOutcome
from cnn_studio.app.transfer_words import transfer_words
from cnn_studio.cli.exits import Exit, complain
from cnn_studio.cli.network import Json
from cnn_studio.cli.train import EventLines, interrupt_stops
from cnn_studio.cli.transfer import TransferJson
from cnn_studio.core.errors import ParameterError
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.sources import FORMS, parse_source
from cnn_studio.engine.control import RunControl

app = typer.Typer(
    help="Prepared experiments: a question, runs to compare, what was seen.", no_args_is_help=True
)

_MAX_SEED = 2**31 - 1


@app.command("list")
def list_labs(as_json: Json = False) -> int:
    """List the experiments with their questions and the answers to choose from."""
    if as_json:
        typer.echo(json.dumps([_lab_record(lab) for lab in LABS], ensure_ascii=False, indent=1))
        return Exit.DONE
    for lab in LABS:
        typer.echo(f"{lab.id}: {lab.title}")
        typer.echo(_question(lab) + "\n")
    return Exit.DONE


@app.command("run")
def run(
    lab_id: Annotated[str, typer.Argument(metavar="ID", help="Of the experiment; see lab list.")],
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=_MAX_SEED, help="Another one draws other weights and images.")
    ] = 0,
    predict: Annotated[
        str | None, typer.Option("--predict", metavar="OPTION", help="Your prediction, before anything runs.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data", metavar="SOURCE", help=f"Images of your own, where an experiment takes them: {FORMS}."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Train the networks of one experiment and say what was seen; the runs are kept."""
    lab = find_lab(lab_id)
    if predict is not None and lab.option(predict) is None:
        raise ParameterError(
            f"{predict} is no answer to the question. Choose one of {', '.join(option.id for option in lab.options)}."
        )
    if data is not None and not lab.takes_images:
        raise ParameterError(f"{lab.title} is made for the digits that are built in; leave --data out.")
    setup = Setup(seed, DataSource() if data is None else parse_source(data))
    show = _Json() if as_json else _Text()
    show.asked(lab)
    control = RunControl()
    with interrupt_stops(control), KeptAwake():
        outcome = run_lab(lab, setup, show.event, control)
    show.seen(outcome, predict)
    if outcome.findings is None:
        return Exit.STOPPED
    if not outcome.findings.came_true:
        complain("The runs do not answer the question.")
        return Exit.FAILED
    return Exit.DONE


class _Json(TransferJson):
    def asked(self, lab: Lab) -> None:
        self.print_record({"event": "lab_started"} | _lab_record(lab))

    def event(self, event: object) -> None:
        match event:
            case ArmStarted():
                place = {"number": event.number, "total": event.total}
                self.print_record({"event": "arm_started", "name": event.name} | place)
            case ArmFinished(result):
                self.print_record({"event": "arm_finished"} | _arm_record(result))
            case _:
                super().event(event)

    def seen(self, outcome: LabOutcome, predicted: str | None) -> None:
        found = outcome.findings
        self.print_record(
            {
                "event": "lab_finished",
                "lab": outcome.lab.id,
                "seed": outcome.setup.seed,
                "predicted": predicted,
                "findings": None if found is None else asdict(found),
            }
        )


class _Text(EventLines):
    def asked(self, lab: Lab) -> None:
        typer.echo(_question(lab))

    def event(self, event: object) -> None:
        match event:
            case ArmStarted():
                typer.echo(f"\n{event.number} of {event.total}: {event.name}")
            case ArmFinished(result) if result.finished.status == "done" and not result.epochs:
                kept = "" if result.run is None else f", run {result.run}"
                typer.echo(f"done: validation accuracy {result.val_accuracy or 0:.2%}{kept}")
            case ArmFinished(result):
                self.finished(TrainingOutcome(result.finished, result.run, None))
                if result.finished.status == "failed":
                    typer.echo(result.finished.message)
            case _:
                super().event(event)

    def _words(self, event: object) -> str:
        return transfer_words(event)

    def seen(self, outcome: LabOutcome, predicted: str | None) -> None:
        found = outcome.findings
        if found is None:
            typer.echo("\nStopped before all networks were trained, so the question stays open.")
            return
        typer.echo("\nWhat was seen")
        for sentence in found.sentences:
            typer.echo(f"  {sentence}")
        came_true = outcome.lab.option(found.came_true)
        if came_true is None:
            return
        typer.echo(f"Answer: {came_true.text}.")
        if predicted is not None:
            typer.echo("You predicted it." if predicted == came_true.id else "You predicted something else.")


def _question(lab: Lab) -> str:
    width = max(len(option.id) for option in lab.options)
    return "\n".join(
        [f"  {lab.question}", *(f"    {option.id:<{width}}  {option.text}" for option in lab.options)]
    )


def _lab_record(lab: Lab) -> dict[str, Any]:
    return {
        "id": lab.id,
        "title": lab.title,
        "question": lab.question,
        "options": [asdict(option) for option in lab.options],
        "arms": [arm.name for arm in lab.arms],
        "takes_images": lab.takes_images,
    }


def _arm_record(result: ArmResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "run": result.run,
        "status": result.finished.status,
        "message": result.finished.message,
        "val_accuracy": result.val_accuracy,
        "training_accuracy": result.seen_accuracy,
        "num_train": result.num_train,
        "num_val": result.num_val,
        "parameters": result.num_params,
    }
