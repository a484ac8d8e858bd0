"""A recipe is carried out as it says, and what cannot be carried out is said in a sentence."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnn_studio.app.comparing import WayFinished, WayStarted, compare, ways_of
from cnn_studio.app.predicting import predict_files
from cnn_studio.app.project import Project, load_project, save_project
from cnn_studio.app.transferring import ClassifierFitted, StageStarted, prepare, run_transfer
from cnn_studio.app.weights import WeightSet
from cnn_studio.compiler import lower
from cnn_studio.core.errors import DataError, FileFormatError, GraphError, NetworkError, RunError, StudioError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import EpochDone, RunStarted
from cnn_studio.graph.cutting import Head
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.graph.starters.chain import ChainBuilder
from cnn_studio.transfer.recipe import FINE_TUNING, TransferRecipe, load_recipe, save_recipe
from cnn_studio.transfer.verdict import Compared, judge

QUICK = FINE_TUNING.model_copy(update={"epochs": 3, "batch_size": 8})


def source_network(channels=3, size=16):
    net = ChainBuilder("source")
    net.add("input", "input", channels=channels, height=size, width=size)
    net.add("a.conv", "conv2d", out_channels=8, kernel_size=(3, 3), padding=(1, 1, 1, 1)).add(
        "a.bn", "batch_norm"
    )
    net.add("a.relu", "relu").add("b.conv", "conv2d", out_channels=12, kernel_size=(3, 3), stride=(2, 2))
    net.add("b.bn", "batch_norm").add("b.relu", "relu").add("pool", "global_avg_pool").add(
        "flatten", "flatten"
    )
    document = net.add("fc", "linear", out_features=10).finish()
    given = Preprocessing(measured=False, mean=(0.5,) * channels, std=(0.25,) * channels)
    document.change_info(labels=tuple("abcdefghij"), preprocessing=given)
    weights = {key: value.numpy() for key, value in lower(document, seed=1).state_dict().items()}
    return Project(document, weights=WeightSet.from_state(document, weights))


def write_images(folder, classes=2, count=10, size=(20, 20), mode="RGB"):
    """Stripes, one direction a class, over some noise."""
    rng = np.random.default_rng(0)
    for label in range(classes):
        place = folder / f"class {label}"
        place.mkdir(parents=True)
        for number in range(count):
            down, across = np.mgrid[0 : size[1], 0 : size[0]]
            wave = np.sin((down * np.cos(label) + across * np.sin(label)) * 1.3) * 90 + 128
            pixels = np.clip(wave[..., None] + rng.normal(0, 12, (*wave.shape, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).convert(mode).save(place / f"{number}.png")
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
    save_project(tmp_path / "source.cnnstudio", source_network())
    return tmp_path


def recipe_for(home, folder, **more):
    source = DataSource(kind="folder", folder=str(folder))
    return TransferRecipe(source=str(home / "source.cnnstudio"), data=source, settings=QUICK, **more)


def carried_out(recipe, **more):
    events = []
    return run_transfer(recipe, events.append, RunControl(), **more), events


@pytest.mark.parametrize("strategy", ["svm", "softmax"])
@pytest.mark.parametrize("cut", ["", "a", "b.conv"])
def test_a_linear_classifier_is_a_network_like_any_other(home, strategy, cut):
    folder = write_images(home / "images", classes=3, count=12)
    outcome, events = carried_out(recipe_for(home, folder, strategy=strategy, cut=cut))
    assert outcome.finished.status == "done"
    assert any(isinstance(event, ClassifierFitted) for event in events)
    save_project(home / "result.cnnstudio", outcome.project)
    project = load_project(home / "result.cnnstudio")
    assert project.document.info.scores == ("margins" if strategy == "svm" else "logits")
    assert project.document.info.labels == ("class 0", "class 1", "class 2")
    assert {layer.path for layer in project.document.layers.values() if not layer.trainable} >= {
        "input",
        "a.conv",
    }
    prepared = prepare(recipe_for(home, folder, cut=cut), lambda _: None, RunControl())
    right = 0
    files = [home / f"{n}.png" for n in range(len(prepared.data.val))]
    for file, image in zip(files, prepared.data.val.images, strict=True):
        Image.fromarray(image.transpose(1, 2, 0)).save(file)
    for tried, label in zip(predict_files(project, files, 3), prepared.data.val.labels, strict=True):
        right += tried.guesses[0].index == label
        total = sum(guess.score for guess in tried.guesses)
        assert (abs(total - 1) < 1e-4) == (strategy == "softmax")
    assert right / len(files) == outcome.finished.val_accuracy
    assert outcome.proof.holds
    assert outcome.frozen + outcome.trainable > 0
    assert {moved.change for moved in outcome.moved} == {0.0}


def test_fine_tuning_trains_the_last_stage_and_the_head(home):
    folder = write_images(home / "images")
    outcome, events = carried_out(recipe_for(home, folder, strategy="finetune"))
    assert outcome.finished.status == "done"
    changed = {moved.path for moved in outcome.moved if moved.change > 0}
    assert changed == {"b.conv", "b.bn"}
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert (started.trainable_params, started.total_params - started.trainable_params) == (
        outcome.trainable,
        outcome.frozen,
    )
    assert outcome.proof.num_layers == 2
    document = outcome.project.document
    assert all(document.layer_at(path).keep_statistics for path in ("a.bn", "b.bn"))
    assert document.layer_at("fc").id not in source_network().document.layers


def test_patterns_say_what_learns(home):
    folder = write_images(home / "images")
    outcome, _ = carried_out(
        recipe_for(home, folder, strategy="finetune", freeze=("*",), unfreeze=("a.conv", "fc"))
    )
    assert {moved.path for moved in outcome.moved if moved.change > 0} == {"a.conv"}
    assert outcome.proof.holds
    everything, _ = carried_out(recipe_for(home, folder, strategy="finetune", unfreeze=("*",)))
    assert everything.frozen == 0
    assert everything.proof is None


def test_adapting_statistics_moves_them(home):
    folder = write_images(home / "images")
    recipe = recipe_for(home, folder, strategy="finetune", unfreeze=("*",))
    before = source_network().weights.to_state(source_network().document)
    for adapts in (False, True):
        outcome, _ = carried_out(recipe.model_copy(update={"adapts_statistics": adapts}))
        after = outcome.project.weights.to_state(outcome.project.document)
        assert (not np.array_equal(before["a.bn.running_mean"], after["a.bn.running_mean"])) == adapts


def test_thawing_goes_on_from_step_to_step(home):
    folder = write_images(home / "images")
    recipe = recipe_for(home, folder, strategy="gradual", stages=3)
    outcome, events = carried_out(
        recipe.model_copy(update={"settings": QUICK.model_copy(update={"epochs": 7})})
    )
    steps = [event.paths for event in events if isinstance(event, StageStarted)]
    assert [len(steps), steps[0]] == [3, ("fc",)]
    assert {"b.conv", "b.bn"} <= set(steps[1])
    assert {"a.conv", "a.bn"} <= set(steps[2])
    epochs = [event.num_epochs for event in events if isinstance(event, RunStarted)]
    assert epochs == [2, 2, 3]
    best = max(event.val_accuracy for event in events if isinstance(event, EpochDone))
    assert outcome.finished.val_accuracy == best


def test_stopping_a_later_step_keeps_what_an_earlier_one_reached(home):
    folder = write_images(home / "images")
    control, events = RunControl(), []

    def report(event):
        events.append(event)
        if isinstance(event, StageStarted) and event.number == 2:
            control.stop()

    outcome = run_transfer(recipe_for(home, folder, strategy="gradual", stages=3), report, control)
    first = max(event.val_accuracy for event in events if isinstance(event, EpochDone))
    assert outcome.finished.status == "stopped"
    assert outcome.finished.val_accuracy == first
    assert outcome.project is not None


def test_from_scratch_takes_nothing_over(home):
    folder = write_images(home / "images")
    outcome, _ = carried_out(recipe_for(home, folder, strategy="scratch"))
    assert outcome.finished.status == "done"
    assert outcome.moved == ()
    assert outcome.frozen == 0


def test_a_hidden_head_learns_with_dropout(home):
    folder = write_images(home / "images")
    outcome, _ = carried_out(recipe_for(home, folder, strategy="finetune", head=Head(hidden=6, dropout=0.3)))
    paths = outcome.project.document.paths
    assert {"head.hidden", "head.dropout", "head.fc"} <= set(paths)
    with pytest.raises(RunError, match="no hidden layer"):
        carried_out(recipe_for(home, folder, strategy="svm", head=Head(hidden=6)))


def test_ways_are_compared_and_the_best_one_is_kept(home):
    folder = write_images(home / "images", count=14)
    recipe = recipe_for(home, folder)
    events = []
    found = compare(recipe, events.append, RunControl())
    assert [way.compared.name for way in found.ways] == [name for name, _ in ways_of(recipe)]
    assert len([event for event in events if isinstance(event, WayStarted)]) == 5
    best = max(way.compared.accuracy for way in found.ways)
    assert found.best.finished.val_accuracy == best
    assert not found.is_cut_short
    assert found.verdict[0].split(" is best")[0] in {way.compared.name for way in found.ways}
    control = RunControl()

    def stop_after_one(event):
        if isinstance(event, WayFinished):
            control.stop()

    cut = compare(recipe, stop_after_one, control)
    assert cut.is_cut_short
    assert len(cut.ways) == 1


def test_a_way_that_fails_does_not_hold_up_the_others(home):
    folder = write_images(home / "images")
    recipe = recipe_for(home, folder, freeze=("*",))
    ways = (
        ("bad", recipe.model_copy(update={"strategy": "finetune"})),
        ("good", recipe.model_copy(update={"strategy": "svm"})),
    )
    found = compare(recipe, lambda _: None, RunControl(), ways=ways)
    assert "nothing to train" in found.ways[0].compared.message.lower()
    assert found.best.strategy == "svm"


def test_ways_with_as_many_right_are_called_equal():
    ways = [
        Compared(name, True, right, 100, 2.0) for name, right in (("svm", 95), ("softmax", 95), ("tuned", 93))
    ]
    said = judge([replace(ways[0], seconds=1.0), *ways[1:]])
    assert said[0].startswith("svm is best: 95 of 100")
    assert said[1] == "softmax got as many right."
    assert said[2].startswith("With 100 validation images tuned is not certainly worse")
    assert len(judge(ways[:2])) == 2


def test_the_verdict_warns_of_negative_transfer():
    ways = [
        Compared("SVM", True, 40, 100, 1.0),
        Compared("Fine-tuning", True, 50, 100, 60.0),
        Compared("Scratch", False, 90, 100, 60.0),
    ]
    said = judge(ways)
    assert said[0] == "Scratch is best: 90 of 100 images right, 90.0 %."
    assert any("Negative transfer" in sentence and "not certainly" not in sentence for sentence in said)
    near = judge([replace(ways[0], right=93), replace(ways[1], right=95), replace(ways[2], right=30)])
    assert any("SVM took 1.0 s" in sentence for sentence in near)
    assert near[-1] == "Transfer helps: 65.0 points above training from scratch under the same budget."
    assert judge([replace(ways[0], right=None, message="no")]) == ("None of the ways came to a result.",)


def test_a_recipe_can_be_saved_and_loaded(home):
    recipe = recipe_for(home, home, strategy="gradual", freeze=("a.*",), head=Head(hidden=3), balanced=True)
    save_recipe(recipe, home / "recipe.json")
    assert load_recipe(home / "recipe.json") == recipe
    (home / "bad.json").write_text('{"strategy": "magic"}')
    with pytest.raises(FileFormatError, match="strategy"):
        load_recipe(home / "bad.json")
    (home / "bad.json").write_text("[")
    with pytest.raises(FileFormatError, match="no recipe"):
        load_recipe(home / "bad.json")


# ------------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("answers", "kind", "says"),
    [
        ({"cut": "z.9"}, GraphError, "no layer 'z.9'"),
        ({"cut": "fc"}, GraphError, "classifier"),
        ({"strategy": "finetune", "freeze": ("z*",)}, GraphError, "names no layer or block"),
        ({"source": "nothing_like_this"}, GraphError, "no source"),
        ({"source": "torchvision:resnet18"}, NetworkError, "not on this machine"),
    ],
)
def test_answers_that_make_no_sense(home, answers, kind, says):
    folder = write_images(home / "images")
    with pytest.raises(kind, match=says):
        carried_out(recipe_for(home, folder).model_copy(update=answers))


def test_everything_frozen_leaves_nothing_to_train(home):
    folder = write_images(home / "images")
    outcome, _ = carried_out(recipe_for(home, folder, strategy="finetune", freeze=("*",)))
    assert outcome.finished.status == "failed"
    assert "nothing to train" in outcome.finished.message


def test_one_class_and_one_image_per_class(home):
    with pytest.raises(DataError, match="one folder only"):
        carried_out(recipe_for(home, write_images(home / "one", classes=1), strategy="svm"))
    with pytest.raises(DataError, match="one image"):
        carried_out(recipe_for(home, write_images(home / "single", count=1), strategy="svm"))
    outcome, _ = carried_out(recipe_for(home, write_images(home / "two", count=2), strategy="svm"))
    assert outcome.finished.status == "done"


def test_two_thousand_classes(home):
    folder = write_images(home / "many", classes=2000, count=2, size=(4, 4))
    outcome, _ = carried_out(recipe_for(home, folder, strategy="svm"))
    assert outcome.project.document.layer_at("fc").params["out_features"] == 2000
    assert outcome.finished.status == "done"


@pytest.mark.parametrize(
    ("mode", "size"), [("L", (20, 20)), ("RGBA", (20, 20)), ("P", (3, 2)), ("RGB", (1, 1))]
)
def test_grey_and_tiny_images_enter_a_colour_network(home, mode, size):
    outcome, _ = carried_out(
        recipe_for(home, write_images(home / "odd", size=size, mode=mode), strategy="softmax")
    )
    assert outcome.finished.status == "done"


def test_a_grey_network_takes_colour_images(home):
    save_project(home / "source.cnnstudio", source_network(channels=1))
    outcome, _ = carried_out(recipe_for(home, write_images(home / "images"), strategy="svm"))
    assert outcome.finished.status == "done"


def test_a_source_without_weights_can_only_be_trained_from_scratch(home):
    save_project(home / "source.cnnstudio", replace(source_network(), weights=WeightSet()))
    with pytest.raises(StudioError, match="no trained weights"):
        carried_out(recipe_for(home, write_images(home / "images"), strategy="svm"))


def test_a_stop_leaves_no_result(home):
    folder = write_images(home / "images")
    control = RunControl()
    control.stop()
    outcome = run_transfer(recipe_for(home, folder, strategy="svm"), lambda _: None, control)
    assert (outcome.finished.status, outcome.project) == ("stopped", None)
