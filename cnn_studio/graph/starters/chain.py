"""Builds documents layer by layer, for the starter networks and for tests."""

from __future__ import annotations

from cnn_studio.core.params import parse_values
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.edits import STEP
from cnn_studio.graph.layout import arrange
from cnn_studio.graph.registry import get_spec


class ChainBuilder:
    """Builds a document layer by layer, each behind the one before or behind those named.

    Attributes:
        document: the network so far.
        last: path of the layer that the next one follows.
    """

    def __init__(self, name: str) -> None:
        self.document = NetworkDocument()
        self.document.change_info(name=name)
        self.last = ""
        self._y = 0.0
        self._is_chain = True

    def add(
        self, path: str, type_id: str, *, after: str | tuple[str, ...] | None = None, **params: object
    ) -> ChainBuilder:
        """Add a layer; parameters left out take their defaults.

        Args:
            path: its path.
            type_id: its type.
            after: path or paths of the layers it reads; the last one added if None.
            **params: its parameters by key.
        """
        document = self.document
        layer_id = document.next_id
        values = parse_values(get_spec(type_id).params, params, f"Layer {path} ({type_id})")
        document.put_layer(Layer(layer_id, path, type_id, values, 0.0, self._y))
        sources = (self.last,) if after is None else (after,) if isinstance(after, str) else after
        if self.last:
            for port, source in enumerate(sources):
                document.put_link(Link(document.paths[source], layer_id, port))
            self._is_chain = self._is_chain and sources == (self.last,)
        self.last = path
        self._y += STEP
        return self

    def finish(self) -> NetworkDocument:
        """Mark the last layer as output, put the cards in order and return the document."""
        self.document.change_info(output=self.document.paths.get(self.last))
        if not self._is_chain:
            for layer_id, (x, y) in arrange(self.document).items():
                self.document.change_layer(layer_id, x=x, y=y)
        return self.document
