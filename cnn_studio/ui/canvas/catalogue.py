"""What can be put into a network: layer types, presets and blocks of one's own, with the search that ranks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cnn_studio.app.my_blocks import MyBlocks
from cnn_studio.app.own_block import OwnBlock
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.fitting import part_misfit, type_misfit
from cnn_studio.graph.presets import Preset, all_presets, entry_of
from cnn_studio.graph.registry import all_specs
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import Family, LayerSpec, Params, Shape
from cnn_studio.ui.canvas.content import CardContent

BLOCKS = "Blocks"
MY_BLOCKS = "My blocks"

_PRESET, _OWN = "preset:", "mine:"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that palette and quick search offer.

    Attributes:
        key: its identity: a layer type's id, or a preset's or block's with a prefix.
        title: its name.
        group: caption that it stands under.
        family: key of its colour.
        help: what it is for.
        what: the layer type or the preset.
        keywords: further words the search finds it by.
        facts: the second line of its card.
    """

    key: str
    title: str
    group: str
    family: str
    help: str
    what: LayerSpec | Preset
    keywords: tuple[str, ...] = ()
    facts: str = ""

    @property
    def id(self) -> str:
        """The name behind the prefix; people know layer types by it."""
        return self.key.partition(":")[2] or self.key

    @property
    def is_block(self) -> bool:
        """Whether it brings several layers."""
        return isinstance(self.what, Preset) and self.what.is_block

    @property
    def icon(self) -> str:
        """Name of its drawing."""
        if isinstance(self.what, LayerSpec):
            return self.what.icon or self.what.id
        return self.sample()[0] or "layers"

    @property
    def own(self) -> str:
        """The identity of a block of the user's; empty for all else."""
        return self.id if self.key.startswith(_OWN) else ""

    @property
    def takes_input(self) -> bool:
        """Whether something can be linked into it."""
        if isinstance(self.what, LayerSpec):
            return self.what.max_inputs != 0
        part = _part(self.what, None)
        return bool(part.outputs_of(entry_of(part).id))

    def card(self) -> CardContent:
        """Return what its card says before it is anywhere."""
        if isinstance(self.what, Preset):
            return CardContent(self.title, self.family, "", self.facts, "", is_block=self.is_block)
        params = self.what.default_params()
        caption = self.what.caption(params)
        return CardContent(
            self.title, self.family, caption if caption != self.title else "", self.what.subtitle(params), ""
        )

    def sample(self) -> tuple[str, Params]:
        """Return type and parameters of the layer that it is; an empty type for blocks."""
        if isinstance(self.what, LayerSpec):
            return self.what.id, self.what.default_params()
        part = _part(self.what, None)
        entry = entry_of(part)
        layers = [layer for layer in part.layers.values() if layer is not entry]
        return (layers[0].type, layers[0].params) if len(layers) == 1 else ("", {})

    def misfit(self, path: str, shape: Shape) -> str:
        """Return why it would fail behind the layer `path` that gives `shape`; empty if it would work."""
        if isinstance(self.what, LayerSpec):
            return type_misfit(self.what, path, shape)
        part = _part(self.what, shape[0] if len(shape) == 3 else None)
        return part_misfit(part, entry_of(part).id, path, shape)


@lru_cache(maxsize=256)
def _part(preset: Preset, channels: int | None) -> NetworkDocument:
    """Return a preset's layers; to be looked at alone."""
    return preset.build(channels)


def _type_entry(spec: LayerSpec) -> Entry:
    return Entry(spec.id, spec.title, spec.family.title, spec.family.key, spec.help, spec, spec.keywords)


def _preset_entry(preset: Preset) -> Entry:
    group = BLOCKS if preset.is_block else preset.family.title
    count = len(_part(preset, None).layers) - 1
    facts = f"{count} layers" if preset.is_block else ""
    return Entry(
        _PRESET + preset.id,
        preset.title,
        group,
        preset.family.key,
        preset.help,
        preset,
        preset.keywords,
        facts,
    )


def _own_entry(block: OwnBlock) -> Entry:
    preset = block.preset
    return Entry(
        _OWN + block.key, block.name, MY_BLOCKS, preset.family.key, block.description, preset, (), block.facts
    )


@lru_cache(maxsize=1)
def _given() -> tuple[Entry, ...]:
    """Return what comes with the program, group by group."""
    found = [_type_entry(spec) for spec in all_specs()]
    found += [_preset_entry(preset) for preset in all_presets()]
    order = [*(family.title for family in Family), BLOCKS]
    return tuple(sorted(found, key=lambda entry: order.index(entry.group)))


class Catalogue:
    """All that can be put into a network.

    Attributes:
        blocks: the user's own.
    """

    def __init__(self, blocks: MyBlocks | None = None) -> None:
        self.blocks = blocks if blocks is not None else MyBlocks()
        self._own: tuple[tuple[OwnBlock, ...], tuple[Entry, ...]] = ((), ())
        self._known: tuple[object, dict[str, str]] = (None, {})

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, group by group."""
        blocks = self.blocks.blocks
        if blocks != self._own[0]:
            self._own = blocks, tuple(_own_entry(block) for block in blocks)
        return _given() + self._own[1]

    def find(self, key: str) -> Entry | None:
        """Return the entry of that key, or None."""
        return next((entry for entry in self.entries if entry.key == key), None)

    def misfits(self, report: ShapeReport, layer_id: int | None) -> dict[str, str]:
        """Return why entries would fail behind a layer, by key; none while it has no shape."""
        if layer_id is None or layer_id not in report.states:
            return {}
        path, shape = report.document.layer(layer_id).path, report.states[layer_id].shape
        if shape is None:
            return {}
        entries = self.entries
        asked = path, shape, self._own[0]
        if self._known[0] != asked:
            found = ((entry.key, entry.misfit(path, shape)) for entry in entries)
            self._known = asked, {key: reason for key, reason in found if reason}
        return self._known[1]

    def search(self, text: str) -> list[Entry]:
        """Return what fits a text, the best first."""
        scored = [(match_score(entry, text), n, entry) for n, entry in enumerate(self.entries)]
        found = [
            (score, isinstance(entry.what, Preset), n, entry)
            for score, n, entry in scored
            if score is not None
        ]
        return [entry for _, _, _, entry in sorted(found, key=lambda item: item[:3])]


def match_score(entry: Entry, text: str) -> int | None:
    """Return how well a search text fits an entry, lower being better; None if it does not.

    The letters may lie apart in the title (``gap`` finds Global average pool); names and keywords count by their
    beginnings. Of several words each may be found by itself.
    """
    words = text.lower().split()
    whole = _word_score(entry, "".join(words))
    if whole is not None or len(words) < 2:
        return whole
    apart = [_word_score(entry, word) for word in words]
    return None if None in apart else 8


def _word_score(entry: Entry, wanted: str) -> int | None:
    if not wanted:
        return 0
    title = entry.title.lower()
    words = title.replace("-", " ").split()
    names = (entry.id, entry.id.replace("_", ""), *(word.replace(" ", "") for word in entry.keywords))
    if title.replace(" ", "").startswith(wanted):
        return 2 if entry.is_block else 0
    if wanted in names and isinstance(entry.what, LayerSpec):
        return 1  # what other programs call the layer: "dense" is no dense block
    if any(word.startswith(wanted) for word in words):
        return 3
    if "".join(word[0] for word in words).startswith(wanted) and len(wanted) > 1:
        return 4
    if any(name.startswith(wanted) for name in names):
        return 5
    if wanted in title.replace(" ", ""):
        return 6
    if len(wanted) > 1 and (_in_order(wanted, title) or any(wanted in name for name in names)):
        return 7
    return None


def _in_order(letters: str, text: str) -> bool:
    """Return whether the letters stand in the text in this order, the first one at the start of a word."""
    starts = [
        at for at, letter in enumerate(text) if letter == letters[0] and (at == 0 or text[at - 1] == " ")
    ]
    for start in starts:
        rest = iter(text[start:])
        if all(letter in rest for letter in letters):
            return True
    return False


def grouped(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return entries under their captions, in order; the user's own blocks have theirs even if there are none."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.group, []).append(entry)
    found.setdefault(MY_BLOCKS, [])
    return found
