import hashlib

import pytest

import fetched


def test_check_compares_checksums(tmp_path):
    path = tmp_path / "wheel"
    path.write_bytes(b"content")
    fetched.check(path, hashlib.sha256(b"content").hexdigest())
    with pytest.raises(fetched.Failure, match="wheel: its SHA-256 is .*, expected 00"):
        fetched.check(path, "00")


def test_replace_leaves_no_temporary_file(tmp_path):
    path = tmp_path / "new" / "file"
    fetched.replace(str(path), b"one")
    fetched.replace(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_report_prints_error_and_hint(capsys):
    assert fetched.report(fetched.Failure("no network", "plug it in")) == 1
    assert capsys.readouterr().err == "error: no network\nhint: plug it in\n"
