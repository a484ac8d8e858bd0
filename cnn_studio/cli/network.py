"""``new``, ``check``, ``summary`` and ``layers``: networks without training. None of them loads torch."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from cnn_studio.app.project import load_project, save_project, starter_project
from cnn_studio.cli.exits import Exit
from cnn_studio.core.errors import GraphError
from cnn_studio.core.params import Param
from cnn_studio.engine.memory import training_memory
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.analysis import Analysis, analyse
from cnn_studio.graph.freeze_tree import frozen_layers, holds_state
from cnn_studio.graph.problems import Problem
from cnn_studio.graph.registry import all_specs
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.spec import BYTES_PER_NUMBER, Family, shape_text
from cnn_studio.graph.starters import STARTERS, find_starter

ProjectFile = Annotated[Path, typer.Argument(metavar="FILE", help="A project, *.cnnstudio.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def new(
    arch: Annotated[str, typer.Argument(metavar="[ARCH]", help="Name of a starter network.")] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to save.")
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the starter networks.")] = False,
) -> int:
    """Make a project from a starter network."""
    if list_all:
        for starter in STARTERS:
            typer.echo(f"{starter.name:<15} {starter.title}: {starter.help}")
        return Exit.DONE
    if not arch:
        raise GraphError("Name a starter network, such as: cnn-studio new lenet5 -o lenet5.cnnstudio")
    starter = find_starter(arch)
    if output is None:
        raise GraphError(f"Say where to save it, such as: cnn-studio new {arch} -o {arch}.cnnstudio")
    save_project(output, starter_project(starter))
    return Exit.DONE


def check(
    file: ProjectFile,
    as_json: Json = False,
    fix: Annotated[
        int | None, typer.Option("--fix", metavar="N", min=1, help="Apply the N-th fix of the first problem.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to save the fixed project.")
    ] = None,
) -> int:
    """List what is wrong or odd about a network, with ways to fix it."""
    if output is not None and fix is None:
        raise GraphError("-o says where to save the fixed network; say which fix with --fix N.")
    project = load_project(file)
    if fix is not None:
        _apply_fix(infer_shapes(project.document), fix)
        save_project(output or file, project)
    report = infer_shapes(project.document)
    if as_json:
        problems = [problem.to_json() for problem in report.problems]
        typer.echo(json.dumps({"ok": report.ok, "problems": problems}, ensure_ascii=False, indent=1))
    else:
        _print_problems(report)
    return Exit.DONE if report.ok or fix is not None else Exit.FAILED


def _apply_fix(report: ShapeReport, number: int) -> None:
    if not report.problems:
        raise GraphError("The network has no problem to fix.")
    first = report.problems[0]
    fixes = first.fixes
    if number > len(fixes):
        count = f"{len(fixes)} fixes" if len(fixes) != 1 else "one fix"
        raise GraphError(
            f"The first problem ({first.code} at {first.path or 'the network'}) has {count}, no {number}."
        )
    fixes[number - 1].command.apply(report.document)


def _print_problems(report: ShapeReport) -> None:
    for problem in report.problems:
        where = f" {problem.path}" if problem.path else ""
        typer.echo(f"{problem.severity}{where} [{problem.code}] {problem.message}")
        for number, fix in enumerate(problem.fixes, 1):
            typer.echo(f"    fix {number}: {fix.label}")
    typer.echo(_verdict(report.problems))


def _verdict(problems: tuple[Problem, ...]) -> str:
    if not problems:
        return "No problems."
    counts = {"error": 0, "warning": 0, "note": 0}
    for problem in problems:
        counts[problem.severity] += 1
    return ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in counts.items() if n)


def summary(
    file: ProjectFile,
    as_json: Json = False,
    batch: Annotated[
        int | None, typer.Option("--batch", metavar="N", min=1, help="Batch size of the memory estimate.")
    ] = None,
) -> int:
    """Print what every layer gives, holds, costs and sees."""
    project = load_project(file)
    report = infer_shapes(project.document)
    settings = project.settings
    record = summary_record(
        report, settings if batch is None else settings.model_copy(update={"batch_size": batch})
    )
    if as_json:
        typer.echo(json.dumps(record, indent=1))
    else:
        _print_summary(record)
    return Exit.DONE if report.ok else Exit.FAILED


def summary_record(report: ShapeReport, settings: TrainSettings) -> dict[str, Any]:
    """Return the numbers of a network as a JSON-able record; unknown ones are null."""
    numbers = analyse(report)
    memory = training_memory(numbers, settings)
    frozen = frozen_layers(report.document)
    layers = [
        _layer_record(report, numbers, layer_id, settings.batch_size)
        | {"frozen": layer_id in frozen and holds_state(report, layer_id)}
        for layer_id in numbers.layers
    ]
    return {
        "total_params": numbers.total.params,
        "trainable_params": numbers.trainable_params,
        "frozen_params": numbers.total.params - numbers.trainable_params,
        "frozen_layers": sum(row["frozen"] for row in layers),
        "total_macs": numbers.total.macs,
        "total_neurons": numbers.total.neurons,
        "total_activations": numbers.total.activations,
        "families": {
            family.key: {
                "layers": total.layers,
                "params": total.params,
                "share": total.params / numbers.total.params if numbers.total.params else 0.0,
                "macs": total.macs,
                "activations": total.activations,
            }
            for family, total in numbers.families.items()
        },
        "training_memory": {
            "batch_size": settings.batch_size,
            "bytes": None if memory is None else memory.total,
        },
        "layers": layers,
    }


def _layer_record(report: ShapeReport, numbers: Analysis, layer_id: int, batch_size: int) -> dict[str, Any]:
    layer, row, fields = (
        report.document.layer(layer_id),
        numbers.layers[layer_id],
        numbers.fields.get(layer_id),
    )
    size = None if row.activations is None else BYTES_PER_NUMBER * batch_size * row.activations
    return {
        "path": layer.path,
        "type": layer.type,
        "output_shape": None if row.shape is None else list(row.shape),
        "neurons": row.neurons,
        "params": row.params,
        "weights": row.weights,
        "biases": row.biases,
        "share": numbers.share(layer_id),
        "macs": row.macs,
        "activations": row.activations,
        "activation_bytes": size,
        "receptive_field": None if fields is None else [field.cells for field in fields],
        "effective_stride": None if fields is None else [_plain(field.stride) for field in fields],
        "dense_params": row.dense_params,
        "trainable": layer.trainable,
        "lr_factor": layer.lr_factor,
        "keep_statistics": layer.keep_statistics,
    }


def _plain(number: Fraction) -> int | float:
    return int(number) if number.denominator == 1 else float(number)


def _print_summary(record: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Layer", "Type", "Output", "Parameters", "MAC", "Sees")
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[2:]:
        column.justify = "right"
    for row in record["layers"]:
        shape = "?" if row["output_shape"] is None else shape_text(tuple(row["output_shape"]))
        params = "?" if row["params"] is None else f"{row['params']:,}"
        macs = "?" if row["macs"] is None else f"{row['macs']:,}"
        field = "?" if row["receptive_field"] is None else shape_text(tuple(row["receptive_field"]))
        table.add_row(row["path"] + _training_text(row), row["type"], shape, params, macs, field)
    # a type of another version may hold brackets; in a pipe nobody says how wide a line may be
    console = Console(markup=False, emoji=False, width=None if sys.stdout.isatty() else 140)
    console.print(table)
    for key, total in record["families"].items():
        if total["params"]:
            title = next(family.title for family in Family if family.key == key)
            console.print(f"{title}: {total['params']:,} parameters, {total['share']:.1%}", highlight=False)
    memory = record["training_memory"]
    takes = "unknown" if memory["bytes"] is None else f"about {memory['bytes'] / 1e6:,.0f} MB"
    frozen = ""
    if record["frozen_layers"]:
        count = record["frozen_layers"]
        frozen = f", {record['frozen_params']:,} frozen in {count:,} layer{'' if count == 1 else 's'}"
    console.print(
        f"{record['total_params']:,} parameters, {record['trainable_params']:,} trainable{frozen}; "
        f"{record['total_macs']:,} MAC and {record['total_activations']:,} activations per image, "
        f"{record['total_neurons']:,} neurons; memory of training at a batch of "
        f"{memory['batch_size']}: {takes}",
        highlight=False,
        soft_wrap=True,
    )


def _training_text(row: dict[str, Any]) -> str:
    """Return how a layer trains where that is not as usual."""
    if row["frozen"]:
        return " (frozen)"
    said = [f"rate × {row['lr_factor']:g}"] if row["lr_factor"] != 1 and row["params"] else []
    said += ["statistics kept"] if row["keep_statistics"] and row["type"] == "batch_norm" else []
    return f" ({', '.join(said)})" if said else ""


def layers(as_json: Json = False) -> int:
    """List the layer types with their parameters."""
    if as_json:
        typer.echo(json.dumps([spec.describe() for spec in all_specs()], indent=1, ensure_ascii=False))
        return Exit.DONE
    for spec in all_specs():
        typer.echo(f"{spec.id:<20} {spec.family.title:<16} {spec.title}")
        for param in spec.params:
            typer.echo(f"    {param.key:<18} {param.range_text}, default {_default_text(param)}")
    return Exit.DONE


def _default_text(param: Param) -> str:
    """Return a parameter's default as it is written in files and as `Param.range_text` lists it."""
    if isinstance(param.default, bool):
        return "true" if param.default else "false"
    return param.default if isinstance(param.default, str) else param.text(param.default)
