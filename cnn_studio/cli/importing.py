"""``import``: a network of torchvision or timm as a project, and the list of those there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnn_studio.app.importing import open_library_network
from cnn_studio.app.project import save_project
from cnn_studio.cli.exits import Exit
from cnn_studio.core.errors import GraphError

if TYPE_CHECKING:
    from cnn_studio.transfer.card import NetworkCard


def import_network(
    name: Annotated[
        str,
        typer.Argument(metavar="[NAME]", help="torchvision:NAME or timm:NAME, such as torchvision:resnet50."),
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to save.")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights", metavar="FILE", help="A .pth or .safetensors file to take the weights from."
        ),
    ] = None,
    source: Annotated[
        str, typer.Option("--list", metavar="LIBRARY", help="List the networks of torchvision or timm.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> int:
    """Make a project from a network of torchvision or timm, with its weights if they are on this machine.

    Nothing is downloaded. With --weights, what of the file fits is said; the rest of the network stays random.
    """
    if source:
        from cnn_studio.transfer.opening import list_networks

        _print_list(list_networks(source), as_json)
        return Exit.DONE
    if not name or output is None:
        example = name or "torchvision:resnet50"
        raise GraphError(
            f"Say which network and where to save it, such as: cnn-studio import {example} -o network.cnnstudio. "
            "List them with: cnn-studio import --list torchvision"
        )
    opened = open_library_network(name, weights)
    save_project(output, opened.project)
    for note in opened.notes:
        typer.echo(note)
    return Exit.DONE


def _print_list(cards: tuple[NetworkCard, ...], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([card_record(card) for card in cards], indent=1))
        return
    for card in cards:
        typer.echo(f"{card.full_name:<40} {card_facts(card)}")


def card_facts(card: NetworkCard) -> str:
    """Return what is known of a network in a line: size of its images, parameters, operations, accuracy."""
    facts = [f"{card.input_size[1]} × {card.input_size[2]}"]
    facts += [f"{card.params / 1e6:.1f} M parameters"] if card.params else []
    facts += [f"{card.macs / 1e9:.2f} G MAC"] if card.macs else []
    facts += [f"{card.accuracy:.1f} % top-1"] if card.accuracy else []
    return ", ".join(facts)


def card_record(card: NetworkCard) -> dict[str, Any]:
    """Return what is known of a network for JSON."""
    return {
        "name": card.full_name,
        "library": card.source,
        "family": card.family,
        "input_size": list(card.input_size),
        "params": card.params,
        "macs": card.macs,
        "accuracy": card.accuracy,
        "accuracy_source": card.accuracy_source,
        "num_classes": card.num_classes,
        "licence": card.licence,
        "origin": card.origin,
        "url": card.url,
        "preprocessing": card.preprocessing.model_dump(mode="json"),
    }
