"""What a training step costs where layers are frozen, and what lies in front of all that trains."""

import pytest

from cnn_studio.graph.freeze_tree import front_share, training_passes
from cnn_studio.graph.freezing import all_but_head, apply_globs
from cnn_studio.graph.shapes import infer_shapes
from tests.helpers.freezing import done, features


def test_what_a_step_costs():
    document = features()
    report = infer_shapes(document)
    macs = {document.layer(i).path: report.macs(i) for i in report.order}
    forward = sum(macs.values())
    assert training_passes(report) == pytest.approx(
        (3 * forward - macs["features.0"] - _without_weights(macs)) / forward
    )
    done(document, all_but_head(report))
    assert training_passes(infer_shapes(document)) == pytest.approx(1 + macs["classifier.2"] / forward)
    done(document, apply_globs(document, unfreeze=["classifier.0"]))
    back = macs["classifier.0"] + macs["classifier.1"] + 2 * macs["classifier.2"]
    assert training_passes(infer_shapes(document)) == pytest.approx(1 + back / forward)
    done(document, apply_globs(document, freeze=["*"]))
    assert training_passes(infer_shapes(document)) == 1


def test_what_lies_before_all_that_trains():
    document = features()
    report = infer_shapes(document)
    macs = {document.layer(i).path: report.macs(i) for i in report.order}
    forward = sum(macs.values())
    assert front_share(report) == pytest.approx(macs["input"] / forward)
    done(document, all_but_head(report))
    assert front_share(infer_shapes(document)) == pytest.approx(1 - macs["classifier.2"] / forward)
    assert front_share(infer_shapes(document), 1e9) > 0.9  # the maps are in front
    done(document, apply_globs(document, freeze=["*"], unfreeze=["features.0"]))
    assert front_share(infer_shapes(document)) == pytest.approx(macs["input"] / forward)


def _without_weights(macs):
    return sum(macs[path] for path in ("features.2", "flatten", "classifier.1", "input"))
