"""The lines that a transfer's events are to people."""

import pytest

from cnn_studio.app.jobs import Progress
from cnn_studio.app.training import OutputFitted, StoreFailed
from cnn_studio.app.transfer_words import transfer_words
from cnn_studio.app.transferring import ClassifierFitted, SourceReady, StageStarted
from cnn_studio.engine.events import FrontComputed, SpeedTuned, Tuning


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            SourceReady("ResNet-18", (), "avgpool", 512),
            "ResNet-18: cut behind avgpool, a code of 512 numbers",
        ),
        (ClassifierFitted(0.1, {0.1: 0.9}, True, 1.25), "Linear classifier: C = 0.1, fitted in 1.2 s"),
        (StageStarted(1, 3, ("fc",)), "Step 1 of 3: fc learns"),
        (StageStarted(2, 3, ("a", "b", "c", "d", "e")), "Step 2 of 3: a, b, c and 2 more learn too"),
        (StageStarted(2, 3, ("b.0.a", "b.0.c", "d"), ("b.0", "d")), "Step 2 of 3: b.0, d learn too"),
        (FrontComputed(10, 1_200, 7, 0), ""),
        (
            FrontComputed(1_200, 1_200, 7, 0),
            "The 7 frozen layers in front were computed once for all 1,200 images",
        ),
        (
            SpeedTuned(
                Tuning(precision="bfloat16", images_per_second=300.0, baseline=200.0), remembered=True
            ),
            "Fastest here: bfloat16: 1.5 × float32, as measured before",
        ),
        (
            SpeedTuned(Tuning(images_per_second=101.0, baseline=100.0)),
            "Fastest here: float32; no other way was faster",
        ),
        (OutputFitted("fc", 1_000, 2), "fc now has 2 units instead of 1000, one per class."),
        (StoreFailed("This run will not be kept: no room."), "This run will not be kept: no room."),
        (Progress("Reading", 1, 2), ""),
    ],
)
def test_an_event_is_a_line_or_no_news(event: object, words: str):
    assert transfer_words(event) == words


def test_a_solver_that_gave_up_is_told_of():
    assert "stopped before its tolerance" in transfer_words(ClassifierFitted(1.0, {}, False, 3.0))
