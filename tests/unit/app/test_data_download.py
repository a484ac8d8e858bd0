"""Whole data sets from a server of the test, in the form in which they are published."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from cnn_studio.app.data_download import download_job, download_source
from cnn_studio.app.download import Patience
from cnn_studio.app.jobs import JobEnded, Progress
from cnn_studio.app.places import dataset_folder
from cnn_studio.core.errors import DataError
from cnn_studio.datasets.load import load
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.remote import RemoteFile
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import write_cifar10, write_mnist
from tests.helpers.web import Site, serving

QUICK = Patience(connect_seconds=2, stall_seconds=1)


def published(site: Site, name: str, content: bytes, *, is_archive: bool = False) -> RemoteFile:
    site.files[name] = content
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return RemoteFile(name, (f"{site.url}/{name}",), f"md5:{digest}", is_archive)


def cifar_archive(folder: Path) -> bytes:
    write_cifar10(folder / "cifar-10-batches-bin", 8)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.add(folder / "cifar-10-batches-bin", "cifar-10-batches-bin")
    return out.getvalue()


def test_an_archive_is_unpacked_and_loads(tmp_path: Path) -> None:
    events: list[object] = []
    with serving(Site({})) as site:
        file = published(site, "cifar-10-binary.tar.gz", cifar_archive(tmp_path / "made"), is_archive=True)
        for _ in range(2):
            source = download_source(
                "cifar10", tmp_path / "set", events.append, lambda: False, files=(file,), patience=QUICK
            )
        assert len(site.asked) == 1, "what is unpacked is not fetched again"
    assert source == DataSource(kind="cifar10", folder=str(tmp_path / "set"))
    assert not (tmp_path / "set" / file.name).exists()
    data = load(source, height=32, width=32, channels=3, preprocessing=Preprocessing())
    assert len(data.train) + len(data.val) == 40
    assert Progress("Downloading CIFAR-10", len(site.files[file.name]), len(site.files[file.name])) in events


@pytest.mark.parametrize("mark", ["", "md5:0", "[]", '{"digest": 1}', None])
def test_a_set_that_was_deleted_is_fetched_again(tmp_path: Path, mark: str | None) -> None:
    folder = tmp_path / "set"
    with serving(Site({})) as site:
        file = published(site, "cifar-10-binary.tar.gz", cifar_archive(tmp_path / "made"), is_archive=True)

        def fetch() -> None:
            download_source("cifar10", folder, print, lambda: False, files=(file,), patience=QUICK)

        fetch()
        if mark is None:
            (folder / "cifar-10-batches-bin" / "data_batch_3.bin").unlink()
        else:
            (folder / f".{file.name}.done").write_text(mark)
        fetch()
        assert len(site.asked) == 2
        assert (folder / "cifar-10-batches-bin" / "data_batch_3.bin").is_file()
        fetch()
        assert len(site.asked) == 2


def test_a_job_reports_and_ends(tmp_path: Path) -> None:
    write_mnist(tmp_path / "made")
    with serving(Site({})) as site:
        files = tuple(published(site, p.name, p.read_bytes()) for p in sorted((tmp_path / "made").iterdir()))
        job = download_job("mnist", tmp_path / "set", files=files, patience=QUICK)
        job.start()
        assert job.wait(20)
        *_, source, ended = job.mailbox.drain()
    assert ended == JobEnded("done")
    assert isinstance(source, DataSource)
    assert len(load(source, height=8, width=8, channels=1, preprocessing=Preprocessing()).train) > 0


def test_a_cancelled_job_goes_on_later(tmp_path: Path) -> None:
    with serving(Site({}, delay=0.01)) as site:
        file = published(site, "cifar-10-binary.tar.gz", cifar_archive(tmp_path / "made"), is_archive=True)
        job = download_job("cifar10", tmp_path / "set", files=(file,), patience=QUICK)
        job.start()
        part = tmp_path / "set" / f"{file.name}.part"
        while not (part.exists() and part.stat().st_size):
            assert job.is_running
        job.cancel()
        assert job.wait(10)
        assert job.mailbox.drain()[-1] == JobEnded("cancelled")
        assert not (tmp_path / "set" / "cifar-10-batches-bin").exists()
        site.delay = 0
        again = download_job("cifar10", tmp_path / "set", files=(file,), patience=QUICK)
        again.start()
        assert again.wait(20)
        assert again.mailbox.drain()[-1] == JobEnded("done")
        assert site.asked[-1].startswith("bytes=")


def test_a_set_that_needs_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="needs no download"):
        download_source("digits", tmp_path, print, lambda: False)


def test_sets_have_a_folder_each(studio_home: Path) -> None:
    assert dataset_folder("mnist") == studio_home / "datasets" / "mnist"
