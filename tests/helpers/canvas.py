"""What the tests of the canvas share: documents, an editing context, and where things lie in the view."""

from itertools import pairwise

from psygnal import Signal
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from cnn_studio.app.view_state import ViewState
from cnn_studio.core.commands import CommandStack
from cnn_studio.core.params import parse_values
from cnn_studio.graph.document import DocumentChange, Layer, Link, NetworkDocument
from cnn_studio.graph.layout import arrange
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.shapes import ShapeEngine
from cnn_studio.graph.starters import find_starter
from tests.helpers.ui import events

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Context:
    """An open document, as the session offers it."""

    changed = Signal(DocumentChange)
    replaced = Signal()

    def __init__(self, document):
        self._take(document)

    def _take(self, document):
        self.document = document
        self.view = ViewState()
        self.stack = CommandStack(document)
        self._shapes = ShapeEngine(document)
        document.changed.connect(self._pass_on)

    def _pass_on(self, change):
        self.changed.emit(change)

    def report(self):
        return self._shapes.report()

    def open(self, document):
        self._take(document)
        self.replaced.emit()


def network(*layers):
    """Return a document of (path, type, sources, parameters), arranged."""
    document = NetworkDocument()
    ids = {}
    for path, type_id, sources, params in layers:
        ids[path] = document.next_id
        values = parse_values(get_spec(type_id).params, params, path)
        document.put_layer(Layer(ids[path], path, type_id, values))
        for port, source in enumerate(sources):
            document.put_link(Link(ids[source], ids[path], port))
    document.change_info(output=ids[path])
    for layer_id, (x, y) in arrange(document).items():
        document.change_layer(layer_id, x=x, y=y)
    return document


def residual():
    conv = {"out_channels": 8, "kernel_size": 3, "padding": 1}
    half = {**conv, "stride": 2}
    return network(
        ("input", "input", (), {"channels": 8, "height": 16, "width": 16}),
        ("a1", "conv2d", ("input",), conv),
        ("a2", "conv2d", ("a1",), conv),
        ("a3", "add", ("a2", "input"), {}),
        ("b1", "conv2d", ("a3",), half),
        ("b2", "conv2d", ("b1",), conv),
        ("down", "conv2d", ("a3",), {"out_channels": 8, "kernel_size": 1, "stride": 2}),
        ("b3", "add", ("b2", "down"), {}),
        ("c1", "conv2d", ("b3",), conv),
        ("c2", "relu", ("c1",), {}),
        ("c3", "max_pool2d", ("b3",), {"kernel_size": 3, "stride": 1, "padding": 1}),
        ("c4", "avg_pool2d", ("b3",), {"kernel_size": 3, "stride": 1, "padding": 1}),
        ("c5", "concat", ("c2", "c3", "c4", "b3"), {}),
        ("flatten", "flatten", ("c5",), {}),
        ("out", "linear", ("flatten",), {}),
    )


def lenet():
    return find_starter("lenet5").build()


def layer(view, path):
    return view.context.document.layer_at(path)


def place(view, path, dx=0.0, dy=0.0):
    """Return where in the viewport a card's centre is, moved by canvas units."""
    at = layer(view, path)
    return view.mapFromScene(QPointF(at.x + dx, at.y + dy))


def chain(view):
    """Return the paths from the input downwards, following the first link of each layer."""
    document = view.context.document
    here, found = document.layer_at("input"), ["input"]
    while document.outputs_of(here.id):
        here = document.layers[document.outputs_of(here.id)[0].target]
        found.append(here.path)
    return found


def label_of(view, source, target):
    ids = layer(view, source).id, layer(view, target).id
    return next(w.content.text for k, w in view.network.wires.items() if (k.source, k.target) == ids)


def snapshot(view):
    document = view.context.document
    return dict(document.layers), set(document.links()), document.info


def key(view, code, keys=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(view, code, keys)
    events()


def boxes(view):
    return {path: view.network.index.box(i) for path, i in view.context.document.paths.items()}


def overlapping_cards(view):
    found = sorted(boxes(view).items())
    return [(a, b) for n, (a, one) in enumerate(found) for b, other in found[n + 1 :] if one.meets(other)]


def labels_on_cards(view):
    return [
        (wire.content.text, path)
        for wire in view.network.wires.values()
        if wire.label_box is not None
        for path, box in boxes(view).items()
        if wire.label_box.meets(box)
    ]


def wires_through_cards(view):
    document = view.context.document
    return [
        (link, path)
        for link, wire in view.network.wires.items()
        for path, box in boxes(view).items()
        if document.paths[path] not in (link.source, link.target)
        if any(box.contains(x, y) for x, y in dense(wire.route.points()))
    ]


def dense(points):
    """Return places along a line, at most 4 units apart."""
    for (ax, ay), (bx, by) in pairwise(points):
        count = int(max(abs(bx - ax), abs(by - ay)) / 4) + 1
        yield from ((ax + (bx - ax) * n / count, ay + (by - ay) * n / count) for n in range(count + 1))
