"""``predict``: what a network says of images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cnn_studio.app.predicting import images_of, open_for_prediction, predict_files
from cnn_studio.app.prediction_export import guesses_csv
from cnn_studio.app.project import Project
from cnn_studio.app.trying import Tried
from cnn_studio.cli.exits import Exit, complain
from cnn_studio.cli.network import Json
from cnn_studio.core.errors import ParameterError


def predict(
    network: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A trained project, or source:NAME such as source:efficientnet_lite0."
        ),
    ],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")
    ],
    top: Annotated[int, typer.Option("--top", min=1, help="How many classes per image.")] = 5,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print as CSV: one line per image and class.")
    ] = False,
) -> int:
    """Say what a trained network sees in images.

    Images that cannot be read are named on the error stream and do not hold up the others.
    """
    if as_json and as_csv:
        raise ParameterError("Choose one of --json and --csv.")
    project = open_for_prediction(network)
    found = predict_files(project, images_of(images), top)
    for tried in found:
        if tried.error:
            complain(tried.error)
    seen = [tried for tried in found if not tried.error]
    key = _score_key(project)
    if as_json:
        typer.echo(json.dumps([_record(tried, key) for tried in seen], indent=1, ensure_ascii=False))
    elif as_csv:
        typer.echo(guesses_csv(seen), nl=False)
    else:
        for tried in seen:
            typer.echo(str(tried.file))
            for guess in tried.guesses:
                score = f"{guess.score:7.2%}" if key == "p" else f"margin {guess.score:+.3f}"
                typer.echo(f"  {score}  {guess.label}")
    return Exit.DONE if seen else Exit.BAD_INPUT


def _score_key(project: Project) -> str:
    return "p" if project.document.info.scores == "logits" else "margin"


def _record(tried: Tried, key: str) -> dict[str, Any]:
    top = [{"index": guess.index, "label": guess.label, key: guess.score} for guess in tried.guesses]
    return {"file": str(tried.file), "top": top}
