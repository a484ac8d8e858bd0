"""A run that goes on from a checkpoint is, bit for bit, the run that was never cut off."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from cnn_studio.app.checkpoint_file import load_checkpoint, save_checkpoint
from cnn_studio.core.errors import FileFormatError
from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import BatchDone, CheckpointReady, EpochDone, RunFinished, Tuning
from cnn_studio.engine.loop import train
from cnn_studio.engine.settings import TrainSettings
from tests.helpers.tiny_training import SeededDropout, bits, epochs, finished, losses, tiny_data, tiny_network

EVERYTHING = TrainSettings(
    optimizer="adam",
    learning_rate=0.003,
    batch_size=16,
    epochs=5,
    schedule="plateau",
    plateau_patience=1,
    rate_factor=0.5,
    warmup_epochs=0.5,
    label_smoothing=0.1,
    class_weights="balanced",
    clip_norm=1.0,
    ema_decay=0.9,
    seed=7,
    augmentation=Augmentation(horizontal_flip=True, crop_padding=1, brightness=0.2),
)
SETTINGS = {
    "everything": EVERYTHING,
    "sgd": TrainSettings(batch_size=16, epochs=4, schedule="cosine"),
    "2012": TrainSettings(optimizer="sgd-2012", batch_size=16, epochs=4, schedule="one-cycle"),
    "rmsprop": TrainSettings(optimizer="rmsprop", learning_rate=0.001, batch_size=16, epochs=4),
    "fast": TrainSettings(batch_size=16, epochs=4, channels_last=True, precision="bfloat16"),
    "early": TrainSettings(batch_size=48, epochs=40, learning_rate=0.4, early_stop=2),
}


def network():
    body = tiny_network()
    return nn.Sequential(*body[:4], SeededDropout(), body[4])


def run_and_save(settings: TrainSettings, folder: Path, monkeypatch, data=None):
    """Run to the end with a checkpoint at every step; return the network, the events and the files by step."""
    monkeypatch.setattr("cnn_studio.engine.run._CHECKPOINT_SHARE", 0)
    often = settings.model_copy(update={"checkpoint_minutes": 1e-9})
    module, events, files = network(), [], []
    for event in train(module, data or tiny_data(), often, RunControl()):
        events.append(event)
        if isinstance(event, CheckpointReady):
            files.append(folder / f"{len(files)}.safetensors")
            save_checkpoint(files[-1], event.checkpoint)
    return module, events, files


@pytest.mark.parametrize("name", SETTINGS)
def test_it_goes_on_from_every_place(name, tmp_path, monkeypatch):
    settings = SETTINGS[name]
    module, events, files = run_and_save(settings, tmp_path, monkeypatch)
    whole = finished(events)
    assert whole.status == "done"
    assert len(files) > len(losses(events)), "one at each step and one after each epoch"
    for file in files[:: max(1, len(files) // 7)]:
        checkpoint = load_checkpoint(file)
        at = checkpoint.position
        again = network()
        rest = list(train(again, tiny_data(), settings, RunControl(), resume=checkpoint))
        end = finished(rest)
        assert end.status == "done", end.details
        assert losses(rest) == losses(events)[at.step :]
        assert bits(again) == bits(module), at
        assert (end.epoch, end.val_accuracy, end.test_accuracy) == (
            whole.epoch,
            whole.val_accuracy,
            whole.test_accuracy,
        )
        first = at.epoch if at.epoch_is_done else at.epoch - 1
        assert [(e.epoch, e.step, e.train_loss, e.val_loss, e.is_best) for e in epochs(rest)] == [
            (e.epoch, e.step, e.train_loss, e.val_loss, e.is_best) for e in epochs(events)[first:]
        ]
    if name == "early":
        assert len(epochs(events)) < settings.epochs


def test_a_changed_rate_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("cnn_studio.engine.run._CHECKPOINT_SHARE", 0)
    settings = TrainSettings(batch_size=16, epochs=3, schedule="cosine")
    control, module, found = RunControl(), network(), []
    rates = []
    for event in train(module, tiny_data(), settings, control):
        if isinstance(event, BatchDone):
            rates.append(event.learning_rate)
            if event.step == 4:
                control.set_learning_rate(0.5)
        if isinstance(event, CheckpointReady):
            save_checkpoint(tmp_path / "c.safetensors", event.checkpoint)
            found.append(load_checkpoint(tmp_path / "c.safetensors"))
    again = network()
    rest = list(train(again, tiny_data(), settings, RunControl(), resume=found[0]))
    assert [e.learning_rate for e in rest if isinstance(e, BatchDone)] == rates[found[0].position.step :]
    assert bits(again) == bits(module)


def test_an_interrupted_run_leaves_a_checkpoint_at_once(tmp_path):
    settings = TrainSettings(batch_size=16, epochs=4, optimizer="adam", learning_rate=0.01)
    whole = network()
    expected = losses(train(whole, tiny_data(), settings, RunControl()))
    control, cut, events = RunControl(), network(), []
    for event in train(cut, tiny_data(), settings, control):
        events.append(event)
        if isinstance(event, BatchDone) and event.step == 9:
            control.stop("interrupt")
        if isinstance(event, CheckpointReady):
            save_checkpoint(tmp_path / "c.safetensors", event.checkpoint)
    assert finished(events).status == "interrupted"
    checkpoint = load_checkpoint(tmp_path / "c.safetensors")
    assert (checkpoint.position.epoch, checkpoint.position.step, checkpoint.position.batch) == (2, 9, 3)
    again = network()
    rest = losses(train(again, tiny_data(), settings, RunControl(), resume=checkpoint))
    assert losses(events) + rest == expected
    assert bits(again) == bits(whole)


def test_the_tuning_of_the_run_is_used_again(tmp_path, monkeypatch):
    settings = TrainSettings(batch_size=16, epochs=2)
    tuning = Tuning(channels_last=True, precision="bfloat16", threads=1, fused=True)
    monkeypatch.setattr("cnn_studio.engine.run._CHECKPOINT_SHARE", 0)
    whole, files = network(), []
    for event in train(whole, tiny_data(), settings, RunControl(), tuning=tuning):
        if isinstance(event, CheckpointReady):
            files.append(tmp_path / f"{len(files)}")
            save_checkpoint(files[-1], event.checkpoint)
    again = network()
    checkpoint = load_checkpoint(files[0])
    assert checkpoint.tuning == tuning
    rest = list(train(again, tiny_data(), settings, RunControl(), resume=checkpoint))
    assert rest[0].precision == "bfloat16, channels-last, fused optimizer"
    assert bits(again) == bits(whole)


def test_shared_weights_and_frozen_layers_come_back(tmp_path, monkeypatch):
    from cnn_studio.engine.plan import LayerPlan

    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            with torch.random.fork_rng():
                torch.manual_seed(1)
                self.first = nn.Conv2d(1, 1, 3, padding=1)
                self.second = self.first
                self.norm = nn.BatchNorm2d(1)
                self.head = nn.Linear(64, 3)

        def forward(self, x):
            return self.head(self.norm(self.second(self.first(x))).flatten(1))

    monkeypatch.setattr("cnn_studio.engine.run._CHECKPOINT_SHARE", 0)
    settings, plans = TrainSettings(batch_size=16, epochs=3), [LayerPlan("norm", trainable=False)]
    whole = Shared()
    found = []
    for event in train(whole, tiny_data(), settings, RunControl(), plans=plans):
        if isinstance(event, CheckpointReady):
            save_checkpoint(tmp_path / "c", event.checkpoint)
            found.append(load_checkpoint(tmp_path / "c"))
    for checkpoint in found[:-1]:
        again = Shared()
        list(train(again, tiny_data(), settings, RunControl(), plans=plans, resume=checkpoint))
        assert bits(again) == bits(whole)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda file: file.unlink(), "There is no checkpoint"),
        (lambda file: file.write_bytes(file.read_bytes()[:-20]), "is damaged"),
        (lambda file: file.write_bytes(b"x" * 500), "is damaged"),
        (lambda file: file.write_bytes(b""), "is damaged"),
    ],
)
def test_a_damaged_checkpoint_is_refused(damage, words, tmp_path, monkeypatch):
    *_, files = run_and_save(TrainSettings(batch_size=96, epochs=1), tmp_path, monkeypatch)
    damage(files[0])
    with pytest.raises(FileFormatError, match=words):
        load_checkpoint(files[0])


def test_a_checkpoint_of_another_network_fails_with_a_sentence(tmp_path, monkeypatch):
    *_, files = run_and_save(TrainSettings(batch_size=16, epochs=2), tmp_path, monkeypatch)
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    settings = TrainSettings(batch_size=16, epochs=2)
    events = list(train(other, tiny_data(), settings, RunControl(), resume=load_checkpoint(files[0])))
    assert isinstance(events[-1], RunFinished)
    assert events[-1].status == "failed"


def test_averaged_weights_are_those_of_the_formula():
    settings = TrainSettings(batch_size=16, epochs=2, ema_decay=0.8, learning_rate=0.02)
    data = tiny_data()
    plain = tiny_network()
    average, step = copy.deepcopy(plain), 0
    from torch.nn import functional

    from tests.helpers.tiny_training import batches_of

    optimizer = torch.optim.SGD(plain.parameters(), 0.02, 0.9, weight_decay=0.0005)
    for epoch in (1, 2):
        for images, labels in batches_of(data, settings, epoch):
            step += 1
            optimizer.zero_grad()
            functional.cross_entropy(plain(images), labels).backward()
            optimizer.step()
            decay = min(0.8, (1 + step) / (10 + step))
            with torch.no_grad():
                for kept, now in zip(average.parameters(), plain.parameters(), strict=True):
                    kept.mul_(decay).add_(now, alpha=1 - decay)
    module, seen = tiny_network(), []
    for event in train(module, data, settings, RunControl()):
        if isinstance(event, EpochDone):
            seen.append(bits(module))
        last = event
    assert seen[1]["4.weight"] == plain[4].weight.detach().numpy().tobytes(), (
        "training goes on with the plain ones"
    )
    if last.epoch == 2:
        assert torch.allclose(last.weights["4.weight"], average[4].weight, rtol=1e-5, atol=1e-7)
    assert not torch.allclose(last.weights["4.weight"], plain[4].weight, rtol=1e-5, atol=1e-7)
