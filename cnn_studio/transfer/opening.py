"""Opening a library's network by name: document, class names, preprocessing, and weights where they are at hand."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from cnn_studio.compiler import Traced, trace
from cnn_studio.core.errors import FileFormatError, GraphError
from cnn_studio.transfer import timm_networks, torchvision_networks
from cnn_studio.transfer.card import NetworkCard
from cnn_studio.transfer.matching import WeightMatch, match
from cnn_studio.transfer.weight_file import read_weight_file
from cnn_studio.transfer.weights import find_weights, read_weights

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


@dataclass(frozen=True, slots=True)
class Opened(Traced):
    """A document made from a library's network.

    Attributes:
        match: what of the weights file fits; None where there is no file, or it cannot be read.
    """

    match: WeightMatch | None = None


def open_network(name: str, weights: Path | None = None) -> Opened:
    """Open a network of torchvision or timm as a document.

    Its published weights are read if their file is on this machine already; nothing is downloaded. `Traced.weights` is
    None otherwise, and a note says so.

    Args:
        name: its full name, such as ``torchvision:resnet50``.
        weights: a file to take the weights from instead of the published ones; what does not fit stays random.

    Raises:
        GraphError: there is no such network.
        NetworkError: something in it is no layer.
        FileFormatError: `weights` cannot be read, or nothing in it fits.
    """
    card = find_network(name)
    read = _read(name)
    if weights is None:
        found, said = _published(card, read.shapes)
    else:
        found = match_file(weights, read.shapes)
        said = found.sentences()
    document = read.traced.document.copy()  # it belongs to whoever opened it
    return Opened(
        document, found.fitting if found else None, read.traced.left_out, (*read.traced.notes, *said), found
    )


@dataclass(frozen=True, slots=True)
class _Read:
    traced: Traced
    shapes: Mapping[str, tuple[int, ...]]


@lru_cache(maxsize=4)
def _read(name: str) -> _Read:
    """Return a library's network as a document, and the shapes of its tensors in the library's order.

    The last ones are remembered: a wizard opens the same source again and again, and reading one takes most of a second.
    """
    card = find_network(name)
    library = torchvision_networks if card.source == "torchvision" else timm_networks
    module = library.build(card)
    traced = trace(module, card.input_size, name=card.name)
    traced.document.change_info(labels=library.labels(card), preprocessing=card.preprocessing)
    paths = traced.document.paths
    shapes = {
        key: tuple(value.shape)
        for key, value in module.state_dict().items()
        if key in paths or key.rpartition(".")[0] in paths
    }
    left_out, notes = traced.left_out, traced.notes
    if card.source == "torchvision":
        heads = torchvision_networks.left_out(card)
        left_out += tuple(heads)
        notes += (*heads.values(), *torchvision_networks.notes(card))
    return _Read(replace(traced, left_out=left_out, notes=notes), shapes)


def match_file(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> WeightMatch:
    """Fit anybody's weights file to a network.

    Args:
        file: of ``torch.save`` or safetensors.
        shapes: the network's tensors by name, in order.

    Raises:
        FileFormatError: it cannot be read, or nothing in it fits; says what is in it.
    """
    content = read_weight_file(file, is_published=False)
    state = {torchvision_networks.present_name(key): value for key, value in content.state.items()}
    found = match(state, shapes)
    found = replace(found, notes=(*found.notes, *content.notes))
    if not found.num_fitting:
        raise FileFormatError(f"{file} has no weights for this network. {' '.join(found.sentences())}")
    return found


def _published(
    card: NetworkCard, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[WeightMatch | None, tuple[str, ...]]:
    """Return what of a network's published weights fits if that is all, or None, and a sentence about them."""
    file = find_weights(card)
    if file is None:
        return None, ("Its weights are not on this machine, so the network is untrained.",)
    try:
        state = read_weights(file)
    except FileFormatError as error:
        return None, (f"The network is untrained: {error}",)
    found = match({torchvision_networks.present_name(key): value for key, value in state.items()}, shapes)
    if not found.is_complete:
        return None, (f"The weights in {file} do not fit this network, so it is untrained.",)
    return found, (f"Its trained weights were read from {file.name}.",)
