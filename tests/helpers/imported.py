"""Comparing a module with the document made from it: names, shapes, results, training, and the way back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn

from cnn_studio.app.project import Project, load_project, save_project
from cnn_studio.app.weights import WeightSet
from cnn_studio.compiler import Traced, lower, trace
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.records import to_record
from cnn_studio.graph.shapes import infer_shapes

Size = tuple[int, int, int]


def without_memory(module: nn.Module) -> bool:
    return any(parameter.is_meta for parameter in module.parameters())


def enliven(module: nn.Module, seed: int = 0) -> nn.Module:
    """Move statistics, offsets and factors away from 0 and 1, so that no part of the network hides behind them."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if not tensor.is_floating_point():
                continue
            if tensor.dim() > 1 and tensor.numel() > max(tensor.shape):
                continue  # weights proper keep the library's own distribution
            noise = torch.rand(tensor.shape, generator=generator)
            if key.endswith(("bias", "running_mean")):
                tensor += 0.2 * noise - 0.1
            else:
                tensor.copy_(0.5 + noise)
    return module


def check_names_and_shapes(module: nn.Module, traced: Traced, size: Size) -> None:
    """The document has the module's tensors under the module's names, its shapes, drop rates and norms."""
    document = traced.document
    ours, theirs = lower(document, device="meta"), module.state_dict()
    assert {key: tuple(value.shape) for key, value in ours.state_dict().items()} == {
        key: tuple(value.shape) for key, value in theirs.items()
    }
    assert list(ours.state_dict()) == list(theirs) or set(ours.state_dict()) == set(theirs)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in module.parameters())
    states = infer_shapes(document).states
    inferred = {document.layer(i).path: states[i].shape for i in document.layers}
    found = _shapes_at_layers(ours, size)
    assert len(found) == len(document.layers) - 1
    assert all(states[layer_id].shape == shape for layer_id, shape in found.items())
    seen = _shapes_at_modules(module, size)
    once = {path: calls[0] for path, calls in seen.items() if path in inferred and len(calls) == 1}
    assert len(once) > 3
    assert {path: inferred[path] for path in once} == once
    _check_drops_and_norms(module, document, seen.keys())


def _shapes_at_layers(ours: fx.GraphModule, size: Size) -> dict[int, tuple[int, ...]]:
    """What the built network gives at each layer, by layer id."""
    found: dict[int, tuple[int, ...]] = {}

    class Watch(fx.Interpreter):
        def run_node(self, node: fx.Node) -> Any:
            result = super().run_node(node)
            if "layer_id" in node.meta:
                found[node.meta["layer_id"]] = tuple(result.shape[1:])
            return result

    with torch.no_grad():
        Watch(ours.eval()).run(torch.empty(2, *size, device="meta"))
    return found


def _shapes_at_modules(module: nn.Module, size: Size) -> dict[str, list[tuple[int, ...]]]:
    """What the original's modules give, by name, one entry a call."""
    seen: dict[str, list[tuple[int, ...]]] = {}

    def note(path: str, result: Any) -> None:
        if isinstance(result, torch.Tensor):
            seen.setdefault(path, []).append(tuple(result.shape[1:]))

    handles = [
        part.register_forward_hook(lambda _m, _i, result, path=path: note(path, result))
        for path, part in module.named_modules()
    ]
    device = next(module.parameters()).device
    with torch.no_grad():
        module.eval()(torch.zeros(1, *size, device=device))
    for handle in handles:
        handle.remove()
    return seen


def loaded(module: nn.Module, document: NetworkDocument) -> fx.GraphModule:
    """The document's network with the module's weights; every key must be there on both sides."""
    ours = lower(document)
    ours.load_state_dict(module.state_dict(), strict=True)
    return ours


def check_results(module: nn.Module, document: NetworkDocument, size: Size, images: int = 1) -> None:
    """Same weights, same image, same scores."""
    x = torch.rand((images, *size), generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.no_grad():
        theirs = module.eval()(x)
        ours = loaded(module, document).eval()(x)
    assert_close(ours, theirs)
    assert theirs.std() > 0


def assert_close(ours: torch.Tensor, theirs: torch.Tensor, tolerance: float = 1e-4) -> None:
    scale = max(1.0, theirs.abs().max().item())
    assert torch.isfinite(theirs).all()
    assert (ours - theirs).abs().max().item() <= tolerance * scale


def check_training(module: nn.Module, document: NetworkDocument, size: Size, images: int = 4) -> None:
    """One step in training mode without random drops: same scores, running statistics and gradients."""
    ours = loaded(module, document).train()
    for part in (*module.train().modules(), *ours.modules()):
        for name in ("p", "drop_prob", "drop_rate"):
            if isinstance(getattr(part, name, None), float):
                setattr(part, name, 0.0)
    x = torch.rand((images, *size), generator=torch.Generator().manual_seed(2)) * 2 - 1
    assert_close(scores := ours(x), expected := module(x), 1e-3)
    scores.square().mean().backward()
    expected.square().mean().backward()
    for key, value in module.named_buffers():
        if value.is_floating_point():
            assert_close(ours.state_dict()[key], value, 1e-3)
    gradients = dict(ours.named_parameters())
    for key, parameter in module.named_parameters():
        assert parameter.grad is not None
        ours_grad = gradients[key].grad
        assert ours_grad is not None
        scale = parameter.grad.abs().max() + 1e-8
        assert (ours_grad - parameter.grad).abs().max() / scale < 0.02, key


def _check_drops_and_norms(module: nn.Module, document: NetworkDocument, called: Container[str]) -> None:
    """Dropout and stochastic depth with the same p where they are called, batch norms with the same settings."""
    drops = Counter(
        round(float(p), 6)
        for path, part in module.named_modules()
        if path in called and ("Drop" in type(part).__name__ or "Stochastic" in type(part).__name__)
        for p in [getattr(part, "p", None) or getattr(part, "drop_prob", None)]
        if p
    )
    if (rate := getattr(module, "drop_rate", 0)) and round(rate, 6) not in drops:
        drops[round(rate, 6)] += 1  # dropout called as a function
    layers = document.layers.values()
    kinds = {"dropout", "dropout2d", "stochastic_depth"}
    assert Counter(round(layer.params["p"], 6) for layer in layers if layer.type in kinds) == drops
    norms = {
        path: (part.eps, part.momentum, part.affine)
        for path, part in module.named_modules()
        if isinstance(part, nn.BatchNorm2d | nn.BatchNorm1d)
    }
    ours = {
        layer.path: (layer.params["eps"], layer.params["momentum"], layer.params["affine"])
        for layer in layers
        if layer.type == "batch_norm"
    }
    assert ours == norms


def check_way_back(document: NetworkDocument, size: Size, device: str = "meta") -> None:
    """The network built from the document is read as the same document again."""
    again = trace(lower(document, device=device), size, name=document.info.name).document
    again.change_info(labels=document.info.labels, preprocessing=document.info.preprocessing)
    assert to_record(again) == to_record(document)


def check_file(traced: Traced, path: Path) -> None:
    """A project file keeps the document and every weight."""
    arrays = {key: value.numpy() for key, value in (traced.weights or {}).items()}
    save_project(path, Project(traced.document, weights=WeightSet.from_state(traced.document, arrays)))
    back = load_project(path)
    assert to_record(back.document) == to_record(traced.document)
    state = back.weights.to_state(back.document)
    assert state.keys() == arrays.keys()
    assert all((state[key] == arrays[key]).all() for key in arrays)
