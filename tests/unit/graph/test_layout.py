import pytest

from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH, STEP
from cnn_studio.graph.layout import COLUMN, RIGHT_STEP, arrange, direction_of
from cnn_studio.graph.paths import prefixes
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.starters import STARTERS, find_starter


def build(*links, count=None):
    """Return a document of identity layers 1..n with these links, ports in the order given."""
    document = NetworkDocument()
    highest = count or max(max(link) for link in links)
    for layer_id in range(1, highest + 1):
        document.put_layer(Layer(layer_id, f"n{layer_id}", "add", get_spec("add").default_params()))
    for source, target in links:
        document.put_link(Link(source, target, len(document.inputs_of(target))))
    return document


def overlapping(places):
    found = []
    items = sorted(places.items())
    for n, (first, (x, y)) in enumerate(items):
        for second, (u, v) in items[n + 1 :]:
            if abs(x - u) < CARD_WIDTH and abs(y - v) < CARD_HEIGHT:
                found.append((first, second))
    return found


def test_nothing_gives_nothing():
    assert arrange(NetworkDocument()) == {}


def areas(document, places):
    """The area of the cards of each block, and of each layer in no block."""
    found = {}
    for layer in document.layers.values():
        x, y = places[layer.id]
        for block in prefixes(layer.path) or [layer.path]:
            left, top, right, bottom = found.get(block, (x, y, x, y))
            found[block] = min(left, x), min(top, y), max(right, x), max(bottom, y)
    return found


def overlapping_blocks(document, places):
    """Pairs of blocks, none in the other, whose areas overlap."""
    found = areas(document, places)
    pairs = []
    for one, (left, top, right, bottom) in found.items():
        for other, (u, v, w, z) in found.items():
            if (
                one < other
                and not f"{other}.".startswith(f"{one}.")
                and not f"{one}.".startswith(f"{other}.")
            ) and (
                left - CARD_WIDTH < w
                and u < right + CARD_WIDTH
                and top - CARD_HEIGHT < z
                and v < bottom + CARD_HEIGHT
            ):
                pairs.append((one, other))
    return pairs


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.name)
@pytest.mark.parametrize("direction", ["down", "right"])
def test_starters_are_laid_out_without_overlaps(starter, direction):
    document = starter.build()
    places = arrange(document, direction)
    assert places.keys() == document.layers.keys()
    assert not overlapping(places)
    assert not overlapping_blocks(document, places)
    for link in document.links():
        (x, y), (u, v) = places[link.source], places[link.target]
        assert v >= y + STEP if direction == "down" else u >= x + RIGHT_STEP


def test_a_chain_is_straight():
    document = find_starter("lenet5").build()
    places = arrange(document)
    assert [places[i] for i in document.layers] == [(0, n * STEP) for n in range(len(places))]
    places = arrange(document, "right")
    assert [places[i] for i in document.layers] == [(n * RIGHT_STEP, 0) for n in range(len(places))]


def test_the_main_way_of_a_residual_network_is_straight():
    document = find_starter("resnet50").build()
    places = arrange(document)
    aside = {layer.path for layer in document.layers.values() if places[layer.id][0] != 0}
    assert aside == {path for path in document.paths if "downsample" in path}


def test_a_residual_block_stays_in_one_column():
    places = arrange(build((1, 2), (2, 3), (3, 4), (1, 4)))
    assert {x for x, _ in places.values()} == {0}
    assert [places[i][1] for i in (1, 2, 3, 4)] == [0, STEP, 2 * STEP, 3 * STEP]


def test_branches_stand_side_by_side():
    # four branches of different lengths between 1 and 9, as in Inception
    links = [(1, 2), (1, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (2, 9), (4, 9), (7, 9), (8, 9)]
    places = arrange(build(*links))
    columns = {branch: {places[i][0] for i in branch} for branch in ((2,), (3, 4), (5, 6, 7), (8,))}
    assert all(len(xs) == 1 for xs in columns.values())
    assert len(set.union(*columns.values())) == 4
    assert places[1][0] == places[9][0] == places[5][0] == 0  # the longest branch goes straight on
    assert places[9][1] == 4 * STEP


def test_a_short_branch_keeps_its_column_free_down_to_the_merge():
    # 1 -> 2 -> 3 -> 4 -> 7 is the main chain, 1 -> 5 -> 7 the branch; 3 -> 6 -> 7 leaves beside it
    places = arrange(build((1, 2), (2, 3), (3, 4), (4, 7), (1, 5), (5, 7), (3, 6), (6, 7)))
    assert places[5][0] != places[6][0]


def test_every_layer_is_below_its_sources():
    document = build((1, 2), (1, 3), (2, 4), (3, 4), (4, 5), (1, 5), (5, 6), (2, 6))
    places = arrange(document)
    for link in document.links():
        assert places[link.source][1] + STEP <= places[link.target][1]


def test_parts_without_a_link_between_them_stand_apart():
    places = arrange(build((1, 2), (1, 3), (2, 4), (3, 4), (5, 6), (5, 7), (6, 8), (7, 8)))
    left = max(places[i][0] for i in (1, 2, 3, 4))
    right = min(places[i][0] for i in (5, 6, 7, 8))
    assert right >= left + COLUMN
    assert not overlapping(places)


def test_single_layers_do_not_overlap():
    places = arrange(build(count=5))
    assert len(set(places.values())) == 5
    assert not overlapping(places)


def test_a_circle_is_laid_out_too():
    places = arrange(build((1, 2), (2, 3), (3, 4), (4, 2)))
    assert places.keys() == {1, 2, 3, 4}
    assert not overlapping(places)


def test_a_large_network_has_no_overlaps():
    links, here = [], 1
    for _ in range(60):  # blocks of a main way of four, a side way of two, and an identity
        n = here
        links += [(n, n + 1), (n + 1, n + 2), (n + 2, n + 3), (n + 3, n + 4)]
        links += [(n, n + 5), (n + 5, n + 6), (n + 4, n + 7), (n + 6, n + 7), (n, n + 7)]
        here = n + 7
    document = build(*links)
    places = arrange(document)
    assert len(places) == 421
    assert not overlapping(places)
    assert arrange(document) == places


def test_arranging_changes_nothing():
    document = build((1, 2), (1, 3), (2, 4), (3, 4))
    before = dict(document.layers)
    arrange(document)
    assert dict(document.layers) == before


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.name)
def test_the_direction_of_a_layout_is_found_again(starter):
    document = starter.build()
    for direction in ("right", "down"):
        for layer_id, (x, y) in arrange(document, direction).items():
            document.change_layer(layer_id, x=x, y=y)
        assert direction_of(document) == direction
