"""What a network makes of one image, as files: maps, filters, where it sees a class, and the numbers themselves."""

from __future__ import annotations

import difflib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.files import storage_error
from cnn_studio.app.project import Project
from cnn_studio.core.errors import GraphError, NetworkError
from cnn_studio.graph.shapes import infer_shapes

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.insight.layer_look import LayerLook, Scale
    from cnn_studio.insight.maps import Look, LookInside

_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)
"""Names that Windows keeps for devices, whatever their ending."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was written.

    Attributes:
        look: what the layers gave.
        class_index: the class that was looked for.
        maps, filters: files by path of the layer.
        heat: the file that shows where the class is seen, or None.
        heat_layer: path of the layer that saw it there.
        arrays: the file with the numbers.
        notes: what was left out and why, as sentences.
    """

    look: Look
    class_index: int
    maps: Mapping[str, Path]
    filters: Mapping[str, Path]
    heat: Path | None
    heat_layer: str
    arrays: Path
    notes: tuple[str, ...] = field(default=())

    @property
    def files(self) -> list[Path]:
        """All files, in the order in which they were written."""
        return [*self.maps.values(), *self.filters.values(), *([self.heat] if self.heat else []), self.arrays]


def look_inside(project: Project) -> tuple[LookInside, tuple[str, ...]]:
    """Return a project's network ready to be looked into, and what to know of its weights, as sentences.

    Raises:
        NetworkError: the network has errors; the message names the layer of the first.
    """
    from cnn_studio.insight.maps import LookInside

    report = infer_shapes(project.document)
    first_error = next((problem for problem in report.problems if problem.severity == "error"), None)
    if first_error is not None:
        path, message = first_error.path, first_error.message
        raise NetworkError(message if not path or message.startswith(path) else f"{path}: {message}")

    state = project.weights.to_state(project.document)
    network = LookInside(project.document, state, seed=project.settings.seed)
    seed = project.settings.seed
    if not state:
        return network, (
            f"This network has not been trained: these are first weights, drawn from seed {seed}.",
        )
    missing = project.weights.misfits(report)
    if not missing:
        return network, ()
    first = project.document.layer(missing[0]).path
    more = f" and {len(missing) - 1} more layers" if len(missing) > 1 else ""
    return network, (f"There are no trained weights for {first}{more}: those were drawn from seed {seed}.",)


def find_layer(network: LookInside, path: str) -> int:
    """Return a layer's id.

    Raises:
        GraphError: there is no such layer; names near ones. Or the output does not depend on it.
    """
    document = network.document
    if path not in document.paths:
        inside = [other for other in document.paths if other.startswith(f"{path}.")] if path else []
        near = inside[:3] or difflib.get_close_matches(path, list(document.paths), n=3, cutoff=0.5)
        hint = f" Near it there are {', '.join(near)}." if near else ""
        what = "is a block of layers" if inside else "is no layer of this network"
        raise GraphError(f"{path!r} {what}; name one layer.{hint}")
    layer_id = document.paths[path]
    if layer_id not in network.runner.layers:
        raise GraphError(f"{path} leads nowhere: the output does not depend on it, so it is not computed.")
    return layer_id


def find_class(network: LookInside, text: str) -> int:
    """Return the number of a class by its name, a part of it that no other has, or its number, counted from 0.

    Raises:
        GraphError: there is no such class, or several.
    """
    labels = network.document.info.labels[: network.num_classes]
    wanted = text.strip().casefold()
    folded = [label.casefold() for label in labels]
    if wanted in folded:
        return folded.index(wanted)
    if text.strip().removeprefix("-").isdecimal():
        index = int(text)
        network.check_class(index)
        return index
    inside = [index for index, label in enumerate(folded) if wanted and wanted in label]
    if len(inside) == 1:
        return inside[0]
    if inside:
        names = "; ".join(labels[index] for index in inside[:4]) + ("; ..." if len(inside) > 4 else "")
        raise GraphError(
            f"{text!r} is part of {len(inside)} class names: {names}. Say more of it, or give the number."
        )
    near = difflib.get_close_matches(wanted, folded, n=3, cutoff=0.5)
    hint = f" Near it there are {'; '.join(labels[folded.index(name)] for name in near)}." if near else ""
    raise GraphError(f"There is no class {text!r} among the {network.num_classes:,} of this network.{hint}")


def write_inspection(
    look: Look, folder: Path, class_index: int, *, layer_id: int | None = None, scale: Scale = "map"
) -> Inspection:
    """Write what a look shows into a folder, which is made where there is none.

    Args:
        look: what the layers gave for an image.
        folder: where to write: ``maps/``, ``filters/``, ``gradcam.png`` and ``arrays.npz``.
        class_index: the class that Grad-CAM looks for.
        layer_id: the only layer wanted, with its weights and the numbers of its maps; all if None.
        scale: what is black and what is white in the maps.

    Raises:
        GraphError: there is no such class.
        StorageError: something cannot be written.
    """
    from cnn_studio.insight.filters import filter_pictures, filters_of, sees_colours
    from cnn_studio.insight.pictures import filter_grid, map_grid, overlay, vector_bars
    from cnn_studio.insight.where import default_place, grad_cam, places

    network = look.network
    network.check_class(class_index)
    notes = list(look.left_out.values())
    chosen = [look.layers[i] for i in look.layers if layer_id is None or i == layer_id]
    names = safe_names(layer.path for layer in chosen)
    arrays: dict[str, np.ndarray] = {}
    maps: dict[str, Path] = {}
    filters: dict[str, Path] = {}
    for layer in chosen:
        arrays[layer.path] = layer.values
        if layer.layout == "other":
            notes.append(f"{layer.path} gives neither maps nor a vector, so there is no picture of it.")
        else:
            picture = vector_bars(layer) if layer.values.size == len(layer) else map_grid(layer, scale=scale)
            maps[layer.path] = _write_png(folder / "maps" / f"{names[layer.path]}.png", picture)
        weights = filters_of(network, layer.layer_id)
        if weights is not None and weights.shape[2:] != (1, 1):
            shown = filter_pictures(weights, colour=sees_colours(network, layer.layer_id))
            file = folder / "filters" / f"{names[layer.path]}.png"
            filters[layer.path] = _write_png(file, filter_grid(shown))
    heat, place = None, ""
    try:
        at = default_place(network) if layer_id is None else layer_id
        if at in places(network):
            cam = grad_cam(look, class_index, at)
            place = network.document.layer(at).path
            heat = _write_png(folder / "gradcam.png", overlay(look.image, cam.heat))
            arrays["@heat"] = cam.heat
            if cam.is_empty:
                notes.append(f"Nothing in {place} speaks for the class {network.class_name(class_index)}.")
        else:
            path = network.document.layer(at).path
            notes.append(f"{path} has no maps of more than one cell, so there is no where to show for it.")
    except GraphError as error:
        notes.append(str(error))
    arrays |= {"@image": look.image, "@scores": look.scores}
    if layer_id is not None:
        arrays |= _full_numbers(network, look.layers[layer_id])
    file = _write_arrays(folder / "arrays.npz", arrays)
    return Inspection(look, class_index, maps, filters, heat, place, file, tuple(notes))


def _full_numbers(network: LookInside, layer: LayerLook) -> dict[str, np.ndarray]:
    """Return a layer's weights, the numbers of its maps and its histogram by name."""
    found = {
        f"@{name or 'weight'}": tensor.numpy()
        for name, tensor in network.runner.tensors(layer.layer_id).items()
    }
    for name, values in layer.numbers._asdict().items():
        found[f"@{name}"] = values
    counts, edges = layer.histogram()
    return found | {"@histogram_counts": counts, "@histogram_edges": edges, "@order": layer.order}


def safe_names(paths: Iterable[str]) -> dict[str, str]:
    """Return file names without ending by path, which are different and allowed on every system."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for path in paths:
        name = f"_{path}" if path.partition(".")[0].lower() in _RESERVED else path
        free, number = name, 2
        while free.lower() in taken:  # systems that do not tell c1 from C1
            free, number = f"{name}_{number}", number + 1
        taken.add(free.lower())
        found[path] = free
    return found


def _write_png(path: Path, picture: np.ndarray) -> Path:
    from PIL import Image

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path, "PNG", compress_level=3)
    except OSError as error:
        raise storage_error(path, error) from error
    return path


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write arrays as NumPy's ``.npz``; by hand, because `numpy.savez` takes no array of the name ``file``."""
    import numpy as np

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, values in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, np.ascontiguousarray(values), allow_pickle=False)
    except OSError as error:
        raise storage_error(path, error) from error
    return path
