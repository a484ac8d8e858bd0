"""``transfer``: from a pre-trained network and a folder of images to a classifier of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from pydantic import ValidationError

from cnn_studio.app.awake import KeptAwake
from cnn_studio.app.coding import CodesReady
from cnn_studio.app.comparing import Comparison, WayFinished, WayStarted, compare
from cnn_studio.app.project import save_project
from cnn_studio.app.training import DataReady
from cnn_studio.app.transfer_words import transfer_words
from cnn_studio.app.transferring import (
    ClassifierFitted,
    SourceReady,
    TransferOutcome,
    run_transfer,
)
from cnn_studio.cli.advising import print_advice
from cnn_studio.cli.exits import Exit, complain
from cnn_studio.cli.network import Json
from cnn_studio.cli.settings_options import settings_from, with_settings
from cnn_studio.cli.train import EventLines, JsonLines, check_output, event_record, interrupt_stops
from cnn_studio.core.errors import ParameterError, StudioError
from cnn_studio.datasets.sources import FORMS, parse_source
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import RunFinished
from cnn_studio.graph.cutting import Pooling
from cnn_studio.graph.records import explain
from cnn_studio.transfer.recipe import STRATEGIES, Strategy, TransferRecipe, load_recipe, save_recipe

_COMPARE = "compare"
_MOST_MOVES = 5

_Globs = Annotated[
    list[str] | None,
    typer.Option(
        "--freeze",
        metavar="GLOB",
        help="Layers that stay as they are, such as 'blocks.[0-4]'. May be repeated.",
    ),
]
_Unfrozen = Annotated[
    list[str] | None,
    typer.Option(
        "--unfreeze",
        metavar="GLOB",
        help="Layers that learn in spite of --freeze. '*' fine-tunes everything.",
    ),
]


def transfer(
    settings: dict[str, Any],
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="NAME",
            help="A pre-trained network (see sources), a project file, or run:NUMBER.",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="Take the source's weights from this file."),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="SOURCE", help=f"The new images: {FORMS}; see data list.")
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option("--strategy", metavar="NAME", help=f"One of {', '.join([*STRATEGIES, _COMPARE])}."),
    ] = None,
    cut: Annotated[
        str | None,
        typer.Option(
            "--cut",
            metavar="PATH",
            help="Layer or block whose result is the code; before the classifier if not given.",
        ),
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(
            "--pooling", metavar="HOW", help="Of maps at the cut: average (a number per map) or none."
        ),
    ] = None,
    hidden: Annotated[
        int | None,
        typer.Option("--hidden", metavar="N", help="Units of a hidden layer in the head; 0 for none."),
    ] = None,
    dropout: Annotated[
        float | None, typer.Option("--dropout", metavar="X", help="Share that is dropped in the head.")
    ] = None,
    freeze: _Globs = None,
    unfreeze: _Unfrozen = None,
    adapt_statistics: Annotated[
        bool | None,
        typer.Option(
            "--adapt-statistics/--keep-statistics",
            help="Batch norms that learn adapt their running statistics.",
        ),
    ] = None,
    balanced: Annotated[
        bool | None,
        typer.Option("--balanced/--no-balanced", help="Rare classes count as much as common ones."),
    ] = None,
    rate_decay: Annotated[
        float | None,
        typer.Option(
            "--rate-decay",
            metavar="X",
            help="Share of the rate at which each earlier stage learns; 1 for all alike.",
        ),
    ] = None,
    stages: Annotated[
        int | None,
        typer.Option("--stages", metavar="N", help="Steps of gradual unfreezing, the head's own included."),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe", metavar="FILE", help="Answers from a file; what is given besides counts more."
        ),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save-recipe", metavar="FILE", help="Write all answers to a file.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to save the result as a project."),
    ] = None,
    advise: Annotated[
        bool,
        typer.Option(
            "--advise",
            help="Say what suits the images and why, from counts and a measurement; train nothing.",
        ),
    ] = False,
    as_json: Json = False,
) -> int:
    """Carry a pre-trained network over to your own images."""
    check_output(output)
    check_output(save)
    compares = strategy == _COMPARE
    if strategy is not None and not compares and strategy not in get_args(Strategy):
        raise ParameterError(
            f"There is no strategy {strategy!r}; there are {', '.join([*STRATEGIES, _COMPARE])}."
        )
    if pooling is not None and pooling not in get_args(Pooling):
        raise ParameterError(f"There is no pooling {pooling!r}; there are {', '.join(get_args(Pooling))}.")
    base = load_recipe(recipe) if recipe is not None else TransferRecipe()
    if recipe is None and data is None:
        raise ParameterError(
            "Say which images are new, with --data SOURCE, such as --data folder:PHOTOGRAPHS."
        )
    given = {
        "source": source,
        "weights": str(weights) if weights is not None else None,
        "data": parse_source(data).model_dump() if data is not None else None,
        "strategy": None if compares else strategy,
        "cut": cut,
        "freeze": freeze or None,
        "unfreeze": unfreeze or None,
        "adapts_statistics": adapt_statistics,
        "balanced": balanced,
        "stages": stages,
        "rate_decay": rate_decay,
    }
    head = {"pooling": pooling, "hidden": hidden, "dropout": dropout}
    chosen = _recipe(base, given, {key: value for key, value in head.items() if value is not None})
    # the way of computing that is fastest here gives the same answers but for an image or two
    usual = chosen.settings or chosen.training.model_copy(update={"speed": "auto"})
    chosen = chosen.model_copy(update={"settings": settings_from(usual, settings)})
    if save is not None:
        save_recipe(chosen, save)
    if advise:
        return print_advice(chosen, as_json=as_json)
    show = TransferJson() if as_json else _Text()
    return _compare(chosen, show, output) if compares else _transfer(chosen, show, output)


transfer_command = with_settings(transfer)
"""`transfer` with an option for each training setting."""


def _recipe(base: TransferRecipe, given: dict[str, Any], head: dict[str, Any]) -> TransferRecipe:
    values = base.model_dump() | {key: value for key, value in given.items() if value is not None}
    values["head"] |= head
    try:
        return TransferRecipe.model_validate(values)
    except ValidationError as error:
        raise ParameterError(f"This cannot be used: {explain(error)}.") from None


def _transfer(recipe: TransferRecipe, show: TransferJson | _Text, output: Path | None) -> int:
    control = RunControl()
    try:
        with interrupt_stops(control), KeptAwake():
            outcome = run_transfer(recipe, show.event, control)
    except StudioError as error:
        show.outcome(
            TransferOutcome(recipe.strategy, RunFinished("failed", 0, None, None, 0.0, str(error)), 0.0)
        )
        raise
    return _ended(outcome, show, output)


def _ended(outcome: TransferOutcome, show: TransferJson | _Text, output: Path | None) -> int:
    if output is not None and outcome.project is not None:
        save_project(output, outcome.project)
    show.outcome(outcome)
    if outcome.finished.status == "failed":
        complain(outcome.finished.message)
    return {"done": Exit.DONE, "failed": Exit.FAILED}.get(outcome.finished.status, Exit.STOPPED)


def _compare(recipe: TransferRecipe, show: TransferJson | _Text, output: Path | None) -> int:
    control = RunControl()
    with interrupt_stops(control), KeptAwake():
        found = compare(recipe, show.event, control)
    if output is not None and found.best is not None and found.best.project is not None:
        save_project(output, found.best.project)
    show.comparison(found)
    if found.is_cut_short:
        return Exit.STOPPED
    return Exit.DONE if found.best is not None else Exit.FAILED


def outcome_record(outcome: TransferOutcome) -> dict[str, Any]:
    """Return the end of a transfer as a JSON-able record: that of a run, and what transfer adds."""
    proof = outcome.proof
    return event_record(outcome.finished) | {
        "run": outcome.run,
        "strategy": outcome.strategy,
        "seconds": round(outcome.seconds, 3),
        "trainable_params": outcome.trainable,
        "frozen_params": outcome.frozen,
        "frozen_proof": None if proof is None else proof.record(),
        "moved": {moved.path: moved.change for moved in outcome.moved if moved.change},
    }


class TransferJson(JsonLines):
    """One JSON record a line."""

    def event(self, event: object) -> None:
        """Print an event; of codes what they are, not their numbers."""
        match event:
            case CodesReady(codes, path, were_kept):
                self.print_record(
                    {
                        "event": "codes_ready",
                        "cut": path,
                        "size": codes.size,
                        "were_kept": were_kept,
                        "how": codes.how,
                        "images_per_second": codes.images_per_second,
                    }
                )
            case ClassifierFitted():
                record = event_record(event)
                record["accuracies"] = {f"{c:g}": value for c, value in event.accuracies.items()}
                self.print_record(record)
            case WayStarted(number, total, name):
                self.print_record({"event": "way_started", "number": number, "total": total, "name": name})
            case WayFinished():
                self.print_record(_way_record(event))
            case _:
                super().event(event)

    def outcome(self, outcome: TransferOutcome) -> None:
        """Print the end of a transfer."""
        self.print_record(outcome_record(outcome))

    def comparison(self, found: Comparison) -> None:
        """Print the end of a comparison."""
        best = found.best
        self.print_record(
            {
                "event": "comparison",
                "ways": [_way_record(way) for way in found.ways],
                "verdict": list(found.verdict),
                "best": best.strategy if best is not None else None,
                "val_accuracy": best.finished.val_accuracy if best is not None else None,
                "is_cut_short": found.is_cut_short,
            }
        )


def _way_record(way: WayFinished) -> dict[str, Any]:
    low, high = way.compared.interval
    return {
        "event": "way_finished",
        "name": way.compared.name,
        "is_transfer": way.compared.is_transfer,
        "val_accuracy": way.compared.accuracy if way.compared.right is not None else None,
        "interval": [low, high],
        "right": way.compared.right,
        "count": way.compared.count,
        "seconds": round(way.compared.seconds, 3),
        "message": way.compared.message,
    }


class _Text(EventLines):
    """Lines for people."""

    def __init__(self) -> None:
        super().__init__()
        self._has_told_data = False

    def event(self, event: object) -> None:
        if isinstance(event, DataReady):
            if self._has_told_data:  # of every way that is compared
                return
            self._has_told_data = True
        super().event(event)

    def _words(self, event: object) -> str:
        text = transfer_words(event)
        if isinstance(event, SourceReady):
            return "\n".join([text, *event.notes])
        return f"\n{text}" if isinstance(event, WayStarted) else text

    def outcome(self, outcome: TransferOutcome) -> None:
        end = outcome.finished
        if end.status == "failed":
            return
        parts = [f"{end.status}: {STRATEGIES[outcome.strategy]}"]
        if end.val_accuracy is not None:
            parts.append(f"validation accuracy {end.val_accuracy:.2%}")
        if end.test_accuracy is not None:
            parts.append(f"test accuracy {end.test_accuracy:.2%}")
        parts.append(f"{outcome.seconds:.1f} s")
        if outcome.run is not None:
            parts.append(f"run {outcome.run}")
        typer.echo(", ".join(parts))
        if outcome.proof is not None:
            typer.echo(outcome.proof.text)
        moved = sorted((m for m in outcome.moved if m.change > 0), key=lambda m: -m.change)[:_MOST_MOVES]
        if moved:
            typer.echo("moved most: " + ", ".join(f"{m.path} {m.change:.1%}" for m in moved))

    def comparison(self, found: Comparison) -> None:
        width = max(len(way.compared.name) for way in found.ways) if found.ways else 0
        typer.echo("")
        for way in found.ways:
            one = way.compared
            result = one.message or f"{one.text:<22} {one.seconds:8.1f} s"
            typer.echo(f"{one.name:<{width}}  {result}")
        typer.echo("")
        for sentence in found.verdict:
            typer.echo(sentence)
