"""Where in the image a class is seen, by Grad-CAM.

Source: R. R. Selvaraju et al., Grad-CAM: Visual explanations from deep networks via gradient-based localization (2017),
equations 1 and 2. Packages such as grad-cam or captum do the same for modules with hooks; here only the layers behind the
chosen one are computed again, with a gradient to it alone, which needs neither hooks nor parameters that may be trained.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.spec import Family

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look, LookInside

_FEATURES = frozenset({Family.CONVOLUTION, Family.ACTIVATION, Family.NORMALISATION, Family.MERGE})
"""Layers that compute features. What only pools them or hands them on says the same, more coarsely."""


@dataclass(frozen=True)
class GradCam:
    """Where a layer sees what speaks for a class.

    Attributes:
        layer_id: the layer.
        class_index: the class.
        score: its score before softmax, or its margin.
        cells: what speaks for the class at each cell of the layer's maps, float32 [h, w], 0 or more.
        heat: the same on the image, from 0 to 1, float32 [H, W]; 0 everywhere where nothing speaks for the class.
    """

    layer_id: int
    class_index: int
    score: float
    cells: np.ndarray = field(repr=False)
    heat: np.ndarray = field(repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing in these maps speaks for the class."""
        return not self.cells.any()


def places(network: LookInside) -> tuple[int, ...]:
    """Return ids of the layers in which one can look where something is: those with maps of more than one cell."""
    found = []
    for layer_id in network.runner.layers[1:]:
        shape, layout = network.shape(layer_id), network.layouts[layer_id]
        cells = shape[:2] if layout == "maps_last" else shape[1:]
        if layout in ("maps", "maps_last") and cells != (1, 1):
            found.append(layer_id)
    return tuple(found)


def default_place(network: LookInside) -> int:
    """Return the layer that suits Grad-CAM best: the last one that computes features in maps of more than one cell.

    Raises:
        GraphError: no layer has such maps.
    """
    possible = places(network)
    for layer_id in reversed(possible):
        spec = network.document.layer(layer_id).spec
        if spec is not None and spec.family in _FEATURES:
            return layer_id
    if possible:
        return possible[-1]
    raise GraphError("No layer of this network has maps of more than one cell, so there is no where to show.")


def grad_cam(look: Look, class_index: int, layer_id: int | None = None) -> GradCam:
    """Return where a layer sees a class: its maps, each weighted by the mean gradient of the class's score to it.

    The network stays as it is: in evaluation mode, with the same weights and statistics, none of which gets a gradient.

    Args:
        look: what the layers gave for an image.
        class_index: the class.
        layer_id: the layer; `default_place` if None.

    Raises:
        GraphError: there is no such class, or the layer has no maps of more than one cell.
    """
    network = look.network
    network.check_class(class_index)
    layer_id = default_place(network) if layer_id is None else layer_id
    if layer_id not in places(network):
        path = network.document.layer(layer_id).path
        raise GraphError(f"{path} has no maps of more than one cell, so it does not know where something is.")
    maps = _maps(look, layer_id).requires_grad_()
    with torch.enable_grad():
        scored = network.runner.run(look.images, {network.scored}, given={layer_id: maps})[network.scored]
        score = scored.flatten()[class_index]
        gradient = torch.zeros_like(maps)
        if score.requires_grad:
            (gradient,) = torch.autograd.grad(score, maps)
    axes = (0, 1) if network.layouts[layer_id] == "maps_last" else (1, 2)
    with torch.no_grad():
        weights = gradient[0].mean(dim=axes, keepdim=True)
        cells = (weights * maps[0]).sum(dim=2 if axes == (0, 1) else 0).clamp_(min=0)
        heat = _on_image(cells, network.input_shape)
    return GradCam(layer_id, class_index, float(score.detach()), cells.numpy(), heat.numpy())


def _maps(look: Look, layer_id: int) -> Tensor:
    """Return a layer's values [1, ...] as a tensor that may have a gradient."""
    if layer_id in look.layers:
        return look.layers[layer_id].raw[None].clone()  # what was computed in inference mode may have none
    with torch.no_grad():
        return look.network.runner.run(look.images, {layer_id})[layer_id].detach().clone()


def _on_image(cells: Tensor, shape: tuple[int, int, int]) -> Tensor:
    grown = functional.interpolate(cells[None, None], shape[1:], mode="bilinear", align_corners=False)[0, 0]
    top = float(grown.max())
    return grown / top if top > 0 else torch.zeros_like(grown)
