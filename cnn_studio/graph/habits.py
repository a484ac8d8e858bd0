"""What runs but is probably not meant: habits of layers beside each other, and networks too large to train."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.document import DocumentChange, Layer, NetworkDocument
from cnn_studio.graph.problems import Fix, Problem, problem_at
from cnn_studio.graph.spec import BYTES_PER_NUMBER, Family, Finding, FixSpec, Shape, product
from cnn_studio.graph.topology import ancestors

_DROPOUT = frozenset({"dropout", "dropout2d"})
_REMOVE = (FixSpec("Remove it", remove=True),)
MOST_BYTES = 4 * 10**9
"""Activations of one image above this are said: even a batch of 8 would then need more than most machines have."""


class Habits:
    """Hints on dropout, batch norm, biases and activations that stand where they do no good, kept up to date.

    What is said of a layer depends on its own parameters and on the types and names of its neighbours.
    """

    def __init__(self) -> None:
        self._found: dict[int, list[Problem]] = {}
        self._stale: set[int] | None = None  # None: all of them

    def note(self, change: DocumentChange) -> None:
        """Take in what an edit touched."""
        if change.added or change.removed or change.relinked or change.renamed:
            self._stale = None
        elif self._stale is not None:
            self._stale |= change.edited

    def problems(self, document: NetworkDocument) -> list[Problem]:
        """Return all hints on the document as it is now."""
        if self._stale is None:
            self._found.clear()
            self._stale = set(document.layers)
        for layer_id in self._stale:
            layer = document.layer(layer_id)
            said = [problem_at(document, layer_id, finding) for finding in _oddities(document, layer)]
            self._found.pop(layer_id, None)
            if said:
                self._found[layer_id] = said
        self._stale.clear()
        found = [problem for said in self._found.values() for problem in said]
        output = document.info.output
        if output is not None:
            found += [problem_at(document, output, finding) for finding in _at_output(document.layer(output))]
        return found


def _oddities(document: NetworkDocument, layer: Layer) -> Iterator[Finding]:
    if layer.type in _DROPOUT:
        if layer.params["p"] == 1:
            message = f"{layer.path} drops everything in training: with p = 1 nothing is left to learn from. Use 0.5 or less."
            yield Finding("drops_everything", "warning", message, lambda: (FixSpec("p = 0.5", {"p": 0.5}),))
    elif layer.type == "batch_norm":
        yield from _before_norm(document, layer)
    elif layer.type == "relu":
        sources = document.sources_of(layer.id)
        if sources and document.layer(sources[0]).type == "relu":
            message = (
                f"{layer.path} follows another ReLU and changes nothing: what is negative is zero already."
            )
            yield Finding("repeated_activation", "note", message, lambda: _REMOVE)
    if layer.params.get("bias") is True and layer.type in ("conv2d", "linear"):
        yield from _useless_bias(document, layer)


def _before_norm(document: NetworkDocument, layer: Layer) -> Iterator[Finding]:
    sources = document.sources_of(layer.id)
    before = document.layer(sources[0]) if sources else None
    if before is not None and before.type in _DROPOUT:
        message = (
            f"{layer.path} measures the variance of values that {before.path} has scaled up at random; in prediction nothing is "
            "dropped, and the running variance no longer fits. Put dropout behind the last batch norm."
        )
        fix = FixSpec(f"Remove {before.path}", remove_before=before.type)
        yield Finding("dropout_before_norm", "note", message, lambda: (fix,))


def _useless_bias(document: NetworkDocument, layer: Layer) -> Iterator[Finding]:
    readers = [document.layer(link.target) for link in document.outputs_of(layer.id)]
    if not readers or layer.tied_to is not None or layer.params.get("activation", "none") != "none":
        return
    if all(reader.type == "batch_norm" for reader in readers):
        message = (
            f"The bias of {layer.path} does nothing: {readers[0].path} behind it takes the mean away again."
        )
        yield Finding(
            "bias_before_norm", "note", message, lambda: (FixSpec("Without bias", {"bias": False}),)
        )


def _at_output(layer: Layer) -> Iterator[Finding]:
    if layer.type in _DROPOUT:
        message = f"{layer.path} is the output and drops class scores at random in training. Put it before the last layer."
        yield Finding("dropout_at_output", "warning", message, lambda: _REMOVE)
    elif layer.type == "batch_norm":
        message = (
            f"{layer.path} is the output: the scores of an image would depend on the others of its batch. Put it before the "
            "last layer."
        )
        yield Finding("norm_at_output", "note", message, lambda: _REMOVE)
    elif layer.spec is not None and layer.spec.family is Family.ACTIVATION and layer.type != "softmax":
        yield _bounded(layer.path, FixSpec("Remove it", remove=True))
    elif layer.type == "linear" and layer.params["activation"] != "none":
        yield _bounded(layer.path, FixSpec("Without activation", {"activation": "none"}))


def _bounded(path: str, fix: FixSpec) -> Finding:
    message = (
        f"{path} is the output and passes its scores through an activation. The cross-entropy loss wants them as they are, of "
        "either sign and any size."
    )
    return Finding("activation_at_output", "warning", message, lambda: (fix,))


def memory_problems(document: NetworkDocument, shapes: Mapping[int, Shape | None]) -> list[Problem]:
    """Return the warning that a single image's activations are too large to train on."""
    output = document.info.output
    if output is None:
        return []
    used = ancestors(document, output)
    sizes = {
        i: BYTES_PER_NUMBER * product(shape) for i, shape in shapes.items() if shape is not None and i in used
    }
    total = sum(sizes.values())
    if total <= MOST_BYTES:
        return []
    largest = max(sizes, key=lambda layer_id: (sizes[layer_id], -layer_id))
    path = document.layer(largest).path
    message = (
        f"One image takes {total / 1e9:.1f} GB of activations, {sizes[largest] / 1e9:.1f} GB of them at {path}: a batch of 8 "
        f"would need {8 * total / 1e9:.0f} GB. Use smaller images, or a larger stride early in the network."
    )

    def fixes() -> tuple[Fix, ...]:
        return tuple(_smaller_inputs(document))

    data = {"bytes": total, "largest": path}
    return [Problem("too_much_memory", "warning", largest, path, message, data, fixes)]


def _smaller_inputs(document: NetworkDocument) -> Iterator[Fix]:
    """Offer the first of a half, a quarter, an eighth of the image's size with which the network still works."""
    from cnn_studio.graph.shapes import infer_shapes

    entry = next((layer for layer in document.layers.values() if layer.type == "input"), None)
    height, width = (0, 0) if entry is None else (entry.params["height"], entry.params["width"])
    for part in (2, 4, 8, 16, 32):
        size = {"height": height // part, "width": width // part}
        if entry is None or min(size.values()) < 1:
            return
        command = SetParams(id=entry.id, changes=size)
        trial = document.copy()
        command.apply(trial)
        report = infer_shapes(trial)
        if report.ok and not any(problem.code == "too_much_memory" for problem in report.problems):
            yield Fix(f"Images of {size['height']} × {size['width']}", command)
            return
