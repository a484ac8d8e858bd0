"""``self-test``: whether everything works on this machine."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import cnn_studio
from cnn_studio.app.self_test import Check, run_self_test
from cnn_studio.cli.exits import Exit, complain
from cnn_studio.cli.network import Json

_WIDTH = 36


def self_test(
    window: Annotated[
        bool, typer.Option("--window/--no-window", help="Open the window, too. It closes by itself.")
    ] = True,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Write to this new folder and leave it there."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Try whether everything works on this machine: the window, training, predictions, files.

    It takes about a minute. Your projects, runs and settings are not touched.
    """
    if keep is not None:
        keep.mkdir(parents=True)
    folder = keep.absolute() if keep else Path(tempfile.mkdtemp(prefix="cnn-studio-self-test-"))
    checks: list[Check] = []

    def show(check: Check) -> None:
        checks.append(check)
        if not as_json:
            mark = "ok    " if check.passed else "FAILED"
            typer.echo(f"{mark}  {check.name:{_WIDTH}} {check.seconds:5.1f} s  {check.text}")

    if not as_json:
        typer.echo(f"CNN Studio {cnn_studio.__version__} tries itself out; this takes about a minute.")
    try:
        passed = run_self_test(folder, show, window=window)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        record = {"passed": passed, "version": cnn_studio.__version__, "checks": [asdict(c) for c in checks]}
        typer.echo(json.dumps(record, indent=1, ensure_ascii=False))
    elif passed:
        typer.echo("Everything works.")
    else:
        failed = [check.name for check in checks if not check.passed]
        complain(
            f"{len(failed)} of {len(checks)} checks failed. `cnn-studio doctor` may say what is missing."
        )
    return Exit.DONE if passed else Exit.FAILED
