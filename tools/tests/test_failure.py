"""What a server says is shown so that it does not steer the terminal."""

import pytest

from fetch.failure import Failure, run, visible


@pytest.mark.parametrize("text, want", [
    ("404 Not Found", "404 Not Found"),
    ("naïve 電影", "naïve 電影"),
    ("a\x1b[2J\u202eb\u009b", "a⟨U+001B⟩[2J⟨U+202E⟩b⟨U+009B⟩"),
    ("two\nlines\tand\rmore", "two lines and more"),
])
def test_visible(text, want):
    assert visible(text) == want


def test_run_prints_a_failure_visibly(capsys):
    def main():
        raise Failure("http://hub: 404 \x1b[2J", "wait\x07")

    assert run(main) == 1
    assert capsys.readouterr().err == "error: http://hub: 404 ⟨U+001B⟩[2J\nhint: wait⟨U+0007⟩\n"
