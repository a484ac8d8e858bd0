"""What the freeze tree counts is what PyTorch trains once the plan of the document is in force."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cnn_studio.app.importing import open_library_network
from cnn_studio.app.training import layer_plans
from cnn_studio.compiler import lower
from cnn_studio.engine.plan import apply_plan
from cnn_studio.graph.commands import AnyCommand, SetTraining
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.freeze_tree import FreezeNode, freeze_tree
from cnn_studio.graph.freezing import (
    all_but_head,
    apply_globs,
    batch_norms_too,
    by_stage,
    first_n,
    nothing_frozen,
    stages,
)
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.transfer.sources import find_source
from tests.helpers.networks import chain, join

NETWORKS = ("efficientnet_lite0", "resnet18", "torchvision:vgg11_bn", "torchvision:densenet121")

PICKS: dict[str, Callable[[ShapeReport], AnyCommand]] = {
    "head": all_but_head,
    "nothing": nothing_frozen,
    "first": lambda report: first_n(report, 5),
    "stage": lambda report: by_stage(report, stages(report)[-2].path),
    "norms": batch_norms_too,
    "globs": lambda report: apply_globs(report.document, ["*"], ["*1*"]),
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest) -> NetworkDocument:
    return open_library_network(find_source(request.param).full_name).project.document


def check(document: NetworkDocument) -> FreezeNode:
    root = freeze_tree(infer_shapes(document))
    module = lower(document, device="meta")
    apply_plan(module, layer_plans(document))
    assert root.params == sum(p.numel() for p in module.parameters())
    assert root.trainable == sum(p.numel() for p in module.parameters() if p.requires_grad)
    return root


@pytest.mark.parametrize("pick", PICKS)
def test_counts_are_pytorchs(network: NetworkDocument, pick: str) -> None:
    document = network.copy()
    PICKS[pick](infer_shapes(document)).apply(document)
    root = check(document)
    assert (root.trainable == root.params) == (pick == "nothing")


@pytest.mark.parametrize("frozen", ["first", "second", "fc", "aside", "norm"])
def test_counts_with_shared_weights_and_loose_ends(frozen: str) -> None:
    document = chain(
        (1, 2, 4),
        ("flatten", "flatten", {}),
        ("first", "linear", {"out_features": 8}),
        ("norm", "batch_norm", {}),
        ("second", "linear", {"out_features": 8}),
        ("fc", "linear", {"out_features": 2}),
    )
    document.change_layer(document.paths["second"], tied_to=document.paths["first"])
    join(document, "aside", "linear", ["flatten"], out_features=3)
    SetTraining(ids=(document.paths[frozen],), trainable=False).apply(document)
    root = check(document)
    assert root.params - root.trainable == {"fc": 18, "aside": 0, "norm": 16}.get(frozen, 72)
