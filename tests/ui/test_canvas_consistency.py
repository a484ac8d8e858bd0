"""Whatever is edited, folded, undone and redone: the canvas shows what it would show if opened just then."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.block_edits import duplicate, group, repeat_block, ungroup
from cnn_studio.graph.commands import MoveLayers, RenameLayer, SetOutput, SetParams, SetTraining
from cnn_studio.graph.edits import append_after, insert_on_link, remove_and_heal
from cnn_studio.ui.canvas.scene import NetworkScene
from tests.helpers.canvas import Context, network

CONV = {"out_channels": 8, "kernel_size": 3, "padding": 1}


def start():
    return network(
        ("input", "input", (), {"channels": 8, "height": 16, "width": 16}),
        ("s.0.conv", "conv2d", ("input",), CONV),
        ("s.0.relu", "relu", ("s.0.conv",), {}),
        ("s.0.add", "add", ("s.0.relu", "input"), {}),
        ("s.1.conv", "conv2d", ("s.0.add",), CONV),
        ("s.1.add", "add", ("s.1.conv", "s.0.add"), {}),
        ("t.pool", "max_pool2d", ("s.1.add",), {}),
        ("t.relu", "relu", ("t.pool",), {}),
        ("flatten", "flatten", ("t.relu",), {}),
        ("out", "linear", ("flatten",), {}),
    )


def look(scene):
    """All that a scene shows, under names that do not depend on how it came to be."""
    name = scene.name_of
    cards = {name(key): (card.x(), card.y(), card.content) for key, card in scene.cards.items()}
    wires = {(name(w.source), name(w.target), w.port): item.content for w, item in scene.wires.items()}
    ends = {w: (item.route.points()[0], item.route.points()[-1]) for w, item in scene.wires.items()}
    for wire, (first, last) in ends.items():
        source, target = scene.index.box(wire.source), scene.index.box(wire.target)
        assert first == ((source.left + source.right) / 2, source.bottom)
        assert last == ((target.left + target.right) / 2, target.top)
    return cards, wires, {path: item.name for path, item in scene.frames.items.items()}


def edit(draw, context, scene):
    """Carry out one drawn edit; refusals change nothing."""
    document, layers = context.document, sorted(context.document.layers)
    blocks, links = sorted(scene.tree), list(document.links())
    some = st.sets(st.sampled_from(layers), min_size=1, max_size=3)
    what = draw(st.integers(0, 12))
    if what == 0:
        context.stack.undo()
        return
    if what == 1:
        context.stack.redo()
        return
    if what <= 3:
        folded = draw(st.sets(st.sampled_from([*blocks, "nowhere"])))
        context.view = context.view.model_copy(update={"folded": frozenset(folded)})
        scene.refold()
        return
    layer_id = draw(st.sampled_from(layers))
    layer = document.layer(layer_id)
    try:
        if what == 4:
            command = MoveLayers(
                places={
                    layer_id: (layer.x + draw(st.integers(-90, 90)), layer.y + draw(st.integers(-90, 90)))
                }
            )
        elif what == 5:
            command = remove_and_heal(document, draw(some))
        elif what == 6:
            command = group(document, draw(some))
        elif what == 7 and blocks:
            command = ungroup(document, draw(st.sampled_from(blocks)))
        elif what == 8 and blocks:
            command = repeat_block(context.report(), draw(st.sampled_from(blocks)), 1)
        elif what == 9 and links:
            command = insert_on_link(document, draw(st.sampled_from(links)), "relu")
        elif what == 10:
            command = duplicate(document, draw(some), 300.0, 0.0)
        elif what == 11:
            kernel = draw(st.sampled_from([1, 3, 40]))
            command = SetParams(id=layer_id, changes={"kernel_size": (kernel, kernel)})
        else:
            command = draw(
                st.sampled_from(
                    [
                        SetTraining(ids=tuple(draw(some)), trainable=False),
                        SetOutput(id=layer_id),
                        RenameLayer(id=layer_id, path=draw(st.sampled_from(["x", "s.0.x", "u.v"]))),
                        append_after(document, layer_id, "relu"),
                    ]
                )
            )
        context.stack.push(command)
    except StudioError:
        return


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_canvas_is_what_it_would_be_if_opened_now(qapp, data):
    context = Context(start())
    scene = NetworkScene(context)
    for _ in range(data.draw(st.integers(1, 12))):
        if len(context.document.layers) > 1:
            edit(data.draw, context, scene)
    fresh = NetworkScene(context)
    assert look(scene) == look(fresh)
