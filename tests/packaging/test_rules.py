"""What the packaged program carries, and how large it may be."""

from pathlib import Path

import pytest
import rules
import sizes


@pytest.mark.parametrize(
    "path",
    [
        "torch/include/ATen/ATen.h",
        "torch/lib/libtorch_extra.a",
        "torch/bin/protoc",
        "torch/bin/test_api",
        "nvidia/cu13/lib/libnvrtc.alt.so.13",
        "nvidia/cu13/lib/libcusolverMg.so.12",
        "nvidia/cu13/lib/libcufftw.so.12",
        "nvidia/cu13/lib/libnvperf_host.so",
        "nvidia/nvshmem/lib/nvshmem_transport_ibgda.so.3",
        "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "libQt6Qml.so.6",
        "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
        "PySide6/Qt/plugins/platforms/libqeglfs.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6\\plugins\\sqldrivers\\qsqlite.dll",
        "sklearn/linear_model/tests/data.csv",
        "libstdc++.so.6",
        "libgobject-2.0.so.0",
        "cuda_bindings-13.5.0.dist-info/METADATA",
    ],
)
def test_left_out(path: str) -> None:
    assert rules.reason_to_leave_out(path)


@pytest.mark.parametrize(
    "path",
    [
        "torch/bin/torch_shm_manager",  # `import torch` looks for it
        "torch/_dynamo/config.py",  # torch reads the comments in it
        "torch/_inductor/config.py",
        "torch/lib/libtorch_cpu.so",
        "torchvision/_C_stable.so",
        "torchvision/image_stable.so",
        "nvidia/cu13/lib/libcufft.so.12",
        "nvidia/cu13/lib/libcusolver.so.12",
        "nvidia/cu13/lib/libnvrtc.so.13",
        "nvidia/cu13/lib/libnvrtc-builtins.so.13.0",
        "nvidia/cu13/lib/libcupti.so.13",
        "nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9",
        "nvidia/nvshmem/lib/libnvshmem_host.so.3",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/Qt/plugins/iconengines/libqsvgicon.so",
        "PySide6/Qt/plugins/imageformats/libqjpeg.so",
        "libQt6Widgets.so.6",
        "libglib-2.0.so.0",
        "libharfbuzz-fb49c9fc.so.0.61450.0",  # Pillow's own
        "scipy/linalg/_fblas.cpython-311-x86_64-linux-gnu.so",
        "timm/data/_info/imagenet_synsets.txt",
        "resources/digits.npz",
        "nvidia_cublas-13.1.1.3.dist-info/METADATA",
    ],
)
def test_kept(path: str) -> None:
    assert rules.reason_to_leave_out(path) is None


def test_scipy_stays_for_scikit_learn() -> None:
    assert not {"scipy", "sklearn", "sympy", "unittest"} & set(rules.EXCLUDED_MODULES)


def test_tables_of_pyinstaller_lose_what_is_left_out() -> None:
    entries = [("torch/include/a.h", "/x/a.h", "DATA"), ("torch/version.py", "/x/version.py", "DATA")]
    assert rules.keep(entries) == entries[1:]


def test_every_file_belongs_to_a_component() -> None:
    found = {
        path: rules.component_of(path)
        for path in (
            "_internal/torch/lib/libtorch_cuda.so",
            "_internal/torch/lib/libtorch_cpu.so",
            "_internal/nvidia/cudnn/lib/libcudnn.so.9",
            "_internal/nvidia/cu13/lib/libcublas.so.13",
            "_internal/libQt6Core.so.6",
            "_internal/sklearn/x.so",
            "_internal/resources/digits.npz",
            "cnn-studio",
        )
    }
    assert list(found.values()) == [
        "PyTorch, CUDA",
        "PyTorch",
        "NVIDIA cuDNN",
        "NVIDIA CUDA (cuBLAS, cuFFT, ...)",
        "Qt and PySide6",
        "scipy and scikit-learn",
        "CNN Studio's data",
        "other Python modules",
    ]


def test_the_report_counts_every_byte_once(tmp_path: Path) -> None:
    (tmp_path / "_internal/torch/lib").mkdir(parents=True)
    (tmp_path / "_internal/torch/lib/libtorch_cpu.so").write_bytes(b"x" * 5_000_000)
    (tmp_path / "_internal/libtorch_cpu.so").symlink_to("torch/lib/libtorch_cpu.so")
    (tmp_path / "cnn-studio").write_bytes(b"x" * 1_000_000)
    files = sizes.measure(tmp_path)
    components = sizes.by_component(files)
    assert [(one.name, one.size, one.count) for one in components] == [
        ("PyTorch", 5_000_000, 1),
        ("other Python modules", 1_000_000, 1),
    ]
    assert sizes.table(components).splitlines()[-1].split() == ["together", "6.0", "MB", "2", "files"]


@pytest.mark.parametrize(
    ("library", "total", "allowed"),
    [
        ("torch/lib/libtorch_cuda.so", 4_600_000_000, True),
        ("torch/lib/libtorch_cuda.so", 4_600_000_001, False),
        ("torch/lib/libtorch_cpu.so", 1_600_000_000, True),
        ("torch/lib/libtorch_cpu.so", 1_600_000_001, False),
    ],
)
def test_too_large_is_said(library: str, total: int, allowed: bool) -> None:
    sentence = sizes.complaint({library: total - 1, "cnn-studio": 1})
    assert (sentence == "") is allowed
    if not allowed:
        assert f"{total / 10**9:.2f} GB" in sentence and "sizes.txt" in sentence
