"""Shape inference on a chain of 1,000 layers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from measure import Budget, Row, absolute_row

from cnn_studio.core.commands import CommandStack
from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.shapes import ShapeEngine
from cnn_studio.graph.starters import ChainBuilder


def rows(budget: Budget) -> Iterator[Row]:
    chain = ChainBuilder("chain").add("input", "input", channels=16, height=64, width=64)
    kinds = (("conv2d", {"out_channels": 16, "padding": 1}), ("batch_norm", {}), ("relu", {}))
    for number in range(999):
        kind, params = kinds[number % 3]
        chain.add(f"layer{number}", kind, **params)
    document = chain.finish()
    full = []
    for _ in range(budget.rounds(0.02, 31)):
        start = time.perf_counter()
        ShapeEngine(document).report()
        full.append(time.perf_counter() - start)
    yield absolute_row("shapes.full", statistics.median(full) * 1e3, 15.0, "ms")

    engine, stack = ShapeEngine(document), CommandStack(document)
    engine.report()
    last_convolution = next(i for i in reversed(document.layers) if document.layer(i).type == "conv2d")
    edits = []
    for number in range(budget.rounds(0.002, 101)):
        start = time.perf_counter()
        stack.push(SetParams(id=last_convolution, changes={"out_channels": 16 + number % 5}))
        engine.report()
        edits.append(time.perf_counter() - start)
    yield absolute_row("shapes.edit", statistics.median(edits) * 1e3, 1.0, "ms")
