"""Codes are what the network gives at the cut, and linear classifiers on them are scikit-learn's."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from cnn_studio.app.code_cache import clear_codes, codes_size, find_codes, keep_codes, shrink_codes
from cnn_studio.app.coding import CodesReady, codes_of
from cnn_studio.app.preferences import Preferences, save_preferences
from cnn_studio.app.project import Project
from cnn_studio.app.weights import WeightSet
from cnn_studio.compiler import lower
from cnn_studio.core.errors import DataError, NetworkError
from cnn_studio.datasets.batches import normalise
from cnn_studio.datasets.records import ImageData, ImagePart
from cnn_studio.graph.commands import SetInfo
from cnn_studio.graph.cutting import find_cut, list_cuts, shapes_of
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.transfer.code_set import Codes
from cnn_studio.transfer.linear import CHOICES, fit_linear
from cnn_studio.transfer.opening import open_network

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


def opened(name, size):
    """A network with drawn weights for small images, and its module of the library in plain PyTorch."""
    document = open_network(f"torchvision:{name}").document
    entry = next(layer for layer in document.layers.values() if layer.type == "input")
    document.change_layer(entry.id, params={"channels": 3, "height": size, "width": size})
    given = Preprocessing(measured=False, mean=MEAN, std=STD)
    SetInfo(preprocessing=given).apply(document)
    module = lower(document, seed=3)
    weights = WeightSet.from_state(document, {k: v.numpy() for k, v in module.state_dict().items()})
    return Project(document, weights=weights)


def images(count, size, seed=0):
    rng = np.random.default_rng(seed)
    return ImagePart(rng.integers(0, 256, (count, 3, size, size), np.uint8), np.arange(count) % 2)


def some_data(size, test=None):
    parts = images(5, size), images(3, size, 1)
    return ImageData("drawn", ("a", "b"), *parts, test, MEAN, STD)


@pytest.mark.parametrize(
    ("name", "size"), [("alexnet", 64), ("resnet18", 32), ("mobilenet_v3_small", 32), ("vgg11_bn", 32)]
)
def test_codes_are_those_of_a_hook_in_plain_pytorch(name, size, monkeypatch, tmp_path):
    from torchvision import models

    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path))
    project = opened(name, size)
    plain = models.get_model(name, weights=None)
    plain.load_state_dict(
        {key: torch.tensor(array) for key, array in project.weights.to_state(project.document).items()}
    )
    for part in plain.modules():
        if hasattr(part, "inplace"):
            part.inplace = False  # a hook would show what the next layer made of it, as ResNet's += does
    plain.eval()
    data, shapes = some_data(size), shapes_of(project.document)
    # what is called twice has two paths here and one there; functions have no hook
    called = {path for path, part in plain.named_modules() if not list(part.children())}
    cuts = [cut for cut in list_cuts(shapes) if cut.path in called]
    if name == "resnet18":
        cuts = [cut for cut in cuts if not cut.path.endswith("relu")]
    seen = {}
    hooks = [
        plain.get_submodule(cut.path).register_forward_hook(
            lambda _m, _i, out, path=cut.path: seen.update({path: out.clone()})
        )
        for cut in cuts
    ]
    with torch.no_grad():
        plain(normalise(torch.from_numpy(data.train.images), MEAN, STD))
    for hook in hooks:
        hook.remove()
    assert len(cuts) > 15
    for cut in cuts[:: max(1, len(cuts) // 12)]:
        for pooling in ("average", "none"):
            found = codes_of(project, data, cut, lambda _: None, pooling=pooling)
            wanted = seen[cut.path]
            wanted = wanted.mean((2, 3)) if pooling == "average" and wanted.ndim == 4 else wanted.flatten(1)
            torch.testing.assert_close(
                torch.from_numpy(found.train), wanted, rtol=1e-4, atol=1e-5, msg=cut.path
            )
            assert found.val.shape == (3, cut.code_size(pooling))


def test_codes_come_from_the_cache_until_something_changes(monkeypatch, tmp_path):
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path))
    project, data = opened("resnet18", 32), some_data(32, images(4, 32, 9))
    cut = find_cut(shapes_of(project.document))

    def ask(project=project, data=data, cut=cut, **more):
        events = []
        found = codes_of(project, data, cut, events.append, **more)
        (ready,) = [event for event in events if isinstance(event, CodesReady)]
        return found, ready.were_kept

    first, kept = ask()
    assert not kept
    again, kept = ask()
    assert kept
    for name in ("train", "val", "test"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    other = replace(data, train=ImagePart(data.train.images ^ 1, data.train.labels))
    assert not ask(data=other)[1]
    state = project.weights.to_state(project.document)
    state["conv1.weight"] = state["conv1.weight"] * 1.01
    changed = replace(project, weights=WeightSet.from_state(project.document, state))
    assert not ask(project=changed)[1]
    assert not ask(cut=find_cut(shapes_of(project.document), "layer2"))[1]
    assert not ask(speed="auto")[1]
    renamed = replace(project, document=project.document.copy())
    SetInfo(name="another name", labels=("x", "y")).apply(renamed.document)
    assert ask(project=renamed)[1]
    behind = project.weights.to_state(project.document) | {"fc.weight": np.zeros((1000, 512), np.float32)}
    assert ask(project=replace(project, weights=WeightSet.from_state(project.document, behind)))[1]


def test_damaged_and_too_many_codes_are_no_trouble(tmp_path):
    codes = Codes(np.ones((3, 2), np.float32), np.zeros((1, 2), np.float32), None, "float32")
    keep_codes("a", codes, tmp_path)
    assert find_codes("a", tmp_path).test is None
    (tmp_path / "a.codes.safetensors").write_bytes(b"nonsense")
    assert find_codes("a", tmp_path) is None
    assert find_codes("b", tmp_path) is None
    for name in "abcde":
        keep_codes(name, codes, tmp_path, limit=400)
    taken = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert 0 < taken == codes_size(tmp_path) <= 400
    assert find_codes("e", tmp_path) is not None
    assert shrink_codes(10**9, tmp_path) == 0
    assert clear_codes(tmp_path) == taken
    assert list(tmp_path.iterdir()) == []
    keep_codes("f", codes, tmp_path, limit=0)
    assert find_codes("f", tmp_path) is None


def test_the_preferences_say_how_much_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path))
    codes = Codes(np.ones((3, 2), np.float32), np.zeros((1, 2), np.float32), None, "float32")
    save_preferences(Preferences(code_cache_gb=0))
    keep_codes("a", codes)
    assert codes_size() == 0
    save_preferences(Preferences(code_cache_gb=1))
    keep_codes("a", codes)
    assert codes_size() > 0


def test_weights_that_are_missing_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path))
    project = replace(opened("resnet18", 32), weights=WeightSet())
    with pytest.raises(NetworkError, match="no trained weights for conv1, bn1"):
        codes_of(project, some_data(32), find_cut(shapes_of(project.document)), lambda _: None)


# ------------------------------------------------------------------------------------------------------- classifiers


def clouds(num_classes, count, size=12, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % num_classes
    centres = rng.normal(0, 1.2, (num_classes, size))
    codes = centres[labels] + rng.normal(0, 1, (count, size))
    codes[:, 0] = 3.0  # a dead map
    return (codes * rng.uniform(0.01, 100, size) + 5).astype(np.float32), labels


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("num_classes", [2, 3, 7])
@pytest.mark.parametrize("kind", ["svm", "softmax"])
def test_the_folded_classifier_decides_as_scikit_learn_does(kind, num_classes, balanced):
    codes, labels = clouds(num_classes, 90)
    other, _ = clouds(num_classes, 400, seed=1)
    fit = fit_linear(kind, codes, labels, num_classes, balanced=balanced)
    weight = "balanced" if balanced else None
    model = (
        LinearSVC(C=fit.c, class_weight=weight, random_state=0, dual="auto", max_iter=5000)
        if kind == "svm"
        else LogisticRegression(C=fit.c, class_weight=weight, max_iter=1000)
    )
    theirs = make_pipeline(StandardScaler(), model).fit(codes.astype(np.float64), labels)
    mine = fit.scores(other.astype(np.float64))
    assert mine.shape == (400, num_classes)
    wanted = theirs.decision_function(other)
    if num_classes == 2:
        np.testing.assert_allclose(mine[:, 1] * (1 if kind == "svm" else 2), wanted, rtol=2e-3, atol=2e-3)
        np.testing.assert_allclose(mine[:, 0], -mine[:, 1], rtol=1e-4, atol=1e-4)
    else:
        np.testing.assert_allclose(mine, wanted, rtol=2e-3, atol=2e-3)
    ordered = np.sort(mine, axis=1)
    is_clear = ordered[:, -1] - ordered[:, -2] > 1e-3
    assert is_clear.mean() > 0.9
    np.testing.assert_array_equal(mine.argmax(axis=1)[is_clear], theirs.predict(other)[is_clear])
    assert set(fit.accuracies) == set(CHOICES)
    assert fit.accuracies[fit.c] == max(fit.accuracies.values())


def test_softmax_gives_the_probabilities_of_logistic_regression():
    codes, labels = clouds(2, 60)
    fit = fit_linear("softmax", codes, labels, 2)
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=fit.c, max_iter=1000)).fit(
        codes.astype(np.float64), labels
    )
    found = torch.from_numpy(fit.scores(codes.astype(np.float64))).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, theirs.predict_proba(codes), atol=1e-4)


def test_few_images_of_a_class_and_none():
    codes, labels = clouds(2, 40)
    labels[:] = 0
    labels[0] = 1
    fit = fit_linear("svm", codes, labels, 4)
    assert fit.accuracies == {}  # one image cannot be in two parts
    assert set(fit.scores(codes).argmax(axis=1)) <= {0, 1}
    with pytest.raises(DataError, match="one class"):
        fit_linear("svm", codes, np.zeros(40, np.int64), 2)


def test_many_classes_and_rare_ones():
    codes, labels = clouds(40, 400)
    labels[labels == 7] = 8
    labels[0] = 7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fit_linear("svm", codes, labels, 40)
    assert fit.weight.shape == (40, 12)


def test_it_can_be_stopped_between_fits():
    codes, labels = clouds(3, 60)
    seen = []

    def check():
        if len(seen) >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_linear(
            "svm", codes, labels, 3, progress=lambda done, total: seen.append((done, total)), check=check
        )
    assert seen[-1] == (4, len(CHOICES) * 3 + 1)
