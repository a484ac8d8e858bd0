"""What gives the same in every step is computed once, and training behind it is what it would be without that."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnn_studio.app.training import layer_plans
from cnn_studio.compiler import lower
from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import BatchDone, EpochDone, FrontComputed, RunFinished
from cnn_studio.engine.front import split_front
from cnn_studio.engine.loop import train
from cnn_studio.engine.plan import LayerPlan, apply_plan
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.starters.chain import ChainBuilder
from tests.helpers.tiny_training import NUM_CLASSES, tiny_data

SETTINGS = TrainSettings(batch_size=20, epochs=3, weight_decay=0.01, optimizer="sgd")


def residual(dropout=False):
    """Two residual blocks, whose shortcuts lead over a border between them."""
    net = ChainBuilder("residual")
    net.add("input", "input", channels=1, height=8, width=8)
    net.add("stem", "conv2d", out_channels=6, kernel_size=(3, 3), padding=(1, 1, 1, 1)).add(
        "bn0", "batch_norm"
    )
    if dropout:
        net.add("drop", "dropout", p=0.5)
    before = net.last
    for block in "ab":
        net.add(f"{block}.conv1", "conv2d", out_channels=6, kernel_size=(3, 3), padding=(1, 1, 1, 1))
        net.add(f"{block}.bn1", "batch_norm").add(f"{block}.relu", "relu")
        net.add(f"{block}.conv2", "conv2d", out_channels=6, kernel_size=(3, 3), padding=(1, 1, 1, 1))
        net.add(f"{block}.add", "add", after=(f"{block}.conv2", before))
        before = net.last
    net.add("pool", "global_avg_pool").add("flatten", "flatten").add("fc", "linear", out_features=NUM_CLASSES)
    return net.finish()


WEIGHTED = ("stem", "bn0", "a.conv1", "a.bn1", "a.conv2", "b.conv1", "b.bn1", "b.conv2")


class Whole(nn.Module):
    """A network that cannot be divided, since it is no graph."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, images):
        return self.net(images)


def events_of(module, plans, own=SETTINGS):
    return list(train(module, tiny_data(), own, RunControl(), plans=plans))


def both(document, own=SETTINGS):
    """The events of a run as it is, and of one that computes everything in every step."""
    plans = layer_plans(document)
    wrapped = [LayerPlan(f"net.{p.path}", p.trainable, p.lr_factor, p.keeps_statistics) for p in plans]
    first, second = lower(document), Whole(lower(document))
    return events_of(first, plans, own), events_of(second, wrapped, own), first, second.net


def losses(events):
    assert isinstance(events[-1], RunFinished)
    assert events[-1].status == "done", events[-1].message
    return [e.loss for e in events if isinstance(e, BatchDone)], [
        (e.val_loss, e.val_accuracy) for e in events if isinstance(e, EpochDone)
    ]


@settings(max_examples=25, deadline=None)
@given(frozen=st.sets(st.sampled_from(WEIGHTED)), keeps=st.booleans())
def test_losses_are_those_of_computing_everything_again(frozen, keeps):
    document = residual()
    ids = tuple(document.paths[path] for path in frozen)
    SetTraining(ids=ids, trainable=False).apply(document)
    SetTraining(ids=(document.paths["bn0"],), keep_statistics=keeps).apply(document)
    mine, plain, one, other = both(document)
    for found, wanted in zip(losses(mine)[0], losses(plain)[0], strict=True):
        assert found == pytest.approx(wanted, abs=1e-5)
    for found, wanted in zip(losses(mine)[1], losses(plain)[1], strict=True):
        assert found == pytest.approx(wanted, abs=1e-5)
    for key, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[key], rtol=1e-4, atol=1e-5)
    is_divided = any(isinstance(event, FrontComputed) for event in mine)
    assert is_divided == ("stem" in frozen)  # a norm alone is not worth it, and nothing before it is frozen
    assert not any(isinstance(event, FrontComputed) for event in plain)


def divided(document):
    module = lower(document)
    return module, split_front(module, apply_plan(module, layer_plans(document)).held)


def test_several_results_cross_a_border_with_a_shortcut():
    document = residual()
    ids = tuple(document.paths[path] for path in ("stem", "bn0", "a.conv1"))
    SetTraining(ids=ids, trainable=False).apply(document)
    module, split = divided(document)
    images = torch.rand(3, 1, 8, 8)
    kept = split.front(images)
    assert split.layers == ("stem", "bn0", "a.conv1")
    assert len(kept) == 2  # the shortcut's and the convolution's
    module.eval(), split.back.eval()
    torch.testing.assert_close(split.back(*split.front.eval()(images)), module(images))


@pytest.mark.parametrize(
    ("change", "layers"),
    [
        ({}, ("stem", "bn0", "a.conv1", "a.bn1", "a.conv2")),
        ({"dropout": True}, ("stem", "bn0")),
    ],
)
def test_nothing_behind_an_active_dropout_is_kept(change, layers):
    document = residual(**change)
    ids = tuple(
        i for i, layer in document.layers.items() if layer.path.startswith(("stem", "bn0", "drop", "a."))
    )
    SetTraining(ids=ids, trainable=False).apply(document)
    assert divided(document)[1].layers == layers


def test_a_norm_that_adapts_its_statistics_ends_the_front():
    document = residual()
    SetTraining(ids=tuple(document.layers), trainable=False).apply(document)
    SetTraining(ids=(document.paths["a.bn1"], document.paths["fc"]), trainable=True).apply(document)
    assert divided(document)[1].layers == ("stem", "bn0", "a.conv1")


@pytest.mark.parametrize("own", [{"augmentation": Augmentation(horizontal_flip=True)}, {"epochs": 1}])
def test_varied_images_and_single_epochs_are_computed_each_time(own):
    document = residual()
    SetTraining(ids=(document.paths["stem"],), trainable=False).apply(document)
    events = events_of(lower(document), layer_plans(document), SETTINGS.model_copy(update=own))
    assert not any(isinstance(event, FrontComputed) for event in events)


def test_results_that_do_not_fit_into_memory_lie_on_disk(monkeypatch, tmp_path):
    monkeypatch.setattr("cnn_studio.engine.front.available_memory", lambda device: 4_000)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    document = residual()
    SetTraining(ids=(document.paths["stem"], document.paths["bn0"]), trainable=False).apply(document)
    seen = []
    events = []
    for event in train(lower(document), tiny_data(), SETTINGS, RunControl(), plans=layer_plans(document)):
        seen.append(len(list(tmp_path.rglob("*.bin"))))
        events.append(event)
    assert max(seen) == 2  # one result for either part
    assert not list(tmp_path.iterdir())
    plain = both(document)[1]
    assert losses(events)[0] == pytest.approx(losses(plain)[0], abs=1e-5)
    monkeypatch.setattr("cnn_studio.engine.front.DISK_LIMIT", 5_000)
    again = events_of(lower(document), layer_plans(document))
    assert not any(isinstance(event, FrontComputed) and event.done == event.total for event in again)
    assert losses(again)[0] == pytest.approx(losses(plain)[0], abs=1e-6)


def test_the_same_in_bfloat16_and_channels_last():
    document = residual()
    SetTraining(ids=tuple(document.paths[p] for p in WEIGHTED[:5]), trainable=False).apply(document)
    own = SETTINGS.model_copy(update={"precision": "bfloat16", "channels_last": True})
    mine, plain, *_ = both(document, own)
    assert losses(mine)[0] == pytest.approx(losses(plain)[0], abs=0.02)


def test_frozen_weights_stay_bit_for_bit():
    document = residual()
    SetTraining(ids=tuple(document.paths[p] for p in WEIGHTED[:5]), trainable=False).apply(document)
    module = lower(document)
    before = copy.deepcopy(module.state_dict())
    events_of(module, layer_plans(document))
    changed = {key for key, value in module.state_dict().items() if not torch.equal(value, before[key])}
    assert {key.rpartition(".")[0] for key in changed} == {"b.conv1", "b.bn1", "b.conv2", "fc"}
