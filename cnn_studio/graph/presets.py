"""Presets: palette entries that are no layer types of their own but layers or blocks with their parameters set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cnn_studio.core.errors import GraphError
from cnn_studio.graph import preset_blocks
from cnn_studio.graph.commands import AddLayer, AddLink, AnyCommand, Macro, MoveLayers, RemoveLink, SetOutput
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.edits import STEP, TakenPaths, make_room
from cnn_studio.graph.paths import common_block, free_path
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.spec import Family


@dataclass(frozen=True, slots=True)
class Preset:
    """One entry.

    Attributes:
        id: stable name.
        title: what the palette shows.
        family: the group of the palette that it stands in.
        help: what it is and when one uses it, in two or three sentences.
        build: number of input channels, or None where it is not known -> the layers as a document of their own. Its
            input layer stands for what comes before and is not inserted, its output mark for what goes on.
        keywords: further words the search finds it by.
        is_block: whether it is a block of several layers, not one layer with its parameters set.
    """

    id: str
    title: str
    family: Family
    help: str
    build: Callable[[int | None], NetworkDocument]
    keywords: tuple[str, ...] = ()
    is_block: bool = False


def insert_preset(
    document: NetworkDocument,
    preset: Preset,
    *,
    after: int | None = None,
    link: Link | None = None,
    others: Sequence[Link] = (),
    at: tuple[float, float] = (0.0, 0.0),
    report: ShapeReport | None = None,
) -> Macro:
    """Return the edit that puts a preset into a network, as one step.

    Give a layer or a link, or neither for layers that stand loose at a place of the canvas. Behind a layer, the
    preset takes over all its links, and the output mark if it is there. The ids of the new layers follow on from
    `document.next_id`. A block's name is made free: ``se1``, ``se2``.

    Args:
        document: the network.
        preset: what to insert.
        after: id of the layer that is to feed it.
        link: the link that it is to be put into.
        others: more links of the same source that it is put into as well.
        at: centre of the first card where neither is given.
        report: the network's shapes, if they are known already; they tell the number of channels.

    Raises:
        GraphError: the layer or the link is not there, both are given, the links have different sources, or nothing
            can be linked into the preset.
    """
    if after is not None and link is not None:
        raise GraphError("A preset goes behind a layer or into a link, not both.")
    cut = [link, *others] if link is not None else []
    if any(old not in document.outputs_of(old.source) for old in cut if old.source in document.layers):
        raise GraphError("The link is not there any more; insert the preset elsewhere.")
    if len({old.source for old in cut}) > 1:
        raise GraphError(
            "Several results run through this wire. Unfold the block and choose one of its wires."
        )
    source = after if link is None else link.source
    if source is not None:
        document.layer(source)
        cut = cut or document.outputs_of(source)
    part = preset.build(_channels(document, source, report))
    entry = entry_of(part)
    if source is not None and not part.outputs_of(entry.id):
        raise GraphError(
            f"{preset.title} begins with an input of its own, so nothing can be linked into it. Put it on the empty "
            "canvas."
        )
    begin = at if source is None else (document.layer(source).x, document.layer(source).y + STEP)
    ids, commands = _add_layers(document, part, entry.id, begin, _block_around(document, source, cut))
    commands += [RemoveLink(source=old.source, target=old.target, port=old.port) for old in cut]
    for inner in part.links():
        feeding = source if inner.source == entry.id else ids[inner.source]
        if feeding is not None:
            commands.append(AddLink(source=feeding, target=ids[inner.target], port=inner.port))
    end = ids[part.info.output or 0]
    commands += [AddLink(source=end, target=old.target, port=old.port) for old in cut]
    if source is not None and link is None and document.info.output == source:
        commands.append(SetOutput(id=end))
    bottom = max(new.y for new in commands if isinstance(new, AddLayer))
    commands += _room(document, cut, bottom + STEP)
    return Macro(text=f"insert {preset.title.lower()}", commands=tuple(commands))


def entry_of(part: NetworkDocument) -> Layer:
    """Return the layer of a preset's document that stands for what comes before: its first input layer."""
    return next(layer for layer in part.layers.values() if layer.type == "input")


def _channels(document: NetworkDocument, source: int | None, report: ShapeReport | None) -> int | None:
    if source is None:
        return None
    shape = (report or infer_shapes(document)).states[source].shape
    return shape[0] if shape is not None and len(shape) == 3 else None


def _block_around(document: NetworkDocument, source: int | None, cut: list[Link]) -> str:
    """Return the block that holds both ends of the links that are cut, with a dot; empty if there is none."""
    if source is None or not cut:
        return ""
    block = common_block([document.layer(i).path for i in (source, *(link.target for link in cut))])
    return f"{block}." if block else ""


def _add_layers(
    document: NetworkDocument, part: NetworkDocument, entry: int, begin: tuple[float, float], block: str
) -> tuple[Mapping[int, int], list[AnyCommand]]:
    """Return the new id of each layer of the part, and the commands that add them."""
    layers = [layer for layer in part.layers.values() if layer.id != entry]
    left, top = part.layer(entry).x, min(layer.y for layer in layers)
    taken = TakenPaths(document)
    stems = {layer.path.split(".")[0] for layer in layers}
    names = {stem: free_path(f"{block}{stem.rstrip('0123456789')}1", taken) for stem in stems}
    ids = {layer.id: document.next_id + n for n, layer in enumerate(layers)}
    commands: list[AnyCommand] = []
    for layer in layers:
        stem, dot, rest = layer.path.partition(".")
        x, y = begin[0] + layer.x - left, begin[1] + layer.y - top
        tied = None if layer.tied_to is None else ids.get(layer.tied_to)
        path = f"{names[stem]}{dot}{rest}"
        new = replace(layer, id=ids[layer.id], path=path, x=x, y=y, tied_to=tied)
        commands.append(AddLayer.of(new))
    return ids, commands


def _room(document: NetworkDocument, cut: list[Link], bottom: float) -> list[AnyCommand]:
    """Return the move that brings all that follows down, so that its first card is at `bottom`, below the new ones."""
    targets = dict.fromkeys(link.target for link in cut)
    distance = bottom - min((document.layer(target).y for target in targets), default=bottom)
    places: dict[int, tuple[float, float]] = {}
    for target in targets:
        for move in make_room(document, target, distance):
            places.update(move.places)
    return [MoveLayers(places=places)] if distance > 0 else []


def all_presets() -> tuple[Preset, ...]:
    """Return the presets in the order of the palette."""
    return PRESETS


def find_preset(preset_id: str) -> Preset | None:
    """Return the preset of that id, or None."""
    return next((preset for preset in PRESETS if preset.id == preset_id), None)


_POOLS = (
    ("max_pool2d", "Max", "keeps the largest value of each window"),
    ("avg_pool2d", "Average", "takes the mean of each window"),
    ("sum_pool2d", "Sum", "adds up the values of each window"),
)


def _pool_presets() -> tuple[Preset, ...]:
    found = []
    for type_id, title, does in _POOLS:
        for size, kind, what in (
            (2, "2×2 apart", "The windows lie side by side, so the map is halved and each cell counts once."),
            (3, "3×3 overlap", "Windows of 3 × 3 at stride 2 share a row and a column, as in AlexNet: less overfitting, "
            "a little more work."),
        ):  # fmt: skip
            found.append(
                Preset(
                    f"{type_id}_{'overlapping' if size == 3 else 'apart'}",
                    f"{title} pool {kind}",
                    Family.POOLING,
                    f"{size} × {size} at stride 2: {does}, map by map. {what}",
                    partial(_pooled, type_id, size),
                    ("pool", "subsampling", "overlap"),
                )
            )
    return tuple(found)


def _pooled(type_id: str, size: int, channels: int | None) -> NetworkDocument:
    return preset_blocks.pooling(type_id, size, 2)


PRESETS: tuple[Preset, ...] = (
    Preset(
        "depthwise_conv",
        "Depthwise convolution",
        Family.CONVOLUTION,
        "One 3 × 3 filter for each map, which sees that map alone (as many groups as channels). It finds patterns in "
        "space but does not mix channels; a pointwise convolution after it does.",
        preset_blocks.depthwise_conv,
        ("depthwiseconv2d", "groups", "mobilenet", "separable"),
    ),
    Preset(
        "pointwise_conv",
        "Pointwise 1×1 conv",
        Family.CONVOLUTION,
        "Filters of 1 × 1: a fully connected layer over the channels at each place. It mixes channels, or changes how "
        "many there are, without looking at the neighbours.",
        preset_blocks.pointwise_conv,
        ("1x1", "network in network", "projection"),
    ),
    *_pool_presets(),
    Preset(
        "conv_norm_relu",
        "Conv, batch norm, ReLU",
        Family.CONVOLUTION,
        "A 3 × 3 convolution, batch norm and ReLU: the unit that most networks since 2015 are made of. The convolution "
        "has no bias, because batch norm adds one.",
        preset_blocks.conv_norm_relu,
        ("cbr", "unit", "block"),
        is_block=True,
    ),
    Preset(
        "separable_conv",
        "Depthwise separable convolution",
        Family.CONVOLUTION,
        "A depthwise 3 × 3 and a pointwise 1 × 1 convolution, each with batch norm and ReLU. Together they do about what "
        "a full 3 × 3 convolution does, for roughly a ninth of its weights.",
        preset_blocks.separable_conv,
        ("separableconv2d", "mobilenet", "xception", "block"),
        is_block=True,
    ),
    Preset(
        "squeeze_excitation",
        "Squeeze-excitation block",
        Family.MERGE,
        "Looks at the mean of every map, computes one gate between 0 and 1 for each channel, and multiplies the maps by "
        "them. The network learns which features count for this image.",
        preset_blocks.squeeze_excitation,
        ("se", "attention", "gate", "senet", "block"),
        is_block=True,
    ),
    Preset(
        "basic_residual",
        "Residual block",
        Family.MERGE,
        "Two 3 × 3 convolutions with batch norm, and the identity shortcut around them: y = F(x) + x. The block of "
        "ResNet-18 and ResNet-34; the gradient flows back through the shortcut undiminished.",
        preset_blocks.basic_residual,
        ("resnet", "shortcut", "skip", "basic block"),
        is_block=True,
    ),
    Preset(
        "bottleneck",
        "Bottleneck block",
        Family.MERGE,
        "1 × 1 to a quarter of the channels, 3 × 3 there, 1 × 1 back, and the shortcut: y = F(x) + x. The block of "
        "ResNet-50 and deeper; the costly 3 × 3 works on few channels.",
        preset_blocks.bottleneck,
        ("resnet", "shortcut", "skip", "residual"),
        is_block=True,
    ),
    Preset(
        "vgg_stage",
        "VGG stage",
        Family.CONVOLUTION,
        "Two 3 × 3 convolutions with ReLU, then 2 × 2 max pooling: the maps become half as large and twice as many, from 64 "
        "to at most 512.",
        preset_blocks.vgg_stage,
        ("vgg", "stack", "block"),
        is_block=True,
    ),
    Preset(
        "inception",
        "Inception module",
        Family.MERGE,
        "Filters of 1 × 1, 3 × 3 and 5 × 5 and a pooling side by side, their maps stacked: the network need not choose one "
        "size. 1 × 1 convolutions before the large filters keep the cost down.",
        preset_blocks.inception,
        ("googlenet", "branches", "parallel", "block"),
        is_block=True,
    ),
    Preset(
        "inverted_residual",
        "Inverted residual block",
        Family.MERGE,
        "Six times wider by 1 × 1, depthwise 3 × 3 there, narrow again by 1 × 1, and the shortcut between the narrow ends. "
        "MobileNetV2's block: few weights, little memory.",
        preset_blocks.inverted_residual,
        ("mobilenet", "mbconv", "shortcut", "linear bottleneck"),
        is_block=True,
    ),
    Preset(
        "dense_block",
        "Dense block",
        Family.MERGE,
        "Four layers, each of which reads the maps of all before it and adds 12 new ones. Features are used again instead "
        "of learned again; the block of DenseNet.",
        preset_blocks.dense_block,
        ("densenet", "growth", "concatenate", "block"),
        is_block=True,
    ),
    Preset(
        "convnext_block",
        "ConvNeXt block",
        Family.MERGE,
        "A depthwise 7 × 7 convolution, layer norm, two fully connected layers at each place, layer scale, and the shortcut: "
        "a residual block rebuilt after the transformer.",
        preset_blocks.convnext,
        ("convnext", "shortcut", "residual", "layer scale"),
        is_block=True,
    ),
)
