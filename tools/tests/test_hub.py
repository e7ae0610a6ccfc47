import hashlib
import socket

import pytest

import loopback
from fetch import hub
from fetch.failure import Failure

DATA = bytes(range(256)) * 40
PATH = "/model/resolve/main/weights"


@pytest.fixture
def server():
    with loopback.serve({PATH: DATA}) as running:
        yield running


def fetch(server, path, data=DATA):
    hub.fetch(server.address + PATH, str(path), len(data), hashlib.sha256(data).hexdigest())


def test_url_names_the_endpoint(monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert hub.url("org/model", "abc", "vocab.txt") == "https://huggingface.co/org/model/resolve/abc/vocab.txt"
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror/")
    assert hub.url("org/model", "abc", "vocab.txt") == "http://mirror/org/model/resolve/abc/vocab.txt"


def test_fetches_a_file(server, tmp_path):
    fetch(server, tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == DATA
    assert server.requests == [(PATH, None)]


def test_follows_redirects_with_the_range(server, tmp_path):
    server.redirect = True
    (tmp_path / "weights").write_bytes(DATA[:100])
    fetch(server, tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == DATA
    assert server.requests[-1] == ("/moved" + PATH, "bytes=100-")


def test_goes_on_after_a_break(server, tmp_path):
    path = tmp_path / "weights"
    server.cut = 1000
    with pytest.raises(Failure, match="broke off after 1000 of 10240 bytes"):
        fetch(server, path)
    assert path.read_bytes() == DATA[:1000]
    server.cut = None
    fetch(server, path)
    assert path.read_bytes() == DATA
    assert server.requests == [(PATH, None), (PATH, "bytes=1000-")]


def test_starts_anew_where_the_hub_cannot_resume(server, tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(b"?" * 1000)
    server.ranges = False
    fetch(server, path)
    assert path.read_bytes() == DATA


def test_asks_for_nothing_when_the_file_is_there(server, tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(DATA)
    fetch(server, path)
    assert server.requests == []


@pytest.mark.parametrize("start", [b"", b"!" * 100, b"!" * len(DATA), b"!" * (len(DATA) + 1)],
                         ids=["nothing there", "damaged part", "damaged file", "longer file"])
def test_a_damaged_file_is_removed(server, tmp_path, start):
    path = tmp_path / "weights"
    if start:
        path.write_bytes(start)
    else:
        server.files[PATH] = b"!" * len(DATA)
    with pytest.raises(Failure, match="expected"):
        fetch(server, path)
    assert not path.exists()


def test_a_missing_file_is_a_failure(server, tmp_path):
    server.files.clear()
    with pytest.raises(Failure, match=f"{PATH}: Not Found"):
        fetch(server, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_an_unreachable_hub_is_a_failure(tmp_path):
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/weights"
        with pytest.raises(Failure, match="refused"):
            hub.fetch(address, str(tmp_path / "weights"), 1, "00")


def test_a_silent_hub_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, but never answers
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/weights"
        with pytest.raises(Failure, match="timed out"):
            hub.fetch(address, str(tmp_path / "weights"), 1, "00")
