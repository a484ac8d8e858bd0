"""``sources``: the pre-trained networks to begin from, and fetching the weights of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnn_studio.cli.exits import Exit, complain
from cnn_studio.cli.importing import card_facts, card_record
from cnn_studio.cli.network import Json
from cnn_studio.cli.progress import Line, interrupt_cancels
from cnn_studio.core.errors import Cancelled, ParameterError

if TYPE_CHECKING:
    from cnn_studio.transfer.card import NetworkCard


def sources(
    download: Annotated[
        str, typer.Option("--download", metavar="NAME", help="Fetch the weights of one of them.")
    ] = "",
    mirror: Annotated[
        str | None,
        typer.Option(
            "--mirror", metavar="URL", help="Fetch from here in place of the publisher's host, this time."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """List the pre-trained networks to begin from, those whose weights are on this machine first.

    Nothing is downloaded unless --download says so.
    """
    if download:
        return _download(download, mirror, as_json=as_json)
    if mirror is not None:
        raise ParameterError("--mirror goes with --download NAME.")
    from cnn_studio.transfer.sources import list_sources
    from cnn_studio.transfer.weights import find_weights

    found = [(card, find_weights(card)) for card in list_sources()]
    if as_json:
        typer.echo(json.dumps([_record(card, file) for card, file in found], indent=1, ensure_ascii=False))
        return Exit.DONE
    for card, file in found:
        here = "here" if file is not None else ""
        typer.echo(f"{card.full_name:<44} {here:<5} {card_facts(card)}{_more(card)}")
    return Exit.DONE


def _more(card: NetworkCard) -> str:
    size = f", {card.num_bytes / 1e6:,.0f} MB" if card.num_bytes else ""
    return size + (f", licence {card.licence}" if card.licence else "")


def _record(card: NetworkCard, file: Path | None) -> dict[str, Any]:
    preprocessing = card.preprocessing
    return card_record(card) | {
        "mean": preprocessing.mean,
        "std": preprocessing.std,
        "is_here": file is not None,
        "file": str(file) if file is not None else None,
        "bytes_on_disk": file.stat().st_size if file is not None else None,
        "bytes_to_download": card.num_bytes if file is None else 0,
    }


def _download(name: str, mirror: str | None, *, as_json: bool) -> int:
    from cnn_studio.app.weight_download import download_weights
    from cnn_studio.transfer.sources import find_source

    card = find_source(name)
    with interrupt_cancels() as cancelled:
        try:
            with Line("") as line:
                file = download_weights(card, line.bytes, cancelled, mirror=mirror)
        except Cancelled:
            complain("Stopped. What came is kept; the same command goes on from there.")
            return Exit.STOPPED
    typer.echo(json.dumps(_record(card, file), ensure_ascii=False) if as_json else str(file))
    return Exit.DONE
