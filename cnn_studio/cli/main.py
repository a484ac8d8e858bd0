"""The commands of ``cnn-studio`` and their common error path."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import cnn_studio
from cnn_studio.app.threads import prepare_process
from cnn_studio.cli import (
    data,
    doctor,
    export,
    importing,
    inspect,
    labs,
    network,
    predict,
    runs,
    self_test,
    sources,
    train,
    transfer,
)
from cnn_studio.cli.exits import Exit, complain, exit_for
from cnn_studio.core.errors import StudioError

HELP = """Build, check and train convolutional networks.

Without a command, or with `open FILE`, the window starts.

Exit codes: 0 done; 1 the network has errors or the run failed; 2 bad input; 3 stopped by the user.
"""

_INTERRUPTED = 128 + signal.SIGINT

app = typer.Typer(
    name="cnn-studio", help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
app.command("new")(network.new)
app.command("check")(network.check)
app.command("summary")(network.summary)
app.command("layers")(network.layers)
app.command("import")(importing.import_network)
app.command("export")(export.export)
app.command("train")(train.train_command)
app.command("transfer")(transfer.transfer_command)
app.command("predict")(predict.predict)
app.command("inspect")(inspect.inspect)
app.command("sources")(sources.sources)
app.command("doctor")(doctor.doctor)
app.command("self-test")(self_test.self_test)
app.add_typer(data.app, name="data")
app.add_typer(runs.app, name="runs")
app.add_typer(labs.app, name="lab")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"CNN Studio {cnn_studio.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """Take the options of the program itself."""


def run_command_line(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    prepare_process()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without × or → is no reason to fail
    command = typer.main.get_command(app)
    try:
        result = command.main(list(arguments), prog_name="cnn-studio", standalone_mode=False)
    except StudioError as error:
        complain(str(error))
        return exit_for(error)
    except KeyboardInterrupt:
        return Exit.STOPPED
    except BrokenPipeError:
        # `| head` has read enough. The signal for it stays off: it would end the program at a cut download, too
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as error:
        # typer and click name their usage errors by these two attributes
        shown, code = getattr(error, "show", None), getattr(error, "exit_code", None)
        if shown is None or code is None:
            raise
        shown()
        return int(code)
    # typer turns Ctrl+C outside of a run into the shell's own code for it
    return Exit.STOPPED if result == _INTERRUPTED else int(result or 0)
