"""Pre-trained networks to begin from, under the names that people use for them."""

from __future__ import annotations

from cnn_studio.core.errors import GraphError
from cnn_studio.transfer.card import ALWAYS_HERE, NetworkCard
from cnn_studio.transfer.opening import find_network, list_networks
from cnn_studio.transfer.weights import PACKAGED, find_weights

LIBRARIES = ("torchvision", "timm")


def find_source(name: str) -> NetworkCard:
    """Return the card of a source: ``efficientnet_lite0``, ``resnet18`` or, with its library, ``timm:resnet18``.

    Raises:
        GraphError: there is none of that name; names the nearest ones.
    """
    if name == ALWAYS_HERE:
        return find_network(f"timm:{PACKAGED}")
    if ":" in name:
        return find_network(name)
    for library in LIBRARIES:
        try:
            return find_network(f"{library}:{name}")
        except GraphError:
            continue
    raise GraphError(
        f"There is no source {name!r}. {ALWAYS_HERE} is always there; list all with: cnn-studio sources"
    )


def list_sources() -> tuple[NetworkCard, ...]:
    """Return the cards of all sources, the one that is always there first, then those whose weights are at hand."""
    cards = [
        card for library in LIBRARIES for card in list_networks(library) if card.file_name or card.repository
    ]
    first = find_source(ALWAYS_HERE)
    rest = [card for card in cards if card != first]
    return (first, *sorted(rest, key=lambda card: find_weights(card) is None))
