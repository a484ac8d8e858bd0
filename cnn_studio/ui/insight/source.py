"""Which network is looked into."""

from __future__ import annotations

from dataclasses import replace

from cnn_studio.app.project import Project
from cnn_studio.app.session import Session
from cnn_studio.app.trying import as_trained
from cnn_studio.app.weights import WeightSet
from cnn_studio.ui.training_controller import TrainingController


def network_to_look_into(session: Session, training: TrainingController) -> Project:
    """Return the network of the run that goes on, else the open one; one that was never trained as a run would begin with it."""
    project = training.to_look_into()
    if project is not None:
        return project
    return _as_trained(session.snapshot(), training)


def network_at_the_start(session: Session, training: TrainingController) -> Project | None:
    """Return the open network as its training began: with first weights; None where it began with trained ones."""
    if session.settings.start != "new":
        return None
    return _as_trained(replace(session.snapshot(), weights=WeightSet()), training)


def _as_trained(project: Project, training: TrainingController) -> Project:
    return as_trained(project, training.data) if training.data is not None else project
