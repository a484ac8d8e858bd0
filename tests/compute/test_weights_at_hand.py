"""Weights that are on this machine already: found, checked, fitted, or a sentence why not."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import models

from cnn_studio.compiler import lower
from cnn_studio.core.errors import FileFormatError, GraphError
from cnn_studio.datasets.decode import decode_into
from cnn_studio.transfer import weights as at_hand
from cnn_studio.transfer.opening import find_network, list_networks, open_network
from cnn_studio.transfer.torchvision_networks import present_name
from tests.helpers.images import real_data


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty download folder of torch hub, and no Hugging Face cache."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    return folder


def save_hashed(state: object, folder: Path, stem: str) -> Path:
    """Write a state dict under a name that carries the beginning of its hash, as published files do."""
    draft = folder / "draft.pth"
    torch.save(state, draft)
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    return draft.rename(folder / f"{stem}-{digest[:8]}.pth")


def use_file(monkeypatch: pytest.MonkeyPatch, name: str, file: Path) -> None:
    """Let a network's card name a file of ours."""
    card = replace(find_network(name), file_name=file.name)
    monkeypatch.setattr("cnn_studio.transfer.opening.find_network", lambda _name: card)


def test_nothing_at_hand_is_said_in_one_sentence(checkpoints: Path) -> None:
    opened = open_network("torchvision:squeezenet1_1")
    assert opened.weights is None
    assert opened.notes == ("Its weights are not on this machine, so the network is untrained.",)
    assert opened.document.info.labels[0] == "tench" and len(opened.document.info.labels) == 1000
    assert not any(checkpoints.iterdir())


def test_a_downloaded_file_is_used(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    module = models.squeezenet1_1().eval()
    file = save_hashed(module.state_dict(), checkpoints, "squeezenet1_1")
    use_file(monkeypatch, "torchvision:squeezenet1_1", file)
    opened = open_network("torchvision:squeezenet1_1")
    assert opened.notes == (f"Its trained weights were read from {file.name}.",)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        found = lower(opened.document, weights=opened.weights).eval()(torch.nn.functional.interpolate(x, 224))
        torch.testing.assert_close(found, module(torch.nn.functional.interpolate(x, 224)))


@pytest.mark.parametrize("damage", ["cut", "foreign", "pickle", "not a dict"])
def test_what_is_no_weights_file_leaves_the_network_untrained(
    damage: str, checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = models.squeezenet1_1().state_dict()
    if damage == "cut":
        file = save_hashed(state, checkpoints, "net")
        file.write_bytes(file.read_bytes()[:-1000])
    else:
        others = {"foreign": {"a": torch.ones(3)}, "pickle": {"a": os.getcwd}, "not a dict": [torch.ones(3)]}
        file = save_hashed(others[damage], checkpoints, "net")
    use_file(monkeypatch, "torchvision:squeezenet1_1", file)
    opened = open_network("torchvision:squeezenet1_1")
    says = {
        "cut": "is damaged or was downloaded only in part: its checksum is not the one in its name. Delete it.",
        "foreign": "do not fit this network",
        "pickle": "besides tensors it names program code (posix.getcwd), which is never executed",
        "not a dict": "holds no tensors by name",
    }[damage]
    assert opened.weights is None
    assert says in opened.notes[-1] and "untrained" in opened.notes[-1]


def test_a_weights_file_is_never_executed(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "executed"),)

    torch.save({"a": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(
        FileFormatError, match=r"evil\.pth was not read: .* names program code \(posix\.mkdir\)"
    ):
        at_hand.read_weights(tmp_path / "evil.pth")
    assert not (tmp_path / "executed").exists()


def test_densenet_files_have_older_names() -> None:
    assert present_name("features.denseblock1.denselayer2.norm.1.weight") == (
        "features.denseblock1.denselayer2.norm1.weight"
    )
    assert present_name("features.norm5.weight") == "features.norm5.weight"


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_are_left_out_and_named(name: str, checkpoints: Path) -> None:
    opened = open_network(f"torchvision:{name}")
    assert opened.left_out == {"googlenet": ("aux1", "aux2"), "inception_v3": ("AuxLogits",)}[name]
    assert all(
        any(note.startswith(f"{part} is an auxiliary head") for note in opened.notes)
        for part in opened.left_out
    )
    count = sum(p.numel() for p in lower(opened.document, device="meta").parameters())
    assert count == {"googlenet": 6_624_904, "inception_v3": 23_834_568}[name]
    assert opened.document.info.preprocessing.mean == (0.5, 0.5, 0.5)
    assert any("transform_input" in note for note in opened.notes)


def test_two_normalisations_are_one() -> None:
    """torchvision's own second normalisation behind its first, against the one that the card says."""
    pixels = torch.rand(2, 3, 4, 4)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    once = (pixels - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    module = models.GoogLeNet(init_weights=False, aux_logits=False, transform_input=True)
    torch.testing.assert_close(module._transform_input(once), (pixels - 0.5) / 0.5)


def test_cards_say_what_torchvision_says() -> None:
    for card in list_networks("torchvision"):
        weights = models.get_model_weights(card.name).DEFAULT
        steps, given = weights.transforms(), card.preprocessing
        (size,), (resize,) = steps.crop_size, steps.resize_size
        assert card.input_size == (3, size, size)
        assert int(size / given.crop_fraction + 1e-6) == resize
        assert given.interpolation == steps.interpolation.value and not given.measured
        assert card.accuracy is not None and 40 < card.accuracy < 90
        assert card.params and card.macs and card.num_classes == 1000


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("resnet18", "Say where 'resnet18' comes from, such as torchvision:resnet18."),
        ("torchvision:resnet19", "Near it there are resnet18"),
        ("torchvision:vit_b_16", "has no convolutional network"),
        ("keras:resnet50", "there are torchvision and timm"),
        ("", "Say where"),
    ],
)
def test_names_that_are_not_there(name: str, says: str) -> None:
    with pytest.raises(GraphError, match=says):
        find_network(name)


def test_lite0_recognises_photographs() -> None:
    """The weights of the installed package, on one photograph of each of 100 ImageNet classes."""
    folder = real_data("imagenet-samples")
    opened = open_network("timm:tf_efficientnet_lite0")
    assert opened.weights is not None and len(opened.weights) == 296
    info = opened.document.info
    module = lower(opened.document, weights=opened.weights).eval()
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (info.preprocessing.mean, info.preprocessing.std))
    files = sorted(folder.rglob("*.JPEG"))
    right = 0
    for file in files[::3]:
        pixels = np.zeros((3, 224, 224), np.uint8)
        decode_into(pixels, file, info.preprocessing)
        with torch.no_grad():
            best = int(module(((torch.from_numpy(pixels) / 255 - mean) / std)[None]).argmax())
        wanted = file.stem.partition("_")[2].replace("_", " ").lower()
        right += wanted in info.labels[best].lower().split(", ")
    assert right >= 0.8 * len(files[::3])
