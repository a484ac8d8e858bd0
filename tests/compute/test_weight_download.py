"""Published weights from a server on the loopback address: cut, cancelled, wrong, unreachable, and used when whole."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import save
from torchvision import models

from cnn_studio.app.download import Patience
from cnn_studio.app.jobs import JobEnded, Progress
from cnn_studio.app.preferences import Preferences, save_preferences
from cnn_studio.app.sources import open_source
from cnn_studio.app.weight_download import download_weights, mirrored, weight_download_job
from cnn_studio.core.errors import Cancelled, DownloadError, NetworkError, ParameterError
from cnn_studio.transfer.card import NetworkCard
from cnn_studio.transfer.opening import find_network, list_networks, open_network
from cnn_studio.transfer.weights import find_weights, is_complete, read_weights
from tests.helpers.web import Site, serving

NAME = "torchvision:squeezenet1_1"
HUB_NAME = "timm:lcnet_050"
HUB_PATH = "timm/lcnet_050.ra2_in1k/resolve/main/model.safetensors"
REVISION = "0123456789abcdef0123456789abcdef01234567"
QUICK = Patience(connect_seconds=2, stall_seconds=1, retries=1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty download folders of the libraries, and no preferences; that of torch is returned."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def content() -> bytes:
    """The file of a network with weights of a known seed."""
    torch.manual_seed(3)
    file = io.BytesIO()
    torch.save(models.squeezenet1_1().state_dict(), file)
    return file.getvalue()


def published(content: bytes, monkeypatch: pytest.MonkeyPatch) -> NetworkCard:
    """Let the card of `NAME` name `content` as the published file."""
    name = f"squeezenet1_1-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    card = replace(find_network(NAME), file_name=name, url=f"https://download.pytorch.org/models/{name}")
    monkeypatch.setattr("cnn_studio.transfer.opening.find_network", lambda _name: card)
    monkeypatch.setattr("cnn_studio.transfer.sources.find_network", lambda _name: card)
    return card


def on_hub(content: bytes) -> Site:
    """The hub as it answers: the checksum at once, the content from another address."""
    digest = hashlib.sha256(content).hexdigest()
    site = Site({"content": content})
    site.headers[HUB_PATH] = {"X-Linked-ETag": f'"{digest}"', "X-Repo-Commit": REVISION}
    return site


def nothing(event: object) -> None:
    pass


def never() -> bool:
    return False


def test_weights_come_to_the_folder_of_torchvision_and_load(
    folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = published(content, monkeypatch)
    events: list[object] = []
    with pytest.raises(NetworkError, match="are not on this machine"):
        open_source(NAME)
    with serving(Site({f"models/{card.file_name}": content})) as site:
        file = download_weights(card, events.append, never, mirror=site.url, patience=QUICK)
        assert download_weights(card, nothing, never, mirror=site.url) == file
        assert len(site.asked) == 1, "what is here is not fetched again"
    assert file == folder / card.file_name == find_weights(card)
    assert events[-1] == Progress(f"Downloading {NAME}", len(content), len(content))
    assert [path.name for path in folder.iterdir()] == [card.file_name]
    theirs = torch.hub.load_state_dict_from_url(card.url, check_hash=True, weights_only=True)
    opened = open_network(NAME)
    assert opened.weights is not None
    assert all(torch.equal(opened.weights[key], value) for key, value in theirs.items())
    assert len(open_source(NAME).project.weights) == len(theirs)


def test_a_job_is_cancelled_and_the_next_goes_on(
    folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = published(content, monkeypatch)
    with serving(Site({f"models/{card.file_name}": content}, delay=0.002)) as site:
        job = weight_download_job(card, mirror=site.url, patience=QUICK)
        job.start()
        part = folder / f"{card.file_name}.part"
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not (part.exists() and part.stat().st_size > 300_000):
            time.sleep(0.01)
        job.cancel()
        assert job.wait(5)
        events = job.mailbox.drain()
        assert events[-1] == JobEnded("cancelled")
        assert any(isinstance(event, Progress) and event.total == len(content) for event in events)
        kept = part.stat().st_size
        assert 0 < kept < len(content)
        assert find_weights(card) is None, "a half file is no file"
        site.delay = 0
        job = weight_download_job(card, mirror=site.url, patience=QUICK)
        job.start()
        assert job.wait(20)
        *_, found, ended = job.mailbox.drain()
        assert (found, ended) == (folder / card.file_name, JobEnded("done"))
        assert site.asked == ["", f"bytes={kept}-"]
    assert is_complete(folder / card.file_name)


def test_a_cut_connection_is_resumed(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    card = published(content, monkeypatch)
    with serving(Site({f"models/{card.file_name}": content}, cut_after=[1_000_000])) as site:
        file = download_weights(card, nothing, never, mirror=site.url, patience=QUICK)
        assert site.asked == ["", "bytes=1000000-"]
    assert file.read_bytes() == content


def test_what_was_not_published_is_refused(
    folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = published(content, monkeypatch)
    other = content[:-1] + bytes([content[-1] ^ 1])
    says = r"is not the file that was published.*efficientnet_lite0"
    with (
        serving(Site({f"models/{card.file_name}": other})) as site,
        pytest.raises(DownloadError, match=says),
    ):
        download_weights(card, nothing, never, mirror=site.url, patience=QUICK)
    assert not list(folder.iterdir()) and find_weights(card) is None


def test_a_half_file_of_another_program_is_replaced(
    folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = published(content, monkeypatch)
    folder.mkdir(parents=True)
    (folder / card.file_name).write_bytes(content[:5000])
    assert open_network(NAME).weights is None
    with pytest.raises(NetworkError, match="is damaged or was downloaded only in part"):
        open_source(NAME)
    with serving(Site({f"models/{card.file_name}": content})) as site:
        file = download_weights(card, nothing, never, mirror=site.url, patience=QUICK)
    assert file.read_bytes() == content and open_network(NAME).weights is not None


def test_weights_of_the_hub_are_checked_by_what_it_says_first(folder: Path, tmp_path: Path) -> None:
    card = find_network(HUB_NAME)
    assert card.url == f"https://huggingface.co/{HUB_PATH}"
    content = save({"a": torch.arange(5000.0)})
    with serving(Site({"cdn": content})) as elsewhere, serving(on_hub(content)) as hub:
        hub.moved[HUB_PATH] = f"{elsewhere.url}/cdn"
        elsewhere.cut_after = [3000]
        file = download_weights(card, nothing, never, mirror=hub.url, patience=QUICK)
        assert elsewhere.asked == ["", "bytes=3000-"]
        asked = len(hub.asked)
        assert download_weights(card, nothing, never, mirror=hub.url) == file
        assert len(hub.asked) == asked
    assert file == tmp_path / "hub" / "models--timm--lcnet_050.ra2_in1k" / "snapshots" / REVISION / (
        "model.safetensors"
    )
    assert find_weights(card) == file
    assert torch.equal(read_weights(file)["a"], torch.arange(5000.0))
    blob = file.resolve()
    assert blob.parent.name == "blobs" and [path.name for path in blob.parent.iterdir()] == [
        hashlib.sha256(content).hexdigest()
    ]
    blob.write_bytes(content[:-4] + b"abcd")
    assert not is_complete(file), "what was damaged later is found, too"


def test_a_system_without_links_keeps_the_file_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: object) -> None:
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    content, card = save({"a": torch.ones(3)}), find_network(HUB_NAME)
    with serving(on_hub(content)) as hub:
        hub.files[HUB_PATH] = content
        file = download_weights(card, nothing, never, mirror=hub.url, patience=QUICK)
        assert download_weights(card, nothing, never, mirror=hub.url) == file == find_weights(card)
        assert len(hub.asked) == 1
    assert not file.is_symlink() and file.read_bytes() == content


def test_a_repository_with_a_new_name_is_found(folder: Path) -> None:
    content = save({"a": torch.ones(3)})
    with serving(on_hub(content)) as hub:
        hub.moved[HUB_PATH] = f"{hub.url}/new"
        hub.headers["new"] = hub.headers.pop(HUB_PATH)
        hub.files["new"] = content
        file = download_weights(find_network(HUB_NAME), nothing, never, mirror=hub.url, patience=QUICK)
    assert file.read_bytes() == content


@pytest.mark.parametrize("case", ["no checksum", "wrong checksum", "not there"])
def test_what_the_hub_does_not_vouch_for_is_refused(case: str, folder: Path, tmp_path: Path) -> None:
    content = save({"a": torch.ones(3)})
    card = find_network(HUB_NAME)
    with serving(on_hub(content)) as hub:
        if case == "no checksum":
            hub.headers[HUB_PATH]["X-Linked-ETag"] = '"abc"'
        if case != "not there":
            hub.files[HUB_PATH] = content
        if case == "wrong checksum":
            hub.files[HUB_PATH] = content[:-1] + b"x"
        says = {
            "no checksum": "names no checksum",
            "wrong checksum": "is not the file that was published",
            "not there": "is not there any more",
        }[case]
        with pytest.raises(DownloadError, match=says):
            download_weights(card, nothing, never, mirror=hub.url, patience=QUICK)
        assert len(hub.asked) == (case == "wrong checksum")
    assert find_weights(card) is None
    assert not [path for path in (tmp_path / "hub").rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", [NAME, HUB_NAME])
@pytest.mark.parametrize("where", ["nobody listens", "nobody answers"])
def test_without_a_connection_the_sentence_comes_soon(
    name: str, where: str, folder: Path, silent: Callable[[], str]
) -> None:
    began = time.monotonic()
    with pytest.raises(DownloadError) as caught:
        download_weights(
            find_network(name), nothing, never, mirror=silent() if where == "nobody answers" else closed()
        )
    assert time.monotonic() - began < 5
    said = str(caught.value)
    assert said.startswith(f"The weights file of {name} could not be fetched from 127.0.0.1: ")
    for choice in ("efficientnet_lite0", "a file on disk", "a mirror"):
        assert choice in said


def closed() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def silent(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Return a function that gives an address where connections are never accepted, as behind a firewall."""

    def make() -> str:
        server = socket.socket()
        request.addfinalizer(server.close)
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(2):  # fills the queue, so that the next one waits
            waiting = socket.socket()
            request.addfinalizer(waiting.close)
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    return make


def test_cancelling_before_there_is_a_connection(folder: Path, silent: Callable[[], str]) -> None:
    began = time.monotonic()
    for name in (NAME, HUB_NAME):
        with pytest.raises(Cancelled):
            download_weights(find_network(name), nothing, lambda: True, mirror=silent())
    assert time.monotonic() - began < 2


def test_the_mirror_of_the_preferences(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    card = published(content, monkeypatch)
    home = Path(os.environ["CNN_STUDIO_HOME"])
    with serving(Site({f"ai/models/{card.file_name}": content})) as site:
        save_preferences(Preferences(weights_mirror=f"{site.url}/ai/"), home / "settings.json")
        assert download_weights(card, nothing, never, patience=QUICK).read_bytes() == content


@pytest.mark.parametrize(
    "mirror",
    ["ftp://a.org", "a.org", "https://", "http://a.org:port", "http://[a", "https://a.org/?x=1", "https://a b.org", "file:///etc"],
)  # fmt: skip
def test_a_mirror_that_is_no_address(mirror: str) -> None:
    with pytest.raises(ParameterError, match="is no web address"):
        mirrored("https://download.pytorch.org/models/a.pth", mirror)


def test_what_has_no_published_weights_or_no_checksum(folder: Path) -> None:
    card = find_network(NAME)
    with pytest.raises(DownloadError, match="No weights are published"):
        download_weights(replace(card, url="", file_name=""), nothing, never)
    with pytest.raises(DownloadError, match="No checksum is published"):
        download_weights(replace(card, file_name="a.pth"), nothing, never)


def test_every_card_of_torchvision_can_be_fetched_and_checked() -> None:
    for card in list_networks("torchvision"):
        assert card.url.startswith("https://download.pytorch.org/models/") and card.url.endswith(
            card.file_name
        )
        assert card.num_bytes is not None and card.params is not None
        # four bytes per parameter; files with auxiliary heads hold more
        assert 0.99 < card.num_bytes / (4 * card.params) < 2.1
        assert len(card.file_name.rpartition("-")[2].partition(".")[0]) >= 8
