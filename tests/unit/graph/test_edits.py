import pytest

from cnn_studio.core.commands import CommandStack
from cnn_studio.graph.commands import parse_command
from cnn_studio.graph.document import Link
from cnn_studio.graph.edits import add_part, move_link, part_of
from cnn_studio.graph.legality import LinkError
from cnn_studio.graph.records import to_record
from cnn_studio.graph.starters import find_starter


@pytest.fixture
def document():
    return find_starter("lenet5").build()


def ids(document, *paths):
    return [document.layer_at(path).id for path in paths]


def state(document):
    """The record without the counter of ids, which undo leaves where it is."""
    record = to_record(document)
    del record["next_id"]
    return record


def test_a_link_is_moved_to_another_target_and_back(document):
    stack = CommandStack(document)
    before = state(document)
    c1, s2, c3 = ids(document, "C1", "S2", "C3")
    stack.push(move_link(document, Link(s2, c3), c1, c3))
    assert document.sources_of(c3) == [c1]
    assert document.outputs_of(s2) == []
    stack.undo()
    assert state(document) == before


def test_a_moved_link_is_refused_like_a_new_one(document):
    before = state(document)
    s2, c3, c5 = ids(document, "S2", "C3", "C5")
    with pytest.raises(LinkError, match="takes one input"):
        move_link(document, Link(s2, c3), s2, c5)
    with pytest.raises(LinkError, match="circle"):
        move_link(document, Link(s2, c3), c5, c3)
    assert state(document) == before


def test_a_part_holds_its_layers_and_the_links_among_them(document):
    c1, s2, c5 = ids(document, "C1", "S2", "C5")
    part = part_of(document, {c1, s2, c5})
    assert set(part.layers) == {c1, s2, c5}
    assert list(part.links()) == [Link(c1, s2)]
    assert part.layers[c1] == document.layers[c1]


def test_adding_a_part_copies_it_under_free_names(document):
    stack = CommandStack(document)
    before = state(document)
    part = part_of(document, ids(document, "C1", "S2", "C3"))
    first = document.next_id
    command = add_part(document, part, 10.0, -5.0)
    stack.push(parse_command(command.model_dump(mode="json")))
    copies = [document.layers[n] for n in range(first, first + 3)]
    assert [copy.path for copy in copies] == ["C2", "S3", "C4"]
    original = document.layer_at("C1")
    assert (copies[0].x, copies[0].y) == (original.x + 10, original.y - 5)
    assert copies[0].params == original.params
    assert document.sources_of(copies[1].id) == [copies[0].id]
    assert document.sources_of(copies[0].id) == []
    stack.undo()
    assert state(document) == before


def test_copies_of_tied_layers_are_tied_to_copies(document):
    c1, c3 = ids(document, "C1", "C3")
    document.change_layer(c3, tied_to=c1)
    first = document.next_id
    both = add_part(document, part_of(document, {c1, c3}), 0, 0)
    assert [command.tied_to for command in both.commands] == [None, first]
    alone = add_part(document, part_of(document, {c3}), 0, 0)
    assert [command.tied_to for command in alone.commands] == [None]


def test_names_of_a_part_do_not_collide_with_each_other(document):
    document.change_layer(ids(document, "S2")[0], path="C2")
    part = part_of(document, ids(document, "C1", "C2", "C3"))
    macro = add_part(document, part, 0, 0)
    macro.apply(document)
    assert len(document.paths) == len(document.layers)
