"""``inspect``: what every layer of a network makes of one image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnn_studio.app.inspecting import Inspection, find_class, find_layer, look_inside, write_inspection
from cnn_studio.app.predicting import open_for_prediction
from cnn_studio.cli.exits import Exit, complain
from cnn_studio.cli.network import Json
from cnn_studio.graph.spec import shape_text

if TYPE_CHECKING:
    from cnn_studio.insight.layer_look import LayerLook


def inspect(
    network: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A project, or source:NAME such as source:efficientnet_lite0."),
    ],
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="An image file.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write into; made if it is missing."),
    ],
    layer: Annotated[
        str, typer.Option("--layer", metavar="PATH", help="Only this layer, with its full numbers.")
    ] = "",
    class_: Annotated[
        str,
        typer.Option(
            "--class",
            metavar="NAME|INDEX",
            help="The class that Grad-CAM looks for, counted from 0; the likeliest unless told otherwise.",
        ),
    ] = "",
    scale: Annotated[
        Literal["map", "layer"],
        typer.Option(
            "--scale",
            help="What is black and white: the smallest and largest value of each map, or of the layer, so that "
            "maps can be compared.",
        ),
    ] = "map",
    as_json: Json = False,
) -> int:
    """Write what every layer makes of an image: its maps, its filters, where a class is seen, and all numbers.

    The image is prepared as in training. A network that was never trained is looked into with its first weights.
    """
    opened, notes = look_inside(open_for_prediction(network))
    only = find_layer(opened, layer) if layer else None
    wanted = find_class(opened, class_) if class_ else None
    look = opened.look(opened.prepare(image), only=None if only is None else {only})
    index = int(look.scores.argmax()) if wanted is None else wanted
    done = write_inspection(look, output, index, layer_id=only, scale=scale)
    if as_json:
        typer.echo(json.dumps(_record(done, image, notes, layer), indent=1, ensure_ascii=False))
    else:
        _print(done, layer)
        for note in (*notes, *done.notes):
            complain(note)
    return Exit.DONE


def _print(done: Inspection, layer: str) -> None:
    look, network = done.look, done.look.network
    for guess in look.guesses(3):
        typer.echo(f"{guess.text:>12}  {guess.label}")
    for entry in _layers(done):
        dead = f", {entry['dead']:,} dead" if entry["dead"] else ""
        kind = "maps" if entry["layout"] in ("maps", "maps_last") else "values"
        typer.echo(
            f"{entry['path']}: {shape_text(tuple(entry['shape']))}, {entry['shape'][0]:,} {kind} from "
            f"{entry['minimum']:.4g} to {entry['maximum']:.4g}, mean {entry['mean']:.4g}{dead}"
        )
    if layer:
        for row in _full(done, layer):
            dead = "  dead" if row["is_dead"] else ""
            typer.echo(
                f"  {row['map']:>5}  from {row['minimum']:.6g} to {row['maximum']:.6g}, mean {row['mean']:.6g}{dead}"
            )
    if done.heat is not None:
        name = network.class_name(done.class_index)
        typer.echo(f"{done.heat}: where {done.heat_layer} sees {name}")
    folders = sorted({str(file.parent) for file in (*done.maps.values(), *done.filters.values())})
    for folder in folders:
        count = sum(str(file.parent) == folder for file in done.files)
        typer.echo(f"{folder}: {count:,} picture{'' if count == 1 else 's'}")
    typer.echo(f"{done.arrays}: {done.arrays.stat().st_size / 1e6:,.1f} MB of arrays")


def _layers(done: Inspection) -> list[dict[str, Any]]:
    return [_layer(done, layer) for layer in done.look.layers.values()]


def _layer(done: Inspection, layer: LayerLook) -> dict[str, Any]:
    return {
        "path": layer.path,
        "type": layer.type,
        "layout": layer.layout,
        "shape": list(layer.shape),
        "minimum": layer.minimum,
        "maximum": layer.maximum,
        "mean": layer.mean,
        "dead": len(layer.dead),
        "not_finite": layer.num_not_finite,
        "maps": _text(done.maps.get(layer.path)),
        "filters": _text(done.filters.get(layer.path)),
    }


def _full(done: Inspection, path: str) -> list[dict[str, Any]]:
    """Return the numbers of each map of a layer."""
    numbers = done.look.layer(path).numbers
    rows = zip(*(values.tolist() for values in numbers), strict=True)
    return [{"map": at, **dict(zip(numbers._fields, row, strict=True))} for at, row in enumerate(rows)]


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _record(done: Inspection, image: Path, notes: tuple[str, ...], layer: str) -> dict[str, Any]:
    look, network = done.look, done.look.network
    key = "p" if network.document.info.scores == "logits" else "margin"
    record = {
        "image": str(image),
        "top": [{"index": g.index, "label": g.label, key: g.score} for g in look.guesses()],
        "class": {"index": done.class_index, "label": network.class_name(done.class_index)},
        "layers": _layers(done),
        "gradcam": None if done.heat is None else {"file": str(done.heat), "layer": done.heat_layer},
        "arrays": str(done.arrays),
        "left_out": list(done.notes),
        "notes": list(notes),
    }
    return record | ({"numbers": _full(done, layer)} if layer else {})
