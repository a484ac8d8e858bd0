"""Opening each of torchvision's convolutional networks as a document."""

from __future__ import annotations

import time
from collections.abc import Iterator

from measure import Budget, Row, absolute_row

from cnn_studio.transfer.opening import list_networks, open_network


def rows(budget: Budget) -> Iterator[Row]:
    cards = list_networks("torchvision")
    open_network(cards[0].full_name)  # the first one imports what all need
    seconds = {}
    for card in cards:
        start = time.perf_counter()
        open_network(card.full_name)  # building the module without memory is a part of it
        seconds[card.name] = time.perf_counter() - start
    slowest = max(seconds, key=lambda name: seconds[name])
    print(f"{len(seconds)} networks in {sum(seconds.values()):.1f} s, the slowest is {slowest}")
    yield absolute_row("import_all.slowest", seconds[slowest], 3.0, "s")
