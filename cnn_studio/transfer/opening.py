"""Opening a library's network by name: document, class names, preprocessing, and weights where they are at hand."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import torch

from cnn_studio.compiler import Traced, trace
from cnn_studio.core.errors import FileFormatError, GraphError
from cnn_studio.transfer import timm_networks, torchvision_networks
from cnn_studio.transfer.card import NetworkCard
from cnn_studio.transfer.weights import PACKAGED, find_weights, fit_by_name, fit_by_order, read_weights

_CARDS = {"torchvision": torchvision_networks.list_cards, "timm": timm_networks.list_cards}


def list_networks(source: str) -> tuple[NetworkCard, ...]:
    """Return the cards of those convolutional networks of a library that open; none of them is built.

    Raises:
        GraphError: there is no such library.
        NetworkError: it cannot be imported.
    """
    return tuple(card for card in _cards(source) if card.opens)


def _cards(source: str) -> tuple[NetworkCard, ...]:
    if source not in _CARDS:
        raise GraphError(f"There is no library {source!r}; there are {' and '.join(_CARDS)}.")
    return _CARDS[source]()


@cache
def _by_name(source: str) -> Mapping[str, NetworkCard]:
    return {card.name: card for card in _cards(source)}


def find_network(name: str) -> NetworkCard:
    """Return the card of a network by its full name, such as ``torchvision:resnet50``.

    Raises:
        GraphError: there is none of that name; names the nearest ones.
    """
    source, colon, short = name.partition(":")
    if not colon:
        raise GraphError(f"Say where {name!r} comes from, such as torchvision:{name or 'resnet18'}.")
    cards = _by_name(source)
    if short in cards:
        return cards[short]
    near = difflib.get_close_matches(short, cards, n=3, cutoff=0.6)
    hint = (
        f"Near it there are {', '.join(near)}."
        if near
        else f"List them with: cnn-studio import --list {source}"
    )
    raise GraphError(f"{source} has no convolutional network {short!r}. {hint}")


def open_network(name: str) -> Traced:
    """Open a network of torchvision or timm as a document.

    Weights are read if their file is on this machine already; nothing is downloaded. `Traced.weights` is None
    otherwise, and a note says so.

    Raises:
        GraphError: there is no such network.
        NetworkError: something in it is no layer.
    """
    card = find_network(name)
    library = torchvision_networks if card.source == "torchvision" else timm_networks
    module = library.build(card)
    traced = trace(module, card.input_size, name=card.name)
    labels = library.labels(card)
    traced.document.change_info(labels=labels, preprocessing=card.preprocessing)
    shapes = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    weights, said = _weights(card, shapes)
    left_out, notes = traced.left_out, traced.notes
    if card.source == "torchvision":
        heads = torchvision_networks.left_out(card)
        left_out += tuple(heads)
        notes += (*heads.values(), *torchvision_networks.notes(card))
    return replace(traced, weights=weights, left_out=left_out, notes=(*notes, said))


def _weights(
    card: NetworkCard, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[dict[str, torch.Tensor] | None, str]:
    """Return a network's weights, or None, and a sentence about them."""
    file = find_weights(card)
    if file is None:
        return None, "Its weights are not on this machine, so the network is untrained."
    try:
        state = read_weights(file)
    except FileFormatError as error:
        return None, f"The network is untrained: {error}"
    state = {torchvision_networks.present_name(key): value for key, value in state.items()}
    found = fit_by_name(state, shapes)
    if found is None and card.name == PACKAGED:
        found = fit_by_order(state, shapes)  # the package has the names of another program
    if found is None:
        return None, f"The weights in {file} do not fit this network, so it is untrained."
    return found, f"Its trained weights were read from {file.name}."
