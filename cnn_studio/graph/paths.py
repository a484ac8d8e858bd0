"""The grammar of layer paths: dotted names that are attribute paths, state-dict keys and folders of the canvas."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container

from cnn_studio.core.errors import GraphError

_SEGMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z|(?:0|[1-9][0-9]*)\Z")
MAX_PATH = 200

# Attributes of torch.nn.Module and torch.fx.GraphModule; a layer of such a name would hide them or be refused.
_MODULE_ATTRIBUTES = frozenset(
    [
        "T_destination",
        "shape_env",
        "add_module",
        "add_submodule",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "code",
        "compile",
        "cpu",
        "cuda",
        "delete_all_unused_submodules",
        "delete_submodule",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "graph",
        "half",
        "ipu",
        "load_state_dict",
        "meta",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "print_readable",
        "recompile",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "to_folder",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
        "self",
    ]
)


def is_reserved(segment: str) -> bool:
    """Return whether a path segment is a word of Python or of torch modules."""
    return segment in _MODULE_ATTRIBUTES or keyword.iskeyword(segment) or segment.startswith("__")


def check_path(path: str) -> None:
    """Check the grammar of a path.

    Raises:
        GraphError: it is empty, too long, has a segment that is no name, or uses a reserved word.
    """
    if not path:
        raise GraphError("A layer needs a name; use letters, digits and underscores, such as conv1.")
    if len(path) > MAX_PATH:
        raise GraphError(
            f"The name {path[:40]}... is longer than {MAX_PATH} characters; choose a shorter one."
        )
    for segment in path.split("."):
        if not _SEGMENT.match(segment):
            raise GraphError(
                f"{path!r} cannot be a layer's name: {segment!r} is not made of the letters a to z, digits and "
                "underscores, starting with a letter. Dots separate blocks, as in block1.conv1."
            )
        if is_reserved(segment):
            raise GraphError(
                f"{path!r} cannot be a layer's name: {segment!r} is a reserved word of Python or PyTorch. "
                f"Choose another, such as {segment}_1."
            )


def prefixes(path: str) -> list[str]:
    """Return the blocks a path lies in, outermost first: ``a.b.c`` lies in ``a`` and ``a.b``."""
    parts = path.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def free_path(wanted: str, taken: Container[str]) -> str:
    """Return `wanted`, or with the first number from 2 that makes it free (``relu``, ``relu2``)."""
    if wanted not in taken:
        return wanted
    stem = wanted.rstrip("0123456789") or wanted
    # a path that ends in a digits-only segment must not merge with the number
    if stem.endswith("."):
        stem = wanted + "_"
    number = 2
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"
