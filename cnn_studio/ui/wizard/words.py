"""The wizard's answers in words, for the review before a run."""

from __future__ import annotations

from cnn_studio.core.errors import StudioError
from cnn_studio.datasets.sources import describe
from cnn_studio.engine.estimate import macs_per_value, seconds_per_epoch
from cnn_studio.graph.analysis import Analysis
from cnn_studio.graph.cutting import describe_cut
from cnn_studio.graph.freeze_tree import freeze_tree, front_share, training_passes
from cnn_studio.transfer.recipe import STRATEGIES
from cnn_studio.ui.panels.run_progress import duration_text
from cnn_studio.ui.widgets.fields import option_text
from cnn_studio.ui.wizard.state import WizardState, frozen_paths

_MOST_PATHS = 4
_CODE_BATCH = 64
_ALL_PASSES, _TAIL_PASSES = 3.0, 0.5
"""Forward passes that a step costs where everything learns, and where the end alone does and the rest is kept."""
_SECONDS_PER_CODE_NUMBER = 1.3e-6
"""What each number of each image's code takes for each class while an SVM is fitted."""
_SOFTMAX = 0.25
"""What a softmax classifier takes of that."""
_QUICK = 0.25
"""What a pass without learning takes of the usual time, with batch norms folded in and the fastest numbers."""


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
    numbers = _numbers(state)
    if macs_per_second is None or state.report is None or numbers is None:
        return None
    settings, passes = state.training, training_passes(numbers.report) or _ALL_PASSES
    images = seconds_per_epoch(numbers, state.report.num_images, _CODE_BATCH, macs_per_second)
    train = seconds_per_epoch(numbers, sum(state.counts.values()), settings.batch_size, macs_per_second)
    if images is None or train is None:
        return None
    quick = _QUICK if settings.speed == "auto" else 1.0
    once, step = quick * images / passes, train / passes
    if state.compares:
        return (
            once
            + _fit_seconds(state, 1 + _SOFTMAX)
            + settings.epochs * step * (_TAIL_PASSES + 2 * _ALL_PASSES)
        )
    match state.recipe.strategy:
        case "svm":
            return once + _fit_seconds(state)
        case "softmax":
            return once + _fit_seconds(state, _SOFTMAX)
        case "gradual":
            return once + settings.epochs * step * (_TAIL_PASSES + _ALL_PASSES) / 2
        case "scratch":
            return settings.epochs * step * _ALL_PASSES
    each = epoch_seconds(state, macs_per_second)
    return (
        None if each is None else settings.epochs * each + once * _kept_share(state, numbers, macs_per_second)
    )


def _fit_seconds(state: WizardState, share: float = 1.0) -> float:
    """Return about how long an SVM on the codes is fitted, cross-validation included, or so many times that."""
    try:
        cut = state.cut()
    except StudioError:  # the page of the cut says why
        cut = None
    size = cut.code_size(state.recipe.head.pooling) if cut is not None else 0
    return share * _SECONDS_PER_CODE_NUMBER * sum(state.counts.values()) * size * len(state.classes)


def epoch_seconds(state: WizardState, macs_per_second: float | None) -> float | None:
    """Return about how many seconds an epoch of fine-tuning takes; None where that cannot be told.

    What lies before everything that trains is computed once for the run, and costs an epoch nothing.
    """
    numbers = _numbers(state)
    if macs_per_second is None or state.report is None or numbers is None:
        return None
    whole = seconds_per_epoch(numbers, sum(state.counts.values()), state.training.batch_size, macs_per_second)
    if whole is None:
        return None
    passes = training_passes(numbers.report) or _ALL_PASSES
    behind = 1 - _kept_share(state, numbers, macs_per_second)
    return min(1.0, _ALL_PASSES * behind / passes) * whole


def _numbers(state: WizardState) -> Analysis | None:
    if not state.has_network:
        return None
    numbers = state.session.analysis()
    return numbers if numbers.report.ok else None


def _kept_share(state: WizardState, numbers: Analysis, speed: float) -> float:
    """Return the share of a forward pass that is computed once for all epochs; nothing where images are varied."""
    settings = state.training
    if not settings.augmentation.is_off or settings.epochs < 2:
        return 0.0
    return front_share(numbers.report, macs_per_value(speed))
