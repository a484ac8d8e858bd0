"""The pictures of the builder: large networks folded and unfolded, analysis, code, and problems of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_studio.app.project import Project, starter_project
from cnn_studio.graph.starters import find_starter
from tests.unit.graph.test_problems import CASES

if TYPE_CHECKING:
    from screenshots import Photographer

_SHOWN = (
    "not_tiling", "window_too_large", "merge_mismatch", "concat_mismatch", "missing_flatten", "groups_do_not_divide",
    "cycle", "unused_layer", "output_width", "softmax_before_loss", "dropout_before_norm", "too_much_memory",
)  # fmt: skip


def builder_story(p: Photographer) -> None:
    """Go through the states of building."""
    window, space = p.window, p.window.workspace
    canvas = space.canvas
    space.show_network()
    for name in ("lenet5", "vgg16", "resnet50", "inception-like", "densenet121"):
        window.session.replace(starter_project(find_starter(name)))
        canvas.folds.fold_to_depth(1)
        canvas.fit()
        p.settle()
        p.shoot(f"{name}-folded")
    window.session.replace(starter_project(find_starter("resnet50")))
    canvas.folds.unfold("layer1")
    canvas.fit()
    p.shoot("resnet50-one-stage-unfolded")
    canvas.folds.unfold("layer1.0", "layer1.1")
    canvas.set_zoom(0.8)
    canvas.reveal(p.layer("layer1.0.add"))
    p.shoot("resnet50-blocks-unfolded")
    canvas.folds.unfold_all()
    canvas.fit()
    p.shoot("resnet50-unfolded")
    canvas.folds.fold_to_depth(1)
    window.selection.select([p.layer("layer1.0.conv2")])
    space.show_analysis()
    p.settle()
    p.shoot("resnet50-analysis")
    space.show_code()
    p.settle()
    p.shoot("resnet50-code")
    space.show_network()
    space.show_problems()
    for code in _SHOWN:
        make, path, _ = CASES[code]
        document = make()
        window.session.replace(Project(document))
        canvas.arrange()
        if path:
            canvas.reveal(document.paths[path])
            window.selection.select([document.paths[path]])
        p.shoot(f"problem-{code}")
