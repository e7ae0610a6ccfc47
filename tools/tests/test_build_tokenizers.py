"""The script with stand-ins for go and cargo, in a copy of the part of the repository that it reads."""

import os
import shutil
import stat
import subprocess

import pytest

from conftest import TOOLS

SYMBOL = "tokenizers_version_1_2_3"


@pytest.fixture
def place(tmp_path):
    """A folder with the script, its sources, and a bin folder in which programs can be put."""
    shutil.copytree(TOOLS.parent / "third_party" / "tokenizers", tmp_path / "third_party" / "tokenizers")
    (tmp_path / "tools").mkdir()
    shutil.copy(TOOLS / "build_tokenizers.sh", tmp_path / "tools")
    (tmp_path / "module" / "src").mkdir(parents=True)
    (tmp_path / "module" / "src" / "lib.rs").write_text(f"pub extern fn {SYMBOL}() {{}}\n")
    (tmp_path / "bin").mkdir()
    program(tmp_path, "go", f'case $1 in list) echo "{tmp_path}/module" ;; esac')
    return tmp_path


def program(place, name, script):
    path = place / "bin" / name
    path.write_text("#!/bin/sh\n" + script + "\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def cargo(place, version="1.95.0"):
    program(place, "cargo", f'''[ "$1" = --version ] && {{ echo "cargo {version} (abc 2026-01-01)"; exit; }}
grep -q {SYMBOL} src/lib.rs && [ -f Cargo.lock ] && [ -f tiktoken/src/lib.rs ] || exit 9
echo "$@" >> "{place}/cargo.log"; mkdir -p target/release; echo built > target/release/libtokenizers.a''')


def run(place, **variables):
    environment = {"PATH": f"{place}/bin:/usr/bin:/bin", "HOME": str(place), **variables}
    done = subprocess.run([place / "tools" / "build_tokenizers.sh", place / "lib"], env=environment, capture_output=True, text=True)
    return done.returncode, done.stderr


def hide_cargo(place):
    """The machine's own cargo may lie where the script's other tools do."""
    if os.path.exists("/usr/bin/cargo"):
        pytest.skip("cargo is in /usr/bin")


def test_builds_once(place):
    cargo(place)
    for _ in range(2):
        assert run(place) == (0, "")
    assert (place / "cargo.log").read_text() == "build --release --locked --quiet\n"
    assert (place / "lib" / "libtokenizers.a").read_text() == "built\n"
    assert not list((place / "build").iterdir())


@pytest.mark.parametrize("source", ["module/src/lib.rs", "third_party/tokenizers/Cargo.lock", "third_party/tokenizers/tiktoken/src/lib.rs"])
def test_builds_again_when_a_source_changes(place, source):
    cargo(place)
    assert run(place)[0] == 0
    (place / source).chmod(0o644)
    with open(place / source, "a") as file:
        file.write("# changed\n")
    assert run(place)[0] == 0
    assert len((place / "cargo.log").read_text().splitlines()) == 2


def test_a_failed_build_leaves_no_library(place):
    cargo(place)
    (place / "module" / "src" / "lib.rs").write_text(f"{SYMBOL.replace('1', 'x')}")
    assert run(place)[0] != 0
    assert not (place / "lib" / "libtokenizers.a").exists()


def test_cargo_is_named_when_it_is_missing(place):
    hide_cargo(place)
    code, said = run(place)
    assert code == 1
    assert said.startswith("error: cargo, which builds the tokenizers library, is missing\nhint: install Rust 1.82 or later, or set LIBTOKENIZERS_A")


@pytest.mark.parametrize("version, code", [("1.81.0", 1), ("1.9.0", 1), ("1.82.0", 0), ("1.100.1", 0)])
def test_old_cargo_is_refused(place, version, code):
    cargo(place, version)
    got, said = run(place)
    assert got == code
    assert code == 0 or said.startswith(f"error: cargo is {version.rsplit('.', 1)[0]}, need 1.82 or later\nhint: ")


def test_prebuilt_library(place):
    (place / "mine.a").write_text(f"...{SYMBOL}...")
    assert run(place, LIBTOKENIZERS_A=str(place / "mine.a")) == (0, "")
    assert (place / "lib" / "libtokenizers.a").read_text() == f"...{SYMBOL}..."
    assert run(place) == (0, "")  # it stays, without cargo


def test_prebuilt_library_of_another_version(place):
    (place / "mine.a").write_text("...tokenizers_version_1_2_2...")
    code, said = run(place, LIBTOKENIZERS_A=str(place / "mine.a"))
    assert code == 1
    assert said.startswith(f"error: {place}/mine.a has no function {SYMBOL}\nhint: take libtokenizers.a from the release")
    assert not (place / "lib" / "libtokenizers.a").exists()


def test_missing_prebuilt_library(place):
    code, said = run(place, LIBTOKENIZERS_A="nowhere.a")
    assert code == 1
    assert said.startswith("error: LIBTOKENIZERS_A names nowhere.a, which is no file\nhint: ")
