"""Weights of a file find their places in a network, and the report says what fits and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from cnn_studio.core.errors import FileFormatError
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import find_starter
from cnn_studio.transfer.matching import Misfit, match, network_shapes
from cnn_studio.transfer.opening import match_file, open_network

State = dict[str, torch.Tensor]


def state_of(name: str, **options: object) -> State:
    torch.manual_seed(5)
    return dict(models.get_model(name, **options).state_dict())


def shapes_of(state: State) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in state.items()}


RESNET = state_of("resnet18")
SHAPES = shapes_of(RESNET)


def test_a_document_has_the_tensors_of_its_module() -> None:
    for name in ("resnet18", "squeezenet1_1"):
        document = find_starter(name).build()
        assert network_shapes(infer_shapes(document)) == shapes_of(state_of(name))


def test_all_of_a_file_fits() -> None:
    found = match(RESNET, SHAPES)
    assert found.is_complete and found.by == "name" and not found.unused
    assert found.num_params == 11_689_512
    assert found.sentences() == ("All 102 tensors of the network are in the file (11,689,512 parameters).",)


@pytest.mark.parametrize(
    "prefix", ["module.", "model.", "_orig_mod.", "module._orig_mod.", "net.backbone.", "model.module."]
)
def test_beginnings_of_names_are_looked_through(prefix: str) -> None:
    wrapped = {f"{prefix}{key}": value for key, value in RESNET.items()}
    found = match(wrapped | {"loss.weight": torch.ones(3)}, SHAPES)
    assert found.is_complete and found.by == "name"
    assert all(torch.equal(found.fitting[key], value) for key, value in RESNET.items())
    assert found.unused == ("loss.weight",)


def test_a_parallel_part_in_the_middle_of_names() -> None:
    state = state_of("alexnet")
    wrapped = {key.replace("features.", "features.module."): value for key, value in state.items()}
    assert match(wrapped, shapes_of(state)).is_complete


def test_other_classes_leave_the_head_random() -> None:
    found = match(state_of("resnet18", num_classes=2), SHAPES)
    assert found.misfits == (Misfit("fc.weight", (2, 512), (1000, 512)), Misfit("fc.bias", (2,), (1000,)))
    assert found.random == ("fc.weight", "fc.bias") and not found.is_complete
    assert found.sentences() == (
        "100 of the network's 102 tensors fit (11,176,512 parameters).",
        "Of another shape, so random here: fc.weight ([2, 512] in the file, [1000, 512] in the network), fc.bias ([2] in "
        "the file, [1000] in the network).",
    )


def test_another_network_is_told_in_blocks() -> None:
    deeper = match(state_of("resnet34"), SHAPES)
    assert deeper.is_complete
    assert deeper.sentences()[1] == (
        "Without a place in this network: layer1.2 (10 tensors), layer2.2 (10 tensors), layer2.3 (10 tensors), "
        "layer3.2 (10 tensors), layer3.3 (10 tensors), layer3.4 (10 tensors) and 2 more."
    )
    shallower = match(RESNET, shapes_of(state_of("resnet34")))
    assert "Not in the file, so random here: layer1.2 (10 tensors), " in shallower.sentences()[1]
    other = match(state_of("squeezenet1_1"), SHAPES)
    assert not other.num_fitting
    assert other.sentences()[0] == "None of the network's 102 tensors is in the file."
    assert other.sentences()[-1] == (
        "Without a place in this network: features (50 tensors), classifier (2 tensors)."
    )


def test_other_names_in_the_same_order() -> None:
    renamed = {f"t{at}": value for at, value in enumerate(RESNET.values())}
    found = match(renamed, SHAPES)
    assert found.by == "order" and found.is_complete
    assert torch.equal(found.fitting["layer4.1.bn2.running_var"], RESNET["layer4.1.bn2.running_var"])
    assert "in order, under other names" in found.sentences()[0]
    small = state_of("resnet18", num_classes=7)
    found = match({f"t{at}": value for at, value in enumerate(small.values())}, SHAPES)
    assert found.by == "order" and found.random == ("fc.weight", "fc.bias")


def test_the_order_is_believed_only_if_all_shapes_agree() -> None:
    values = list(RESNET.values())
    values[3] = values[3][:5]
    found = match({f"t{at}": value for at, value in enumerate(values)}, SHAPES)
    assert not found.num_fitting


def test_old_files_have_no_counters_and_halves_become_single() -> None:
    old = {key: value.half() for key, value in RESNET.items() if not key.endswith("num_batches_tracked")}
    for state in (old, {f"t{at}": value for at, value in enumerate(old.values())}):
        found = match(state, SHAPES)
        assert found.is_complete and found.num_fitting == 102
        assert {value.dtype for value in found.fitting.values()} == {torch.float32, torch.int64}
        assert found.fitting.keys() == SHAPES.keys()


def test_numbers_that_are_not_finite_are_said() -> None:
    broken = dict(RESNET)
    broken["layer1.0.conv1.weight"] = torch.full((64, 64, 3, 3), float("nan"))
    assert "Not all of its numbers are finite: layer1" in match(broken, SHAPES).sentences()[-1]


def test_a_file_of_another_network_is_refused_with_its_report(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 3).state_dict(), tmp_path / "net.pth")
    with pytest.raises(
        FileFormatError, match=r"has no weights for this network\. None of the network's 102 tensors"
    ):
        match_file(tmp_path / "net.pth", SHAPES)


def test_a_file_in_place_of_the_published_weights(tmp_path: Path) -> None:
    state = state_of("squeezenet1_1", num_classes=4)
    save_file(state, tmp_path / "mine.safetensors")
    opened = open_network("torchvision:squeezenet1_1", tmp_path / "mine.safetensors")
    assert opened.match is not None and opened.match.random == ("classifier.1.weight", "classifier.1.bias")
    assert opened.weights is not None and opened.weights.keys() == state.keys() - set(opened.match.random)
    assert opened.notes[0] == "50 of the network's 52 tensors fit (722,496 parameters)."


def test_old_names_of_densenet(tmp_path: Path) -> None:
    state = state_of("densenet121")
    old = {
        key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.") if "denselayer" in key else key: value
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    }
    torch.save(old, tmp_path / "old.pth")
    assert match_file(tmp_path / "old.pth", shapes_of(state)).is_complete
