"""The wheel, built from the source distribution: what is in it, and that it works in an environment of its own."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import smoke

import cnn_studio
from tests.packaging.conftest import PACKAGING

pytestmark = [pytest.mark.slow, pytest.mark.qt, pytest.mark.timeout(1800)]

ROOT = PACKAGING.parent
STEM = f"cnn_studio-{cnn_studio.__version__}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel that was built from it alone."""
    folder = tmp_path_factory.mktemp("built")
    tools = folder / "tools"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--target",
        str(tools),
    ]
    subprocess.run([*pip, "hatchling>=1.26"], check=True)
    hatch = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(tools)}
    subprocess.run([*hatch, "-t", "sdist"], cwd=ROOT, env=environment, check=True)
    with tarfile.open(folder / f"{STEM}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    subprocess.run([*hatch, "-t", "wheel"], cwd=folder / STEM, env=environment, check=True)
    return folder


def test_source_distribution(built: Path) -> None:
    source = built / STEM
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "cnn_studio/py.typed",
        "resources/digits.npz",
        "resources/icons/cnn-studio.svg",
        "packaging/cnn_studio.spec",
        "packaging/windows/cnn_studio.iss",
        "tests/conftest.py",
    ):
        assert (source / name).is_file(), name
    assert not list(source.rglob("__pycache__"))


def test_wheel(built: Path) -> None:
    with zipfile.ZipFile(built / f"{STEM}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read(f"{STEM}.dist-info/METADATA").decode()
    code = {file.relative_to(ROOT).as_posix() for file in (ROOT / "cnn_studio").rglob("*.py")}
    data = {
        f"cnn_studio/_resources/{file.relative_to(ROOT / 'resources').as_posix()}"
        for file in (ROOT / "resources").rglob("*")
        if file.is_file()
    }
    assert code | data | {"cnn_studio/py.typed"} <= names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"cnn_studio", f"{STEM}.dist-info"}  # no tests, no packaging
    assert f"{STEM}.dist-info/licenses/LICENSE" in names
    assert f"\nVersion: {cnn_studio.__version__}\n" in metadata


def test_the_installed_wheel_works(built: Path, tmp_path: Path) -> None:
    missing = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} is not installed")
    environment = tmp_path / "environment ä"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    # the libraries of this environment, but not this checkout: a folder named here is searched for modules only
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    wheel = built / f"{STEM}-py3-none-any.whl"
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*pip, "--force-reinstall", str(wheel)], check=True)
    where = subprocess.run(
        [str(python), "-c", "import cnn_studio; print(cnn_studio.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(environment)
    smoke.run(environment / "bin" / "cnn-studio")
