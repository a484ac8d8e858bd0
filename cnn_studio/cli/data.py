"""``data``: what a source holds, which sources are known, and fetching one of those."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnn_studio.cli.exits import Exit, complain
from cnn_studio.cli.network import Json
from cnn_studio.cli.progress import Line, interrupt_cancels
from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.datasets.catalogue import SOURCES, SourceInfo
from cnn_studio.datasets.sources import describe, parse_source, source_text

if TYPE_CHECKING:
    from cnn_studio.datasets.report import ImportReport

_PARTS = {"train": "training", "val": "validation", "test": "test"}
_MOST_FILES = 20
_MOST_CLASSES = 30

app = typer.Typer(help="Look at data sources, and fetch known ones.", no_args_is_help=True)

Source = Annotated[
    str, typer.Argument(metavar="SOURCE", help="Such as folder:DIR; `data list` names them all.")
]


@app.command("inspect")
def inspect(
    source: Source,
    val: Annotated[
        float | None, typer.Option("--val", metavar="SHARE", help="Share for validation, 0 to 1.")
    ] = None,
    test: Annotated[
        float | None, typer.Option("--test", metavar="SHARE", help="Share kept for the test.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--split-seed", metavar="N", help="Seed of the split.")] = None,
    as_json: Json = False,
) -> int:
    """Say what a data source holds: classes, sizes, damaged files, duplicates and outliers."""
    from pydantic import ValidationError

    from cnn_studio.datasets.records import DataSource
    from cnn_studio.datasets.report import make_report
    from cnn_studio.graph.records import explain

    given = {"val_fraction": val, "test_fraction": test, "split_seed": seed}
    record = parse_source(source).model_dump() | {key: n for key, n in given.items() if n is not None}
    try:
        chosen = DataSource.model_validate(record)
    except ValidationError as error:
        raise DataError(f"This split cannot be used: {explain(error)}.") from None
    with interrupt_cancels() as cancelled:
        try:
            with Line("Looking at images") as line:
                report = make_report(chosen, line.images, cancelled)
        except Cancelled:
            return Exit.STOPPED
    if as_json:
        typer.echo(json.dumps(_record(source_text(chosen), report), ensure_ascii=False))
    else:
        _show(describe(chosen), report)
    return Exit.DONE if report.num_images else Exit.BAD_INPUT


def _record(text: str, report: ImportReport) -> dict[str, Any]:
    """What JSON says of a report."""
    return {
        "source": text,
        "name": report.name,
        "images": report.num_images,
        "seconds": round(report.seconds, 2),
        "bytes": report.num_bytes,
        "given_parts": list(report.given),
        "parts": {part: sum(counts) for part, counts in report.counts.items()},
        "classes": {
            name: {part: counts[at] for part, counts in report.counts.items()}
            for at, name in enumerate(report.classes)
        },
        "formats": report.formats,
        "colours": report.colours,
        "sizes": [{"width": w, "height": h, "images": n} for (w, h), n in report.sizes.items()],
        "skipped": [{"file": str(file.path), "reason": file.reason} for file in report.skipped],
        "duplicates": [
            [
                {"file": entry.name, "part": entry.part, "class": report.classes[entry.label]}
                for entry in group.entries
            ]
            for group in report.duplicates
        ],
        "outliers": [{"file": found.name, "reason": found.reason} for found in report.outliers],
        "findings": [
            {
                "code": found.code,
                "severity": found.severity,
                "text": found.text,
                "leave_out": list(found.leave_out),
            }
            for found in report.findings
        ],
    }


def _show(title: str, report: ImportReport) -> None:
    parts = " · ".join(f"{sum(counts):,} {_PARTS[part]}" for part, counts in report.counts.items())
    lines = [title, f"{report.num_images:,} images in {len(report.classes):,} classes: {parts}"]
    kinds = ", ".join(f"{count:,} {name}" for name, count in report.formats.items())
    colours = ", ".join(f"{count:,} {name}" for name, count in report.colours.items())
    lines.append(f"{kinds}; {colours}; {report.num_bytes / 1e6:,.1f} MB; {report.sizes_text}")
    width = max((len(name) for name in report.classes[:_MOST_CLASSES]), default=0)
    for at, name in enumerate(report.classes[:_MOST_CLASSES]):
        each = "  ".join(f"{counts[at]:>8,} {_PARTS[part]}" for part, counts in report.counts.items())
        lines.append(f"  {name:<{width}}{each}")
    if len(report.classes) > _MOST_CLASSES:
        lines.append(f"  and {len(report.classes) - _MOST_CLASSES:,} more classes")
    for found in report.findings:
        lines.append(f"{found.severity}: {found.text}")
        lines += [f"    {name}{f': {why}' if why else ''}" for name, why in found.files[:_MOST_FILES]]
        if len(found.files) > _MOST_FILES:
            lines.append(f"    and {len(found.files) - _MOST_FILES:,} more (--json names all)")
    if not report.findings:
        lines.append("Nothing unusual was found.")
    typer.echo("\n".join(lines))


@app.command("list")
def list_sources(as_json: Json = False) -> int:
    """Name the kinds of data sources, with their sizes, licences and origins."""
    if as_json:
        typer.echo(json.dumps([_known(info) for info in SOURCES.values()], ensure_ascii=False))
        return Exit.DONE
    for info in SOURCES.values():
        form = f"{info.kind}:{info.place}" if info.place else info.kind
        total = sum(info.counts)
        facts = f"{total:,} images, {info.num_classes} classes, {info.image}" if total else info.summary
        typer.echo(f"{form:<20} {info.title}: {facts}")
        if total:
            fetch = f"; download {info.num_bytes / 1e6:,.0f} MB" if info.files is not None else ""
            typer.echo(f"{'':<20} {info.summary}; {info.origin}; licence: {info.licence}{fetch}")
        if info.variants:
            typer.echo(
                f"{'':<20} variants, as in {info.kind}/{info.variants[-1]}:DIR: {', '.join(info.variants)}"
            )
    return Exit.DONE


def _known(info: SourceInfo) -> dict[str, Any]:
    return {
        "kind": info.kind,
        "title": info.title,
        "summary": info.summary,
        "train": info.counts[0],
        "test": info.counts[1],
        "classes": info.num_classes,
        "image": info.image,
        "variants": list(info.variants),
        "licence": info.licence,
        "origin": info.origin,
        "download_bytes": info.num_bytes,
        "can_download": info.files is not None,
    }


@app.command("download")
def download(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of `data list`, such as mnist.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to put it; made where needed.")],
) -> int:
    """Fetch a known data set; an attempt that was cut goes on where it ended."""
    from cnn_studio.app.data_download import download_source

    info = next((info for kind, info in SOURCES.items() if kind == name.lower()), None)
    if info is None or info.files is None:
        known = ", ".join(kind for kind, entry in SOURCES.items() if entry.files is not None)
        raise DataError(f"There is no data set {name} to download. There are {known}.")
    with interrupt_cancels() as cancelled:
        try:
            with Line("") as line:
                source = download_source(info.kind, folder, line.bytes, cancelled)
        except Cancelled:
            complain("Stopped. What came is kept; the same command goes on from there.")
            return Exit.STOPPED
    typer.echo(source_text(source))
    return Exit.DONE
