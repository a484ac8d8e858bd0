"""The picture of a document with folded blocks, as numbers: places, wires, and the way back."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.graph.blocks import BlockTree
from cnn_studio.graph.document import Link
from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH, STEP
from cnn_studio.graph.layout import arrange
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.canvas.folding import Folder, Squeeze, name_within
from tests.helpers.networks import chain

SPANS = st.lists(
    st.tuples(st.integers(-50, 50), st.integers(0, 30)).map(lambda s: (s[0], s[0] + s[1])), max_size=6
)


@given(SPANS, SPANS, st.integers(-80, 80))
def test_a_squeeze_goes_down_by_what_is_emptied_and_not_kept(emptied, kept, value):
    squeeze = Squeeze(emptied, kept)

    def is_gone(cell):
        return any(a <= cell < b for a, b in emptied) and not any(a <= cell < b for a, b in kept)

    expected = value - sum(is_gone(cell) for cell in range(-60, value))
    assert squeeze.to_view(value) == expected
    assert squeeze.to_view(squeeze.to_document(expected)) == expected
    if not is_gone(value) and not is_gone(value - 1):
        assert squeeze.to_document(squeeze.to_view(value)) == value


def picture_of(document, folded, direction="down"):
    return Folder().picture(document, BlockTree(document), folded, direction)


def overlapping(picture):
    cards = sorted(picture.places.items())
    return [
        (one, other)
        for n, (one, (x, y)) in enumerate(cards)
        for other, (u, v) in cards[n + 1 :]
        if abs(x - u) < CARD_WIDTH and abs(y - v) < CARD_HEIGHT
    ]


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "densenet121", "squeezenet1_1", "mobilenet_v2"])
@pytest.mark.parametrize("direction", ["down", "right"])
def test_cards_never_overlap_whatever_is_folded(name, direction):
    document = find_starter(name).build()
    for layer_id, (x, y) in arrange(document, direction).items():
        document.change_layer(layer_id, x=x, y=y)
    tree = BlockTree(document)
    paths = [path for path in tree if len(tree[path].members) > 1]
    for folded in (
        frozenset(),
        tree.to_depth(1),
        tree.to_depth(2),
        frozenset(paths[::3]),
        frozenset(paths[1::2]),
    ):
        picture = picture_of(document, folded, direction)
        assert not overlapping(picture)
        axis = 1 if direction == "down" else 0
        for wire in picture.wires:  # what is behind in the network stays behind in the picture
            assert picture.places[wire.source][axis] < picture.places[wire.target][axis]


def test_resnet_folded_is_one_even_chain():
    document = find_starter("resnet50").build()
    picture = picture_of(document, BlockTree(document).to_depth(1))
    places = sorted(picture.places.values(), key=lambda place: place[1])
    assert [x for x, _ in places] == [0.0] * len(places)
    steps = {round(b[1] - a[1], 6) for a, b in itertools.pairwise(places)}
    assert steps == {STEP}


def test_wires_of_folded_blocks_are_merged():
    document = chain(
        (4, 8, 8), ("a", "relu", {}), ("b.one", "relu", {}), ("b.two", "add", {}), ("c", "relu", {})
    )
    a, one, two, c = (document.paths[path] for path in ("a", "b.one", "b.two", "c"))
    document.put_link(Link(a, two, 1))
    picture = picture_of(document, {"b", "nowhere", "a"})
    block = next(iter(picture.folded))
    assert block < 0
    assert picture.wires == {
        Link(document.paths["input"], a, 0): (Link(document.paths["input"], a, 0),),
        Link(a, block, 0): (Link(a, one, 0), Link(a, two, 1)),
        Link(block, c, 0): (Link(two, c, 0),),
    }
    assert picture.wire_of(Link(one, two, 0)) is None
    assert picture.members(block) == (one, two)
    assert picture.members(c) == (c,)


def test_a_card_beside_a_folded_block_keeps_its_place_open():
    document = chain(
        (4, 8, 8), *((f"b.n{n}", "relu", {}) for n in range(8)), ("end", "relu", {}), ("side", "relu", {})
    )
    side, end = document.layer_at("side"), document.layer_at("end")
    document.change_layer(side.id, x=600.0, y=document.layer_at("b.n4").y)
    picture = picture_of(document, {"b"})
    block = next(iter(picture.folded))
    head, beside, below = (picture.places[key][1] for key in (block, side.id, end.id))
    assert head < beside < below
    assert beside - head == STEP
    assert below - beside >= STEP


def test_moving_a_folded_block_past_a_card_moves_it_past_it_in_the_document():
    document = chain((4, 8, 8), *((f"b.n{n}", "relu", {}) for n in range(8)), ("end", "relu", {}))
    picture = picture_of(document, {"b"})
    block = next(iter(picture.folded))
    end = document.layer_at("end")
    little = picture.moved(document, {block}, 3.0, 20.0)
    assert {(x - document.layer(i).x, y - document.layer(i).y) for i, (x, y) in little.items()} == {
        (3.0, 20.0)
    }
    far = picture.moved(document, {block}, 0.0, 2 * STEP)
    assert min(y for _, y in far.values()) > end.y


@pytest.mark.parametrize(
    ("path", "outer", "name"),
    [
        ("a.b", "", "a.b"),
        ("a.b", "a", "b"),
        ("layer1.0", "layer1", "layer1.0"),
        ("a.b.c.d", "a.b", "c.d"),
        ("x.y.0.1", "x.y", "y.0.1"),
    ],
)
def test_names_inside_of_frames(path, outer, name):
    assert name_within(path, outer) == name


@pytest.mark.parametrize("name", ["googlenet", "densenet121"])
def test_no_text_that_is_shown_lies_on_the_run_of_another_wire(show, name):
    view = show(find_starter(name).build())
    view.folds.unfold_all()
    lanes = [(link, wire.route.lane) for link, wire in view.network.wires.items() if wire.route.lane]
    shown = [(link, wire.label_box) for link, wire in view.network.wires.items() if wire.shows_label]
    assert lanes and len(shown) > 50
    for link, box in shown:
        for other, (x, low, high) in lanes:
            assert other == link or not (box.left < x < box.right and low < box.bottom and box.top < high)
