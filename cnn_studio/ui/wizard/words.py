"""The wizard's answers in words, for the review before a run."""

from __future__ import annotations

from cnn_studio.core.errors import StudioError
from cnn_studio.datasets.sources import describe
from cnn_studio.engine.estimate import seconds_per_epoch
from cnn_studio.graph.cutting import describe_cut
from cnn_studio.graph.freeze_tree import freeze_tree, training_passes
from cnn_studio.transfer.recipe import STRATEGIES
from cnn_studio.ui.panels.run_progress import duration_text
from cnn_studio.ui.widgets.fields import option_text
from cnn_studio.ui.wizard.state import WizardState, frozen_paths

_MOST_PATHS = 4
_CODE_BATCH = 64


def recipe_words(state: WizardState, macs_per_second: float | None = None) -> list[tuple[str, str]]:
    """Return question and answer of each step.

    Args:
        state: the answers.
        macs_per_second: what this machine's processor does; None where it is not known or does not count.
    """
    recipe = state.recipe
    found = [
        ("Images", _images(state)),
        ("Network", _network(state)),
        ("Cut", _cut(state)),
        ("Head", _head(state)),
    ]
    if state.compares:
        found.append(("How", "Compare: SVM, softmax, two ways of fine-tuning, and training from scratch"))
    else:
        found.append(("How", STRATEGIES[recipe.strategy]))
        if recipe.strategy == "finetune":
            found.append(("Frozen", _frozen(state)))
        elif recipe.strategy == "gradual":
            found.append(("Steps", f"{recipe.stages}, from the head backwards"))
    if state.compares or recipe.strategy not in ("svm", "softmax"):
        found.append(("Training", _training(state)))
    if recipe.balanced:
        found.append(("Classes", "rare ones count as much as common ones"))
    seconds = estimate(state, macs_per_second)
    if seconds is not None:
        found.append(
            ("Time", f"about {duration_text(max(1.0, seconds))} on this machine, to a factor of two")
        )
    return found


def _images(state: WizardState) -> str:
    if state.report is None:
        return describe(state.recipe.data)
    count, classes = state.report.num_images, len(state.report.classes)
    return f"{describe(state.recipe.data)}: {count:,} images of {classes:,} classes"


def _network(state: WizardState) -> str:
    title = state.opened.title if state.opened is not None else state.recipe.source
    return f"{title}, weights from {state.recipe.weights}" if state.recipe.weights else title


def _cut(state: WizardState) -> str:
    try:
        cut = state.cut()
    except StudioError as error:
        return str(error)
    return describe_cut(cut, state.recipe.head.pooling) if cut is not None else "before the classifier"


def _head(state: WizardState) -> str:
    head, count = state.recipe.head, len(state.classes)
    is_fitted = state.recipe.strategy in ("svm", "softmax") and not state.compares
    dropout = f", dropout {head.dropout:g}" if head.dropout and not is_fitted else ""
    if head.hidden:
        return f"{head.hidden:,} hidden units{dropout}, then {count:,} outputs"
    return f"one linear layer with {count:,} outputs{dropout}"


def _frozen(state: WizardState) -> str:
    root = freeze_tree(state.session.report())
    paths = frozen_paths(root)
    learns = f"{root.trainable:,} of {root.params:,} parameters learn"
    if not paths:
        return f"nothing: {learns}"
    named = ", ".join(paths[:_MOST_PATHS])
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return f"{named}{more}; {learns}"


def _training(state: WizardState) -> str:
    settings = state.training
    return (
        f"{settings.epochs} epochs of {option_text(settings.optimizer)} at rate {settings.learning_rate:g}, batches of "
        f"{settings.batch_size}"
    )


def estimate(state: WizardState, macs_per_second: float | None) -> float | None:
    """Return about how many seconds a run takes; None where that cannot be told."""
    if macs_per_second is None or state.report is None or not state.has_network or state.compares:
        return None
    numbers = state.session.analysis()
    if not numbers.report.ok:
        return None
    if state.recipe.strategy in ("svm", "softmax"):
        passes = training_passes(numbers.report) or 3.0
        once = seconds_per_epoch(numbers, state.report.num_images, _CODE_BATCH, macs_per_second)
        return None if once is None else once / passes
    if state.recipe.strategy != "finetune":
        return None  # what is frozen in the tree does not count
    each = epoch_seconds(state, macs_per_second)
    return None if each is None else each * state.training.epochs


def epoch_seconds(state: WizardState, macs_per_second: float | None) -> float | None:
    """Return about how many seconds an epoch of fine-tuning takes; None where that cannot be told."""
    if macs_per_second is None or state.report is None or not state.has_network:
        return None
    numbers = state.session.analysis()
    if not numbers.report.ok:
        return None
    train = sum(state.counts.values())
    return seconds_per_epoch(numbers, train, state.training.batch_size, macs_per_second)
