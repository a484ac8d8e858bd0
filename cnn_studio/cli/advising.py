"""``transfer --advise``: what suits the images, and why; nothing is trained."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import Any

import typer

from cnn_studio.app.advising import Advised, advise_on
from cnn_studio.app.jobs import Progress
from cnn_studio.cli.exits import Exit
from cnn_studio.cli.progress import Line
from cnn_studio.cli.train import interrupt_stops
from cnn_studio.core.errors import Cancelled
from cnn_studio.datasets.sources import describe, source_text
from cnn_studio.engine.control import RunControl
from cnn_studio.transfer.recipe import STRATEGIES, TransferRecipe

_MOST_CLASSES = 20
_CASES = {
    "small_similar": "few images, similar to the source data",
    "small_different": "few images, different from the source data",
    "large_similar": "many images, similar to the source data",
    "large_different": "many images, different from the source data",
}


def print_advice(recipe: TransferRecipe, *, as_json: bool) -> int:
    """Say what suits a recipe's images and source.

    Raises:
        StudioError: source or images cannot be used.
    """
    control = RunControl()
    try:
        with interrupt_stops(control), Line("Looking at the images") as line:

            def report(event: object) -> None:
                if isinstance(event, Progress):
                    line.images(event.done, event.total)

            found = advise_on(recipe, report, control)
    except Cancelled:
        return Exit.STOPPED
    if as_json:
        typer.echo(json.dumps(advice_record(found), ensure_ascii=False, indent=1))
    else:
        _show(recipe, found)
    return Exit.DONE


def advice_record(found: Advised) -> dict[str, Any]:
    """Return advice as a JSON-able record."""
    likeness = found.likeness
    record = asdict(found.advice)
    return record | {
        "counts": dict(found.counts),
        "likeness": None
        if likeness is None
        else {
            "distance": likeness.distance,
            "deviation": likeness.deviation,
            "level": likeness.level,
            "thirds": list(likeness.thirds),
            "num_images": likeness.num_images,
            "of_images": likeness.of_images,
            "ruler": likeness.ruler,
        },
        "cut_behind": found.cut or None,
        "notes": list(found.notes),
    }


def _show(recipe: TransferRecipe, found: Advised) -> None:
    advice = found.advice
    typer.echo(f"{describe(recipe.data)}: {sum(found.counts.values()):,} training images")
    width = max(len(name) for name in found.counts)
    for name, count in list(found.counts.items())[:_MOST_CLASSES]:
        typer.echo(f"  {name:<{width}}  {count:>7,}")
    if len(found.counts) > _MOST_CLASSES:
        typer.echo(f"  and {len(found.counts) - _MOST_CLASSES:,} more classes")
    likeness = found.likeness.text if found.likeness is not None else "not measured."
    for title, text in (
        ("Likeness", likeness),
        ("Case", _CASES[advice.case]),
        ("Advice", advice.headline),
        ("Why", advice.why),
        ("What", advice.what),
        ("When", advice.when),
        ("How", advice.how),
        ("Limits", advice.limits),
    ):
        typer.echo(f"{title}: {text}")
    for warning in advice.warnings:
        typer.echo(f"Take care: {warning}")
    for note in found.notes:
        typer.echo(f"Note: {note}")
    beside = ", ".join(STRATEGIES[other] for other in advice.alternatives)
    typer.echo(f"Recommended: {STRATEGIES[advice.strategy]}. Worth a run beside it: {beside}.")
    typer.echo(f"  {_command(recipe, found)}")


def _command(recipe: TransferRecipe, found: Advised) -> str:
    """Return the command that does as advised."""
    advice = found.advice
    parts = ["cnn-studio", "transfer", "--source", recipe.source, "--data", source_text(recipe.data)]
    parts += ["--strategy", advice.strategy]
    if found.cut:
        parts += ["--cut", found.cut]
    if advice.strategy == "finetune":
        parts += ["--unfreeze", "*"]
        if advice.case == "large_different":
            parts.append("--adapt-statistics")
    return shlex.join([*parts, "-o", "mine.cnnstudio"])
