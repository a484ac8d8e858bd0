"""Document -> readable PyTorch code: one file that needs torch alone. Imports nothing of PyTorch itself."""

from __future__ import annotations

import keyword
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from cnn_studio.compiler.source_helpers import HELPERS
from cnn_studio.compiler.source_layers import writable, write_layer
from cnn_studio.compiler.source_words import LayerCode
from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.topology import ancestors

_WIDTH = 100
_TAKEN = {*HELPERS, "LABELS", "MEAN", "STD"}
_COMMENT_COLUMN = 44  # shapes stand there, or farther right behind longer lines


@dataclass(frozen=True, slots=True)
class SourceText:
    """A network as code.

    Attributes:
        text: the file.
        lines_of: per layer the lines (from 0) that make it; for layers that are an expression alone, those of
            the expression.
        calls_of: per layer the lines that use it.
    """

    text: str
    lines_of: Mapping[int, range] = field(repr=False)
    calls_of: Mapping[int, range] = field(repr=False)


def source_text(document: NetworkDocument) -> str:
    """Return the network as Python code; of a network with errors, a comment that says what to fix first.

    The file holds a class named after the network, and the class names and preprocessing as far as they are
    known. Its state-dict keys are those of `cnn_studio.compiler.lower`. Running it needs torch alone.
    """
    return source_lines(document).text


def source_lines(document: NetworkDocument, report: ShapeReport | None = None) -> SourceText:
    """Return the network as code, and which lines belong to which layer.

    Args:
        document: the network, with or without errors.
        report: its shapes, if they are known already.
    """
    report = infer_shapes(document) if report is None else report
    for problem in report.problems:
        if problem.severity == "error":
            where = f"{problem.path}: " if problem.path and problem.path not in problem.message else ""
            return _refusal(document, problem.layer_id, f"{where}{problem.message}")
    output = document.info.output
    if output is None:
        return _refusal(document, None, "No layer is marked as the network's output.")
    used = ancestors(document, output)
    order = [document.layer(layer_id) for layer_id in report.order if layer_id in used]
    for layer in order:
        if layer.type != "input" and not writable(layer.type):
            message = f"There is no code for layers of the type {layer.type!r} such as {layer.path}."
            return _refusal(document, layer.id, message)
    return _Writer(document, report, order, output).write()


def class_name(name: str) -> str:
    """Return a Python class name for a network's name: ``LeNet-5`` becomes ``LeNet5``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", plain)
    joined = "".join(word[0].upper() + word[1:] for word in words)[:80]
    if not joined:
        return "Network"
    if joined[0].isdigit() or keyword.iskeyword(joined) or joined in _TAKEN:
        return f"Net{joined}"
    return joined


def _refusal(document: NetworkDocument, layer_id: int | None, message: str) -> SourceText:
    lines = [
        f"# {_one_line(document.info.name)} has no code yet, because it cannot run. Fix this first:",
        "#",
    ]
    begin = len(lines)
    lines += textwrap.wrap(
        _one_line(message), _WIDTH, initial_indent="#   ", subsequent_indent="#   ", break_long_words=False
    )
    found = {} if layer_id is None else {layer_id: range(begin, len(lines))}
    return SourceText("\n".join(lines) + "\n", found, found)


class _Writer:
    """Writes one network that has no errors."""

    def __init__(
        self, document: NetworkDocument, report: ShapeReport, order: list[Layer], output: int
    ) -> None:
        self._document, self._report, self._order, self._output = document, report, order, output
        self._lines: list[str] = []
        self._made: dict[int, range] = {}
        self._called: dict[int, range] = {}
        self._codes: dict[int, LayerCode] = {}
        for layer in order:
            owner = self._owner_of(layer)
            if owner.type != "input":
                self._codes[owner.id] = write_layer(owner.type, owner.params, report.states[owner.id].inputs)

    def _owner_of(self, layer: Layer) -> Layer:
        return layer if layer.tied_to is None else self._document.layer(layer.tied_to)

    def write(self) -> SourceText:
        owners = [self._owner_of(layer) for layer in self._order]
        modules = [self._document.layer(i) for i in dict.fromkeys(owner.id for owner in owners)]
        modules = [layer for layer in modules if layer.id in self._codes and self._codes[layer.id].module]
        blocked = any("." in layer.path or not layer.path.isidentifier() for layer in modules)
        self._head(blocked)
        base = (
            "Block" if not all(layer.path.split(".")[0].isidentifier() for layer in modules) else "nn.Module"
        )
        self._add(f"class {class_name(self._document.info.name)}({base}):")
        self._docstring()
        self._init(modules)
        self._forward()
        self._constants()
        for layer_id, lines in self._called.items():
            self._made.setdefault(layer_id, lines)
        return SourceText("\n".join(self._lines) + "\n", self._made, self._called)

    def _add(self, *lines: str) -> range:
        begin = len(self._lines)
        self._lines += lines
        return range(begin, len(self._lines))

    def _head(self, blocked: bool) -> None:
        helpers = {code.helper for code in self._codes.values() if code.helper}
        if blocked:
            helpers.add("Block")
        texts = [text for name, text in HELPERS.items() if name in helpers]
        uses_functional = any("functional." in text for text in texts)
        body = "".join(texts) + "".join(
            f"{code.module} {code.call('', ('', ''))}" for code in self._codes.values()
        )
        if "torch." in body:
            self._add("import torch")
        self._add("from torch import nn")
        if uses_functional:
            self._add("from torch.nn import functional")
        for text in texts:
            self._add("", "", *text.rstrip("\n").split("\n"))
        self._add("", "")

    def _docstring(self) -> None:
        total = sum(self._report.num_params(layer_id) or 0 for layer_id in self._codes)
        name = _one_line(self._document.info.name).replace("\\", "/").replace('"', "'")
        self._add(f'    """{name}: {total:,} parameters."""', "")

    # ------------------------------------------------------------------------------------------------- __init__

    def _init(self, modules: list[Layer]) -> None:
        self._add("    def __init__(self):", "        super().__init__()")
        blocks: set[str] = set()
        for layer in modules:
            segments = layer.path.split(".")
            for depth in range(1, len(segments)):
                block = ".".join(segments[:depth])
                if block not in blocks:
                    blocks.add(block)
                    self._add(f"        {_access(block)} = Block()")
            code = self._codes[layer.id]
            notes = [code.note] if code.note else []
            if not layer.trainable:
                notes.append("frozen in training")
            note = f"  # {', '.join(notes)}" if notes else ""
            self._made[layer.id] = self._add(f"        {_access(layer.path)} = {code.module}{note}")
        written = {layer.id for layer in self._order}
        for layer_id in self._report.order:
            if layer_id not in written and layer_id not in self._made:
                path = self._document.layer(layer_id).path
                self._made[layer_id] = self._add(f"        # left out, nothing leads to the output: {path}")
        self._add("")

    # -------------------------------------------------------------------------------------------------- forward

    def _forward(self) -> None:
        names = _Names(self._document, self._order, self._output)
        for layer in self._order:
            owner = self._owner_of(layer)
            arguments = [names.of(source) for source in self._document.sources_of(layer.id)]
            result = names.assign(layer.id)
            shape = " × ".join(str(n) for n in self._report.states[layer.id].shape or ())
            if layer.type == "input":
                line = f"    def forward(self, {result}):"
            else:
                line = f"        {result} = {self._codes[owner.id].call(_access(owner.path), arguments)}"
            tie = f", weights of {owner.path}" if owner.id != layer.id else ""
            self._called[layer.id] = self._add(f"{line:<{_COMMENT_COLUMN}}  # {shape}{tie}")
        self._add(f"        return {names.of(self._output)}")

    # ------------------------------------------------------------------------------------------------ constants

    def _constants(self) -> None:
        info = self._document.info
        entry = next(layer for layer in self._order if layer.type == "input")
        size = tuple(entry.params[key] for key in ("channels", "height", "width"))
        self._add("", "", f"INPUT_SIZE = {size}  # channels, height, width")
        steps = info.preprocessing
        text = f"An image becomes the input so: {_steps_text(steps)}."
        self._add(*textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# "))
        for name, values in (("MEAN", steps.mean), ("STD", steps.std)):
            if values is not None:
                listed = ", ".join(f"{value:.8g}" for value in values)
                self._add(f"{name} = [{listed}]  # per channel")
        if info.labels:
            self._add(*_listed("LABELS", [_quoted(label) for label in info.labels]))


class _Names:
    """Names of the variables in ``forward``: a chain stays ``x``, a second branch is ``y``, and so on.

    A result takes the name of an input that is not needed any more, so that there are no more names than
    values that are alive at once.
    """

    def __init__(self, document: NetworkDocument, order: list[Layer], output: int) -> None:
        self._document = document
        self._left = Counter(source for layer in order for source in document.sources_of(layer.id))
        self._left[output] += 1
        self._names: dict[int, str] = {}
        self._alive: set[str] = set()

    def of(self, layer_id: int) -> str:
        """Return the name of a layer's result."""
        return self._names[layer_id]

    def assign(self, layer_id: int) -> str:
        """Return the name for a layer's result; its inputs are used up by this."""
        freed = []
        for source in self._document.sources_of(layer_id):
            self._left[source] -= 1
            if self._left[source] == 0:
                freed.append(self._names[source])
        self._alive -= set(freed)
        name = min(freed, key=_rank) if freed else next(n for n in _all_names() if n not in self._alive)
        self._alive.add(name)
        self._names[layer_id] = name
        return name


_LETTERS = ("x", "y", "z", "u", "v", "w")


def _all_names() -> Iterator[str]:
    yield from _LETTERS
    yield from (f"x{number}" for number in count(1))


def _rank(name: str) -> int:
    return _LETTERS.index(name) if name in _LETTERS else len(_LETTERS) + int(name[1:])


def _access(path: str) -> str:
    """Return how the class reaches a path: ``layer1.0.conv1`` is ``self.layer1[0].conv1``."""

    def step(part: str) -> str:
        if part.isidentifier():
            return f".{part}"
        return f"[{part}]" if part.isdigit() else f'["{part}"]'

    return "self" + "".join(step(part) for part in path.split("."))


def _steps_text(steps: Preprocessing) -> str:
    how = {
        "stretch": "stretch it to the size",
        "crop": f"scale it to cover size / {steps.crop_fraction:g} and cut out the centre",
        "pad": "scale it to fit inside the size and fill the rest with black",
    }[steps.resize]
    rest = (
        "subtract MEAN, divide by STD"
        if steps.mean is not None
        else "subtract the mean, divide by the deviation"
    )
    return f"{how} ({steps.interpolation}), scale values to 0..1, {rest}"


def _listed(name: str, items: list[str]) -> list[str]:
    line = f"{name} = [{', '.join(items)}]"
    if len(line) <= _WIDTH:
        return [line]
    lines, row = [f"{name} = ["], ""
    for item in items:
        if row and len(row) + len(item) + 6 > _WIDTH:
            lines.append(f"    {row.rstrip()}")
            row = ""
        row += f"{item}, "
    return [*lines, f"    {row.rstrip()}", "]"]


def _quoted(text: str) -> str:
    return f'"{text}"' if text.isprintable() and not set(text) & {'"', "\\"} else ascii(text)


def _one_line(text: str) -> str:
    """Return a text that fits into a comment: no line breaks, nothing that cannot be written to a file."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
