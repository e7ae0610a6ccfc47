import base64
import hashlib
import os
import stat
import zipfile

import pytest

from fetch import registry
from fetch.failure import Failure


def wheel(folder, name="snippets", content=b"text"):
    """Make a small package file that pip accepts; give its SHA-256."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    parts = {
        f"{name}/data.txt": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{n},sha256={base64.urlsafe_b64encode(hashlib.sha256(d).digest()).rstrip(b'=').decode()},{len(d)}" for n, d in parts.items()]
    parts[f"{info}/RECORD"] = "\n".join(rows + [f"{info}/RECORD,,"]).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def offline(tmp_path):
    """Give the options that make pip look nowhere but in a folder."""
    return "--no-index", f"--find-links={tmp_path / 'packages'}"


def test_pip_gives_the_file(tmp_path):
    sha256 = wheel(tmp_path / "packages")
    path = registry.pip("snippets==1.0", sha256, str(tmp_path / "out"), *offline(tmp_path))
    with zipfile.ZipFile(path) as archive:
        assert archive.read("snippets/data.txt") == b"text"


def test_pip_refuses_another_file(tmp_path):
    wheel(tmp_path / "packages")
    with pytest.raises(Failure, match="pip cannot fetch snippets==1.0: THESE PACKAGES DO NOT MATCH THE HASHES"):
        registry.pip("snippets==1.0", "0" * 64, str(tmp_path / "out"), *offline(tmp_path))


def test_pip_names_a_missing_package(tmp_path):
    (tmp_path / "packages").mkdir()
    with pytest.raises(Failure, match="pip cannot fetch snippets==1.0: Could not find a version") as caught:
        registry.pip("snippets==1.0", "0" * 64, str(tmp_path / "out"), *offline(tmp_path))
    assert caught.value.hint.endswith("-m pip download snippets==1.0")


@pytest.fixture
def fake_maven(tmp_path, monkeypatch):
    """Put a program mvn on the path that runs a given script; $OUT is the folder that it was given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def install(script):
        path = folder / "mvn"
        path.write_text('#!/bin/sh\nfor a in "$@"; do case $a in -DoutputDirectory=*) OUT=${a#*=};; esac; done\nmkdir -p "$OUT"\n' + script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return install


def test_maven_gives_the_file(tmp_path, fake_maven):
    fake_maven('printf jar > "$OUT/model-1.0.jar"')
    path = registry.maven("group:model:1.0", hashlib.sha256(b"jar").hexdigest(), str(tmp_path / "out"))
    assert os.path.basename(path) == "model-1.0.jar"


def test_maven_file_is_verified(tmp_path, fake_maven):
    fake_maven('printf another > "$OUT/model-1.0.jar"')
    with pytest.raises(Failure, match="model-1.0.jar: its SHA-256 is"):
        registry.maven("group:model:1.0", hashlib.sha256(b"jar").hexdigest(), str(tmp_path / "out"))


def test_maven_error_is_passed_on(tmp_path, fake_maven):
    fake_maven('echo "[ERROR] Could not resolve group:model"; echo "[ERROR] more"; exit 1')
    with pytest.raises(Failure, match="Maven cannot fetch group:model:1.0: Could not resolve group:model$"):
        registry.maven("group:model:1.0", "00", str(tmp_path / "out"))


def test_missing_maven_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="client mvn, which would fetch group:model:1.0, is missing") as caught:
        registry.maven("group:model:1.0", "00", str(tmp_path / "out"))
    assert caught.value.hint == "install Maven"


def test_more_than_one_file_is_a_failure(tmp_path, fake_maven):
    fake_maven('touch "$OUT/a" "$OUT/b"')
    with pytest.raises(Failure, match="2 files were fetched, expected 1: a b"):
        registry.maven("group:model:1.0", "00", str(tmp_path / "out"))


@pytest.mark.parametrize("output, want", [
    ("ERROR: no network\nmore", "no network"),
    ("warning\nERROR:\nlast line", "last line"),
    ("  \n", "no message"),
    ("", "no message"),
])
def test_reason(output, want):
    assert registry.reason(output, "ERROR:") == want
