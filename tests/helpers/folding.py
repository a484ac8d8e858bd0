"""What the tests of folding share: a network of two blocks, and where their cards and marks are."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from cnn_studio.ui.canvas import style
from tests.helpers.canvas import network
from tests.helpers.ui import events

CONV = {"out_channels": 8, "kernel_size": 3, "padding": 1}


def two_stages():
    """A stem, a residual block, a second block of two layers, and a classifier."""
    return network(
        ("input", "input", (), {"channels": 8, "height": 16, "width": 16}),
        ("stem", "conv2d", ("input",), CONV),
        ("res.conv1", "conv2d", ("stem",), CONV),
        ("res.relu", "relu", ("res.conv1",), {}),
        ("res.conv2", "conv2d", ("res.relu",), CONV),
        ("res.add", "add", ("res.conv2", "stem"), {}),
        ("tail.conv", "conv2d", ("res.add",), CONV),
        ("tail.pool", "max_pool2d", ("tail.conv",), {}),
        ("flatten", "flatten", ("tail.pool",), {}),
        ("out", "linear", ("flatten",), {}),
    )


def card_of(view, path):
    """The card that stands for a layer, or for a folded block."""
    document = view.context.document
    if path in document.paths:
        return view.network.cards[view.network.face(document.paths[path])]
    return next(card for card in view.network.cards.values() if view.network.name_of(card.key) == path)


def at(view, path, dx=0.0, dy=0.0):
    return view.mapFromScene(card_of(view, path).pos() + QPointF(dx, dy))


def click(view, where, keys=Qt.KeyboardModifier.NoModifier):
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, where)
    events()


def shown(view):
    return {view.network.name_of(card) for card in view.network.cards}


def ends(view):
    names = view.network.name_of
    return {(names(wire.source), names(wire.target)) for wire in view.network.wires}


MARK = (style.CARD.left() + style.INSET + 2, style.CARD.top() + 16)


def frame_mark(view, path):
    box = view.network.frames.items[path].box
    return view.mapFromScene(QPointF(box.left + 12, box.top + 12))
