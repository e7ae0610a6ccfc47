import hashlib
import os

import pytest

from fetch import files, own
from fetch.failure import Failure

KIND = own.Kind("test", ("first", "second"))


def test_verify_compares_checksums(tmp_path):
    path = tmp_path / "wheel"
    path.write_bytes(b"content")
    files.verify(path, hashlib.sha256(b"content").hexdigest())
    with pytest.raises(Failure, match="wheel: its SHA-256 is .*, expected 00") as caught:
        files.verify(path, "00")
    assert "damaged" in caught.value.hint


def test_write_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "new" / "file"
    files.write(path, b"one, and longer")
    files.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["file"]


def test_replacing_a_folder(tmp_path, capsys):
    path = tmp_path / "model"
    for content in "first", "second":
        with files.replacing(path, KIND) as fresh:
            KIND.claim(fresh)
            with open(os.path.join(fresh, content), "w"):
                pass
        assert sorted(os.listdir(path)) == [own.MARKER, content]
    assert os.listdir(tmp_path) == ["model"]
    assert capsys.readouterr().err == f"replacing {path}\n"


@pytest.mark.parametrize("kind", [None, KIND])
@pytest.mark.parametrize("names", [["precious"], ["first", "precious"], ["first"], ["sub/first"]])
def test_replacing_refuses_what_it_did_not_make(tmp_path, kind, names):
    path = tmp_path / "model"
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("mine")
    with pytest.raises(Failure, match=f"{names[0].split('/')[0]} is not a file that mslora made there"):
        with files.replacing(path, *[kind] if kind else []) as fresh:
            os.mkdir(fresh)
    assert all((path / name).read_text() == "mine" for name in names)
    assert os.listdir(tmp_path) == ["model"]


def test_replacing_a_link_to_a_folder_spares_its_target(tmp_path):
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / "precious").touch()
    path = tmp_path / "model"
    path.symlink_to(target)
    with pytest.raises(Failure, match="model/precious is not"), files.replacing(path) as fresh:
        os.mkdir(fresh)
    assert os.listdir(path) == ["precious"]
    (target / "precious").rename(target / "first")
    own.mark(target, KIND.name)
    with files.replacing(path, KIND) as fresh:
        os.mkdir(fresh)
    assert not path.is_symlink() and os.listdir(path) == []
    assert sorted(os.listdir(target)) == [own.MARKER, "first"]


def test_replacing_keeps_the_old_when_something_fails(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(ValueError), files.replacing(path) as fresh:
        os.mkdir(fresh)
        raise ValueError("no good")
    assert os.listdir(path) == ["old"]
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_full_disk_names_the_file(tmp_path):
    path = tmp_path / "model"
    with pytest.raises(Failure, match="cannot write .*model: No space left") as caught, files.replacing(path):
        with open("/dev/full", "wb", buffering=0) as file:
            file.write(b"x")
    assert caught.value.hint.startswith("free some space")
    assert os.listdir(tmp_path) == []
