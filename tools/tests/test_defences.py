"""What the measurement of defences does beside mslora."""

import sys

import defences


def test_time_of_processors():
    spent = defences.seconds([sys.executable, "-c", "import time; time.sleep(1.5); print(sum(range(1000)))"])
    assert 0 < spent < 1.4  # sleeping takes none


def test_rows(tmp_path):
    path = tmp_path / "test-clean.csv"
    path.write_text('0,1\n"a\nb",0\nc,1\n')
    assert defences.rows(path) == 2
