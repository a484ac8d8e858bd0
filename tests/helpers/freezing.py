"""A small network to freeze layers of, and commands carried out with their way back."""

from __future__ import annotations

from cnn_studio.core.commands import CommandStack
from cnn_studio.graph.commands import AnyCommand, parse_command
from cnn_studio.graph.document import NetworkDocument
from tests.helpers.networks import chain, content

CONV = {"out_channels": 4, "kernel_size": 3, "padding": 1}


def features() -> NetworkDocument:
    """A network in two blocks, with layers right in them, as VGG has them."""
    return chain(
        (3, 8, 8),
        ("features.0", "conv2d", CONV),
        ("features.1", "batch_norm", {}),
        ("features.2", "relu", {}),
        ("features.3", "conv2d", CONV),
        ("features.4", "prelu", {}),
        ("flatten", "flatten", {}),
        ("classifier.0", "linear", {"out_features": 6}),
        ("classifier.1", "relu", {}),
        ("classifier.2", "linear", {"out_features": 2}),
    )


def done(document: NetworkDocument, command: AnyCommand) -> NetworkDocument:
    """Carry a command out, check that undo brings everything back, and carry it out again."""
    before, stack = content(document), CommandStack(document)
    stack.push(parse_command(command.model_dump()))
    stack.undo()
    assert content(document) == before
    stack.redo()
    return document
