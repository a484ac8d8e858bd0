"""The grammar of layer paths: dotted names that are attribute paths, state-dict keys and folders of the canvas."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Sequence

from cnn_studio.core.errors import GraphError

# dashes, because torchvision's RegNets have names such as block1-0
_SEGMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z|(?:0|[1-9][0-9]*)\Z")
MAX_PATH = 200
_NO_LAYER = "__"  # no layer may have this name, so under a block it is free, and under a layer nothing is

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

# The private ones among them, without which a module cannot be built or run.
_PRIVATE_ATTRIBUTES = frozenset(
    [
        "_apply",
        "_backward_hooks",
        "_backward_pre_hooks",
        "_boxed_call",
        "_buffers",
        "_call_impl",
        "_code",
        "_compiled_call_impl",
        "_create_node_hooks",
        "_deepcopy_hooks",
        "_deepcopy_init",
        "_erase_node_hooks",
        "_forward_hooks",
        "_forward_hooks_always_called",
        "_forward_hooks_with_kwargs",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
        "_get_backward_hooks",
        "_get_backward_pre_hooks",
        "_get_name",
        "_graph",
        "_is_full_backward_hook",
        "_lineno_map",
        "_load_from_state_dict",
        "_load_state_dict_post_hooks",
        "_load_state_dict_pre_hooks",
        "_maybe_warn_non_full_backward_hook",
        "_modules",
        "_named_members",
        "_non_persistent_buffers_set",
        "_parameters",
        "_prologue_start",
        "_recompile_submodules",
        "_register_create_node_hook",
        "_register_deepcopy_hook",
        "_register_erase_node_hook",
        "_register_load_state_dict_pre_hook",
        "_register_replace_node_hook",
        "_register_state_dict_hook",
        "_replace_hooks",
        "_replicate_for_data_parallel",
        "_save_to_state_dict",
        "_set_replace_hook",
        "_slow_forward",
        "_state_dict_hooks",
        "_state_dict_pre_hooks",
        "_tracer_cls",
        "_tracer_extras",
        "_unregister_create_node_hook",
        "_unregister_deepcopy_hook",
        "_unregister_erase_node_hook",
        "_unregister_replace_node_hook",
        "_version",
        "_wrapped_call",
        "_wrapped_call_impl",
    ]
)


def is_reserved(segment: str) -> bool:
    """Return whether a path segment is a word of Python or of torch modules."""
    if segment in _MODULE_ATTRIBUTES or segment in _PRIVATE_ATTRIBUTES:
        return True
    return keyword.iskeyword(segment) or segment.startswith("__")


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
                f"{path!r} cannot be a layer's name: {segment!r} is not made of the letters a to z, digits, "
                "underscores and dashes, starting with a letter. Dots separate blocks, as in block1.conv1."
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


def whole_blocks(paths: Sequence[str], among: Sequence[str]) -> tuple[str, ...]:
    """Return the fewest names for some of many paths: the outermost blocks all of whose paths are there, else the path."""
    wanted, found = set(paths), dict[str, None]()
    missed = {block for path in among if path not in wanted for block in prefixes(path)}
    for path in paths:
        found[next((block for block in prefixes(path) if block not in missed), path)] = None
    return tuple(found)


def common_block(paths: Sequence[str]) -> str:
    """Return the innermost block that holds all paths; empty for the network itself."""
    first, *others = [path.split(".")[:-1] for path in paths]
    count = len(first)
    for other in others:
        count = min(count, len(other))
        while first[:count] != other[:count]:
            count -= 1
    return ".".join(first[:count])


def free_path(wanted: str, taken: Container[str]) -> str:
    """Return `wanted`, or with the first number that makes it free: ``relu``, ``relu2``; ``block.0``, ``block.1``.

    Where a layer has the name of a block that the path lies in, nothing under that name is free, and the block gets
    the number.
    """
    wanted = beside_layers(wanted, taken)
    if wanted not in taken:
        return wanted
    stem = wanted.rstrip("0123456789")
    is_number = not stem or stem.endswith(".")  # the last segment is one of a list of parts, which goes on
    number = int(wanted[len(stem) :]) + 1 if is_number else 2
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def beside_layers(path: str, taken: Container[str]) -> str:
    """Return `path`, or where a layer has the name of a block on its way, with the next number for that block."""
    block, dot, name = path.rpartition(".")
    if not dot:
        return path
    block = beside_layers(block, taken)
    stem = block.rstrip("0123456789")
    number = int(block[len(stem) :] or 1)
    while f"{block}.{_NO_LAYER}" in taken:
        number += 1
        block = f"{stem}{number}"
    return f"{block}.{name}"
