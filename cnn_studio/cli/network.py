"""``new``, ``check``, ``summary`` and ``layers``: networks without training. None of them loads torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cnn_studio.app.project import load_project, save_project, starter_project
from cnn_studio.cli.exits import Exit
from cnn_studio.core.errors import GraphError
from cnn_studio.core.params import Param
from cnn_studio.graph.problems import Problem
from cnn_studio.graph.registry import all_specs
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.spec import shape_text
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


def summary(file: ProjectFile, as_json: Json = False) -> int:
    """Print layers, output shapes and parameter counts."""
    project = load_project(file)
    report = infer_shapes(project.document)
    record = summary_record(report)
    if as_json:
        typer.echo(json.dumps(record, indent=1))
    else:
        _print_summary(record)
    return Exit.DONE if report.ok else Exit.FAILED


def summary_record(report: ShapeReport) -> dict[str, Any]:
    """Return the summary of a network as a JSON-able record; unknown shapes and counts are null."""
    rows = []
    total = trainable = 0
    for layer_id in report.order:
        layer, state = report.document.layer(layer_id), report.states[layer_id]
        params = report.num_params(layer_id)
        total += params or 0
        trainable += (params or 0) if layer.trainable else 0
        rows.append(
            {
                "path": layer.path,
                "type": layer.type,
                "output_shape": None if state.shape is None else list(state.shape),
                "params": params,
                "macs": report.macs(layer_id),
                "trainable": layer.trainable,
            }
        )
    return {"total_params": total, "trainable_params": trainable, "layers": rows}


def _print_summary(record: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Layer", "Type", "Output", "Parameters")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in record["layers"]:
        shape = "?" if row["output_shape"] is None else shape_text(tuple(row["output_shape"]))
        params = "?" if row["params"] is None else f"{row['params']:,}"
        table.add_row(row["path"], row["type"], shape, params)
    console = Console(markup=False, emoji=False)  # a type of another version may hold brackets
    console.print(table)
    console.print(
        f"{record['total_params']:,} parameters, {record['trainable_params']:,} trainable", highlight=False
    )


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
