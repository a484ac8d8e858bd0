"""Documents as PyTorch modules: names, order, shared weights, and first weights that nothing else can move."""

from __future__ import annotations

import copy
import threading

import pytest
import torch
from hypothesis import given, settings
from torch import fx, nn

from cnn_studio.compiler import lower
from cnn_studio.core.errors import NetworkError
from cnn_studio.graph.commands import RenameLayer
from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.paths import is_reserved
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import find_starter
from tests.helpers.networks import SMALL_STARTERS, chain, join, tiny_classifier
from tests.helpers.strategies import PATHS


def states_equal(one: nn.Module, two: nn.Module) -> bool:
    a, b = one.state_dict(), two.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def diamond() -> NetworkDocument:
    """A residual block with batch norm and dropout in nested blocks."""
    document = chain((3, 8, 8), ("stem.conv", "conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}))
    join(document, "layer1.0.conv1", "conv2d", ["stem.conv"], out_channels=4, kernel_size=3, padding=1)
    join(document, "layer1.0.bn1", "batch_norm", ["layer1.0.conv1"])
    join(document, "layer1.0.add", "add", ["layer1.0.bn1", "stem.conv"])
    join(document, "unused", "linear", ["layer1.0.add"])
    join(document, "drop", "dropout", ["layer1.0.add"])
    join(document, "flatten", "flatten", ["drop"])
    end = join(document, "fc", "linear", ["flatten"], out_features=5)
    document.drop_link(document.inputs_of(document.paths["unused"])[0])
    document.drop_layer(document.paths["unused"])
    document.change_info(output=end.id)
    return document


def test_lenet_has_the_parameters_and_shapes_of_the_paper() -> None:
    document = find_starter("lenet5").build()
    report = infer_shapes(document)
    rows = {document.layer(i).path: (report.states[i].shape, report.num_params(i)) for i in report.order}
    assert rows == {
        "input": ((1, 32, 32), 0),
        "C1": ((6, 28, 28), 156),
        "S2": ((6, 14, 14), 12),
        "C3": ((16, 10, 10), 2_416),
        "S4": ((16, 5, 5), 32),
        "C5": ((120, 1, 1), 48_120),
        "flatten": ((120,), 0),
        "F6": ((84,), 10_164),
        "OUT": ((10,), 850),
    }
    module = lower(document)
    assert sum(p.numel() for p in module.parameters()) == 61_750
    seen: dict[str, tuple[int, ...]] = {}
    for name, layer in module.named_modules():
        if name in rows:
            layer.register_forward_hook(
                lambda _m, _i, out, name=name: seen.update({name: tuple(out.shape[1:])})
            )
    module(torch.zeros(2, 1, 32, 32))
    assert seen == {name: shape for name, (shape, _) in rows.items() if name != "input"}


@pytest.mark.parametrize("starter", [pytest.param(s, id=s.name) for s in SMALL_STARTERS])
def test_starters_are_sound_and_run(starter: object) -> None:
    document = starter.build()  # type: ignore[attr-defined]
    assert infer_shapes(document).problems == ()
    entry = document.layer_at("input").params
    module = lower(document)
    result = module(torch.randn(3, entry["channels"], entry["height"], entry["width"]))
    assert result.shape == (3, 10)
    result.sum().backward()
    assert all(p.grad is not None for p in module.parameters())


def test_keys_are_paths_in_the_order_of_execution() -> None:
    module = lower(diamond())
    tensors = ["weight", "bias"]
    statistics = ["running_mean", "running_var", "num_batches_tracked"]
    expected = [f"stem.conv.{t}" for t in tensors] + [f"layer1.0.conv1.{t}" for t in tensors]
    expected += [f"layer1.0.bn1.{t}" for t in tensors + statistics] + [f"fc.{t}" for t in tensors]
    assert list(module.state_dict()) == expected
    called = [node.target for node in module.graph.nodes if node.op == "call_module"]
    assert called[:4] == ["stem.conv", "layer1.0.conv1", "layer1.0.bn1", "layer1.0.add"]
    assert all(node.meta["layer_id"] for node in module.graph.nodes if node.op == "call_module")


def test_a_residual_block_computes_f_of_x_plus_x() -> None:
    module = lower(diamond()).eval()
    x = torch.randn(2, 3, 8, 8)
    stem = module.get_submodule("stem.conv")(x)
    block = module.get_submodule("layer1.0.bn1")(module.get_submodule("layer1.0.conv1")(stem))
    torch.testing.assert_close(module(x), module.get_submodule("fc")((block + stem).flatten(1)))


def test_layers_that_do_not_lead_to_the_output_are_left_out() -> None:
    document = tiny_classifier()
    join(document, "side", "conv2d", ["input"])
    assert lower(document).state_dict().keys() == lower(tiny_classifier()).state_dict().keys()


@settings(max_examples=40)
@given(PATHS)
def test_any_legal_path_is_a_key(path: str) -> None:
    document = tiny_classifier()
    RenameLayer(id=document.paths["conv1"], path=path).apply(document)
    module = lower(document)
    assert f"{path}.weight" in module.state_dict()
    assert module(torch.zeros(1, 1, 8, 8)).shape == (1, 10)


def test_reserved_names_are_those_that_torch_needs() -> None:
    graph = fx.Graph()
    graph.output(graph.placeholder("image"))
    for name in {*dir(nn.Module()), *dir(fx.GraphModule(nn.Module(), graph))}:
        assert is_reserved(name), f"{name} is an attribute of modules, but free as a layer's name"


# --------------------------------------------------------------------------------------------------- shared weights


def tied_pair(first: str = "a", second: str = "b") -> NetworkDocument:
    sizes = {"out_features": 16}
    document = chain(
        (1, 4, 4), ("flatten", "flatten", {}), (first, "linear", sizes), (second, "linear", sizes)
    )
    document.change_layer(document.paths[second], tied_to=document.paths[first])
    return document


def test_tied_layers_share_one_module() -> None:
    module = lower(tied_pair())
    assert list(module.state_dict()) == ["a.weight", "a.bias"]
    x = torch.randn(2, 1, 4, 4)
    layer = module.get_submodule("a")
    torch.testing.assert_close(module(x), layer(layer(x.flatten(1))))
    assert [n.target for n in module.graph.nodes if n.op == "call_module"] == ["flatten", "a", "a"]


def test_the_owner_of_shared_weights_may_be_unused_or_later() -> None:
    document = tied_pair()
    flatten, a, b = (document.paths[path] for path in ("flatten", "a", "b"))
    document.drop_link(document.inputs_of(b)[0])
    from cnn_studio.graph.document import Link

    document.put_link(Link(flatten, b))
    module = lower(document)  # a is not on the way to the output now
    assert list(module.state_dict()) == ["a.weight", "a.bias"]
    assert module(torch.zeros(1, 1, 4, 4)).shape == (1, 16)
    document.drop_link(document.inputs_of(a)[0])
    document.put_link(Link(b, a))
    document.change_info(output=a)
    assert lower(document)(torch.zeros(1, 1, 4, 4)).shape == (1, 16)


# ---------------------------------------------------------------------------------------------------- first weights


def test_same_seed_same_weights_and_another_seed_others() -> None:
    assert states_equal(lower(diamond(), seed=3), lower(diamond(), seed=3))
    assert not states_equal(lower(diamond(), seed=3), lower(diamond(), seed=4))


def test_weights_depend_on_the_layer_not_on_its_name_or_its_neighbours() -> None:
    document = diamond()
    before = lower(document).state_dict()
    document.change_layer(document.paths["fc"], path="head.fc")
    document.change_layer(document.paths["drop"], params={"p": 0.1})
    after = lower(document).state_dict()
    assert torch.equal(after["head.fc.weight"], before["fc.weight"])
    assert torch.equal(after["stem.conv.weight"], before["stem.conv.weight"])
    assert not torch.equal(before["stem.conv.bias"], before["layer1.0.conv1.bias"])


def test_torchs_global_random_state_is_neither_used_nor_moved() -> None:
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = lower(diamond())
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    assert states_equal(first, lower(diamond()))


def test_other_threads_drawing_change_nothing() -> None:
    expected, stop = lower(diamond()), threading.Event()

    def draw() -> None:
        while not stop.is_set():
            nn.Linear(20, 20)

    threads = [threading.Thread(target=draw) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            assert states_equal(lower(diamond()), expected)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(("path", "fan_in"), [("C1", 25), ("C3", 150), ("C5", 400), ("F6", 120), ("OUT", 84)])
def test_first_weights_are_uniform_within_one_over_root_fan_in(path: str, fan_in: int) -> None:
    layer = lower(find_starter("lenet5").build(), seed=7).get_submodule(path)
    bound = fan_in**-0.5
    for tensor in (layer.weight, layer.bias):
        assert tensor.abs().max() <= bound
    assert layer.weight.abs().max() > 0.9 * bound
    assert abs(layer.weight.mean()) < 0.2 * bound
    assert abs(layer.weight.std() * 3**0.5 / bound - 1) < 0.15


def test_a_copy_of_a_module_with_dropout_works() -> None:
    module = lower(diamond()).train()
    module(torch.randn(2, 3, 8, 8))
    twin = copy.deepcopy(module)
    assert twin(torch.randn(2, 3, 8, 8)).shape == (2, 5)


def test_the_meta_device_has_shapes_but_no_memory() -> None:
    module = lower(find_starter("lenet5").build(), device="meta")
    assert all(p.is_meta for p in module.parameters())
    assert module(torch.empty(2, 1, 32, 32, device="meta")).shape == (2, 10)


# ---------------------------------------------------------------------------------------------------- given weights


def test_weights_that_fit_are_copied_and_the_rest_is_drawn() -> None:
    document = tiny_classifier()
    trained = lower(document, seed=1).state_dict()
    weights = {
        "conv1.weight": trained["conv1.weight"],
        "fc1.weight": torch.zeros(3, 3),
        "elsewhere.weight": torch.zeros(1),
    }
    module = lower(document, weights=weights, seed=2)
    plain = lower(document, seed=2).state_dict()
    state = module.state_dict()
    assert torch.equal(state["conv1.weight"], trained["conv1.weight"])
    assert torch.equal(state["fc1.weight"], plain["fc1.weight"])
    assert torch.equal(state["conv1.bias"], plain["conv1.bias"])
    state["conv1.weight"].zero_()
    assert trained["conv1.weight"].abs().sum() > 0, "the given tensors stay as they are"


# ----------------------------------------------------------------------------------------------------------- errors


def test_the_first_error_is_the_message() -> None:
    document = chain((1, 4, 4), ("conv", "conv2d", {"kernel_size": 9}), ("fc", "linear", {}))
    first = infer_shapes(document).problems[0]
    with pytest.raises(NetworkError) as caught:
        lower(document)
    assert str(caught.value) == first.message
    with pytest.raises(NetworkError, match="network is empty"):
        lower(NetworkDocument())
    document = tiny_classifier()
    document.change_info(output=None)
    with pytest.raises(NetworkError, match="No layer is marked"):
        lower(document)


def test_warnings_do_not_keep_a_network_from_running() -> None:
    document = chain((1, 7, 7), ("pool", "max_pool2d", {}), ("flatten", "flatten", {}))
    assert infer_shapes(document).problems
    assert lower(document)(torch.zeros(1, 1, 7, 7)).shape == (1, 9)


def test_building_leaves_the_document_alone() -> None:
    document = diamond()
    before = dict(document.layers)
    lower(document)
    assert dict(document.layers) == before
    assert all(isinstance(layer, Layer) for layer in document.layers.values())
