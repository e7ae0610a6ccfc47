import os

import pytest

from fetch import own
from fetch.failure import Failure

TOY = own.Kind("toy", ("config.json", "*.bin"), ("fresh",))
MARKED = '{"program":"mslora","kind":"toy"}\n'


def lay(folder, contents):
    folder.mkdir(exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text)
    return str(folder)


@pytest.mark.parametrize("contents", [
    {}, {own.MARKER: MARKED}, {own.MARKER: MARKED, "config.json": "", "a.bin": "", ".lock": "", ".config.json.tmp-0123abcd": ""},
    {f".{own.MARKER}.tmp-0123abcd": ""},
])
def test_own_folders(tmp_path, contents):
    folder = lay(tmp_path / "toy", contents)
    TOY.check(folder)
    TOY.claim(folder)
    assert (tmp_path / "toy" / own.MARKER).read_text() == MARKED
    TOY.remove(folder)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("contents, message", [
    ({"config.json": ""}, "toy/config.json is not a file that mslora made there"),
    ({own.MARKER: MARKED, "a.bin": "", "notes": "", "zoo": ""}, "toy/notes is not a file"),
    ({own.MARKER: MARKED.replace("toy", "cell")}, 'toy was made as "cell", expected "toy"'),
    ({own.MARKER: "{"}, "does not say what made its folder"),
    ({own.MARKER: "[]"}, "does not say what made its folder"),
    ({own.MARKER: '{"program":"other","kind":"toy"}'}, "does not say what made its folder"),
])
def test_other_folders(tmp_path, contents, message):
    folder = lay(tmp_path / "toy", contents)
    for call in TOY.check, TOY.claim, TOY.remove:
        with pytest.raises(Failure, match=message):
            call(folder)
    assert {path.name: path.read_text() for path in (tmp_path / "toy").iterdir()} == contents


def test_folders_in_it(tmp_path):
    folder = lay(tmp_path / "toy", {own.MARKER: MARKED})
    for name in "fresh", ".config.json.tmp-ab_12345":
        (tmp_path / "toy" / name).mkdir()
    TOY.check(folder)
    (tmp_path / "toy" / "config.json").mkdir()
    with pytest.raises(Failure, match="toy/config.json is not a file"):
        TOY.check(folder)
    (tmp_path / "toy" / "config.json").rmdir()
    TOY.remove(folder)
    assert os.listdir(tmp_path) == []


def test_what_is_no_folder(tmp_path):
    TOY.check(str(tmp_path / "none"))
    TOY.remove(str(tmp_path / "none"))
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match="is a file, expected a folder"):
        TOY.check(str(tmp_path / "file"))
