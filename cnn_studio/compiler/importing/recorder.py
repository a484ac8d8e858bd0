"""One run of a module, written down: which functions were called on which tensors, and inside which modules.

The run is concrete: a private copy of the module, without memory, on the meta device. Sizes are then plain integers,
so arithmetic on them and control flow that depends on shapes leave no trace, and what remains are the calls that
act on activations. Which layers they mean is the business of the rules.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode, resolve_name

from cnn_studio.compiler.importing.recording import Call, Constant, Frame, Recording, Shape, Value, Weight
from cnn_studio.core.errors import NetworkError

BATCH = 11
"""Images in the recorded run: no usual number of channels, groups or cells, so that the batch axis stays known."""

LeafTest = Callable[[nn.Module], bool]

_ARITHMETIC = ("add", "sub", "mul", "truediv", "div", "floordiv", "pow", "matmul", "mod")
_SYNONYMS = {
    "true_divide": "div", "truediv": "div", "divide": "div", "rtruediv": "rdiv", "multiply": "mul",
    "subtract": "sub", "concat": "cat", "concatenate": "cat", "clip": "clamp", "swapaxes": "transpose",
    "swapdims": "transpose", "radd": "add", "rmul": "mul",
}  # fmt: skip
_READS_VALUES = frozenset(
    f"__{name}__" for name in ("bool", "int", "float", "complex", "index", "contains", "array")
) | {"item", "tolist", "numpy", "nonzero", "equal", "allclose"}
_RESHAPES = frozenset(("view", "reshape", "unsqueeze", "squeeze", "flatten", "view_as", "reshape_as"))


def op_name(function: Callable[..., Any]) -> str:
    """Return the short name of a torch function or tensor method: ``__iadd__``, ``add_`` and ``add`` are one."""
    name = getattr(function, "__name__", str(function))
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
        if name[:1] == "i" and name[1:] in _ARITHMETIC:
            name = name[1:]
    else:
        name = name.rstrip("_")
    return _SYNONYMS.get(name, name)


def record(module: nn.Module, input_shape: Shape, is_leaf: LeafTest) -> Recording:
    """Run a copy of the module once in eval mode and return what it did; the module itself is left alone.

    Args:
        module: maps images [B, C, H, W] to one tensor.
        input_shape: (C, H, W).
        is_leaf: whether a module is recorded as one call instead of what happens inside it.

    Raises:
        NetworkError: it cannot be copied or run, is not in single precision, reads values of tensors, changes parts
            of tensors in place, or does not return exactly one tensor.
    """
    size = " × ".join(str(n) for n in input_shape)
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise NetworkError(f"An image has channels, height and width, each 1 or more, not {size}.")
    twin = _skeleton(module)
    recorder = _Recorder(twin, input_shape, is_leaf)
    try:
        result = recorder.run(twin)
    except NetworkError:
        raise
    except Exception as error:  # a foreign module may raise anything
        where = recorder.failed_in or "The network"
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise NetworkError(
            f"{where} cannot run on an image of {size}: {reason}. Check the input size, and that the module is made "
            "for single images in a batch."
        ) from error
    return recorder.finish(result)


def differing_in_training(
    module: nn.Module, input_shape: Shape, is_leaf: LeafTest, recording: Recording
) -> tuple[str, ...]:
    """Return the paths of the modules that call other functions in training than in the recorded run.

    Leaves do not count: their rules know what they do in training. If the run in training fails, the module that
    fails is the last one named.
    """
    twin = _skeleton(module).train()
    for part in twin.modules():
        if is_leaf(part):
            part.eval()
    recorder = _Recorder(twin, input_shape, is_leaf)
    try:
        recorder.run(twin)
    except Exception:  # noqa: BLE001 - a foreign module may raise anything, and predictions do not need this
        return (recorder.failed_in,)
    theirs, ours = (
        Counter((c.frame.path, c.op) for c in calls) for calls in (recorder.calls, recording.calls)
    )
    return tuple(dict.fromkeys(path for path, _ in ((theirs - ours) + (ours - theirs))))


def _skeleton(module: nn.Module) -> nn.Module:
    """Return a copy in eval mode whose parameters and buffers have no memory."""
    for path, part in module.named_modules():
        if isinstance(part, torch.jit.ScriptModule):
            what = f"{path} is a scripted module, which" if path else "A scripted module"
            raise NetworkError(f"{what} hides its parts. Open the module that it was scripted from.")
    for key, tensor in (*module.named_parameters(), *module.named_buffers()):
        if nn.parameter.is_lazy(tensor):
            raise NetworkError(
                f"{key} has no size yet, because its module is lazy. Run the network once on an image, then open it."
            )
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise NetworkError(
                f"{key} has numbers of the type {str(tensor.dtype).removeprefix('torch.')}; layers work in float32. "
                "Convert the module with float() first."
            )
    memo: dict[int, Any] = {}
    try:
        for parameter in module.parameters():
            bare = nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
            memo[id(parameter)] = bare
        for buffer in module.buffers():
            memo[id(buffer)] = torch.empty_like(buffer, device="meta")
        for part in module.modules():
            for tensor in _tensors_in(vars(part)):
                if (
                    not tensor.is_leaf
                ):  # a weight that is computed anew in every run; as it is it cannot be copied
                    memo[id(tensor)] = torch.empty_like(tensor, device="meta")
        return copy.deepcopy(module, memo).eval()
    except Exception as error:  # so may its own ways of being copied
        raise NetworkError(
            f"{type(module).__name__} cannot be copied, so it cannot be opened: {error}."
        ) from error


@dataclass(eq=False)
class _Known:
    """A tensor kept alive, so that its identity stays its own, with what it stands for."""

    tensor: torch.Tensor
    ref: Value | Weight | Constant
    stale: str = field(default="")


class _Recorder(TorchFunctionMode):
    def __init__(self, root: nn.Module, input_shape: Shape, is_leaf: LeafTest) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.failed_in = ""
        self._known: dict[int, _Known] = {}
        self._sharing: dict[int, list[_Known]] = {}
        self._numbers = 0
        self._inside_leaf = False
        self._frame = Frame("", None)
        self._tensors: dict[str, Shape] = {}
        self._trained: dict[str, bool] = {}
        for key, tensor in root.state_dict(keep_vars=True).items():
            if not isinstance(tensor, torch.Tensor):
                continue
            shape = tuple(tensor.shape)
            self._tensors[key] = shape
            if id(tensor) not in self._known:
                self._keep(tensor, Weight(key, shape, shape))
            if isinstance(tensor, nn.Parameter):
                self._trained[key] = tensor.requires_grad
        for name, buffer in root.named_buffers():
            if id(buffer) not in self._known:
                self._keep(buffer, Constant(f"the fixed numbers {name}"))
        self._input = torch.empty((BATCH, *input_shape), device="meta")
        self._image = self._new_value(self._input)
        for path, part in list(root.named_modules()):
            if path:
                self.wrap(path, part, is_leaf(part))

    def run(self, root: nn.Module) -> object:
        """Call the network on the image and return what it gives."""
        with torch.no_grad(), torch.device("meta"), self:
            # not `root(image)`: a GraphModule prints its own trace to the terminal when something fails
            return nn.Module.__call__(root, self._input)

    # ------------------------------------------------------------------------------------------------- modules

    def wrap(self, path: str, module: nn.Module, leaf: bool) -> None:
        """Make a module tell when it is called, however it is called."""
        inner = module.forward

        def forward(*args: Any, **kwargs: Any) -> Any:
            if self._inside_leaf:
                return inner(*args, **kwargs)
            outer = self._frame
            self._frame = Frame(path, outer)
            try:
                if leaf:
                    return self._run_leaf(module, inner, args, kwargs)
                return inner(*args, **kwargs)
            except Exception:
                self.failed_in = self.failed_in or path
                raise
            finally:
                self._frame = outer

        module.forward = forward

    def _run_leaf(
        self, module: nn.Module, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        seen = self._refs(args), self._refs(kwargs)
        self._inside_leaf = True
        try:
            # what passes its input on in eval mode may not do so in training: its result gets its own identity
            result = torch.empty_like(inner(*args, **kwargs))
            value = self._new_value(result)
        finally:
            self._inside_leaf = False
        name = type(module).__name__
        self.calls.append(Call(name, name, *seen, (value,), self._frame, module))
        return result

    # ----------------------------------------------------------------------------------------------- functions

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if self._inside_leaf:
            return func(*args, **kwargs)
        op = op_name(func)
        given = list(_tensors_in((args, kwargs)))
        if func.__name__ in _READS_VALUES and any(tensor.is_meta for tensor in given):
            raise self._error(
                f"it reads the values of a tensor ({_full_name(func)}), so what it does depends on the image or the "
                "weights. A network of layers does the same for every image; take that decision out of the module."
            )
        if any(tensor.is_meta for tensor in given) and any(
            tensor.dim() and not tensor.is_meta for tensor in given
        ):
            raise self._error(
                f"{_full_name(func)} uses a tensor that is neither a registered parameter nor computed from the image."
            )
        versions = [tensor._version for tensor in given]
        result = func(*args, **kwargs)
        changed = [t for t, version in zip(given, versions, strict=True) if t._version != version]
        if op == "get" and not isinstance(result, torch.Tensor):
            return result
        results = [result] if isinstance(result, torch.Tensor) else _plain_results(result)
        if changed and not (len(results) == 1 and changed[0] is results[0] and len(changed) == 1):
            raise self._error(
                f"{_full_name(func)} changes a part of a tensor in place. Write it as an operation that gives a new "
                "tensor."
            )
        if not results:
            return result
        seen = self._refs(args), self._refs(kwargs)
        if not any(isinstance(self._ref(tensor), Value) for tensor in given):
            for tensor in results:
                self._derive(op, func, given, tensor)
            return result
        if changed:
            self._outdate(changed[0])
        elif len(results) == 1 and any(results[0] is tensor for tensor in given):
            # nothing was done in eval mode; training may differ, so the result gets an identity of its own
            result = torch.empty_like(results[0])
            results = [result]
        if not all(_has_batch(tensor) for tensor in results):
            where = f" in {self._frame.path}" if self._frame.path else ""
            for tensor in results:
                self._keep(tensor, Constant(f"{_full_name(func)}{where}, which mixes the images of a batch"))
            return result
        outputs = tuple(self._new_value(tensor) for tensor in results)
        self.calls.append(Call(op, _full_name(func), *seen, outputs, self._frame))
        return result

    def _derive(
        self, op: str, func: Callable[..., Any], given: list[torch.Tensor], result: torch.Tensor
    ) -> None:
        """Note a tensor that was made without any activation: a weight in another shape, or a constant."""
        if any(result is tensor for tensor in given):
            return
        refs = [self._ref(tensor) for tensor in given]
        weights = [ref for ref in refs if isinstance(ref, Weight)]
        if op in _RESHAPES and isinstance(refs[0], Weight):
            self._keep(result, Weight(refs[0].key, tuple(result.shape), refs[0].stored))
            return
        origin = next((ref.origin for ref in refs if isinstance(ref, Constant)), "")
        if weights:
            origin = f"{_full_name(func)} of {weights[0].key}"
        self._keep(result, Constant(origin or _full_name(func)))

    # ------------------------------------------------------------------------------------------------- tensors

    def finish(self, result: object) -> Recording:
        """Return the recording of a run that gave `result`."""
        if not isinstance(result, torch.Tensor):
            kind = f"a {type(result).__name__}"
            if isinstance(result, tuple | list):
                kind = f"{len(result)} results"
            raise NetworkError(
                f"The network returns {kind}, but a document has exactly one output: a tensor of class scores. Wrap "
                "it in a module that returns that tensor alone."
            )
        ref = self._ref(result)
        if not isinstance(ref, Value):
            origin = ref.key if isinstance(ref, Weight) else ref.origin
            raise NetworkError(
                f"The network's result comes from {origin}, so there is nothing to open: layers make a result from "
                "each image by itself."
            )
        return Recording(self.calls, self._image, ref, self._tensors, self._trained)

    def _error(self, reason: str) -> NetworkError:
        return NetworkError(f"{self._frame.path or 'The network'} cannot be opened: {reason}")

    def _new_value(self, tensor: torch.Tensor) -> Value:
        shape = tuple(tensor.shape)
        value = Value(self._numbers, shape[1:], tensor.dtype)
        self._numbers += 1
        self._keep(tensor, value)
        return value

    def _keep(self, tensor: torch.Tensor, ref: Value | Weight | Constant) -> None:
        known = _Known(tensor, ref)
        self._known[id(tensor)] = known
        if isinstance(ref, Value):
            self._sharing.setdefault(tensor.untyped_storage()._cdata, []).append(known)

    def _outdate(self, tensor: torch.Tensor) -> None:
        """Mark the other tensors that share memory with one that is changed in place."""
        for known in self._sharing.get(tensor.untyped_storage()._cdata, []):
            if known.tensor is not tensor:
                known.stale = self._frame.path or "the network"

    def _ref(self, tensor: torch.Tensor) -> Value | Weight | Constant:
        known = self._known.get(id(tensor))
        if known is None:
            return Constant("a tensor that is neither a registered parameter nor computed from the image")
        if known.stale:
            raise self._error(
                f"it reads a tensor after {known.stale} changed a view of it in place. Use operations that give new "
                "tensors (inplace=False)."
            )
        return known.ref

    def _refs(self, item: Any) -> Any:
        """Return arguments with references in the place of tensors."""
        if isinstance(item, torch.Tensor):
            return self._ref(item)
        if isinstance(item, tuple | list):
            return (
                type(item)(self._refs(i) for i in item)
                if type(item) in {tuple, list}
                else tuple(self._refs(i) for i in item)
            )
        if isinstance(item, dict):
            return {key: self._refs(value) for key, value in item.items()}
        return item


def _has_batch(tensor: torch.Tensor) -> bool:
    return tensor.dim() > 0 and tensor.shape[0] == BATCH


def _full_name(func: Callable[..., Any]) -> str:
    return str(resolve_name(func) or getattr(func, "__name__", func))


def _tensors_in(item: Any) -> Iterator[torch.Tensor]:
    if isinstance(item, torch.Tensor):
        yield item
    elif isinstance(item, tuple | list):
        for entry in item:
            yield from _tensors_in(entry)
    elif isinstance(item, dict):
        yield from _tensors_in(list(item.values()))


def _plain_results(result: Any) -> list[torch.Tensor]:
    """Return the tensors of a tuple of results; nothing for any other result."""
    if isinstance(result, tuple | list) and result and all(isinstance(r, torch.Tensor) for r in result):
        return list(result)
    return []
