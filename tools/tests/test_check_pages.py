import base64

import pytest

import check_pages
from conftest import TOOLS
from fetch.failure import Failure

PAGES = sorted(str(path) for path in (TOOLS.parent / "report" / "testdata").glob("*.html"))


@pytest.fixture
def program():
    found = check_pages.browser()
    if found is None:
        pytest.skip("there is no Chromium")
    return found


def test_pages_of_the_reports_are_in_order(program, capsys):
    assert len(PAGES) > 3
    check_pages.main(PAGES)
    assert capsys.readouterr().out == f"{len(PAGES)} pages are in order\n"


def test_faults_are_found(program, tmp_path, capsys):
    (tmp_path / "page.html").write_text(
        '<!DOCTYPE html><meta name="color-scheme" content="light dark"><style>@media (prefers-color-scheme: dark) { .d { color: #444 } }</style>'
        '<p style="width: 500px">wide</p><p class="d">dim</p><p style="color: #aaa; background: #fff">faint</p><img src="data:image/png;base64,AAAA" alt="none">')
    with pytest.raises(Failure, match="faults in 1 pages"):
        check_pages.main([str(tmp_path / "page.html"), "--pictures", str(tmp_path / "shots")])
    said = capsys.readouterr().out
    for place, scheme, fault, is_one in [
        ("phone", "light", "the page is 508 pixels wide in a window of 360", True), ("desk", "light", "the page is", False),
        ("desk", "dark", "text is too faint, 1.9:1: <p> dim", True), ("desk", "light", "<p> dim", False),
        ("desk", "light", "text is too faint, 2.3:1: <p> faint", True), ("phone", "dark", "a picture does not load: none", True),
        ("phone", "dark", "<p> wide", False),
    ]:
        assert any(f", {place}, {scheme}: " in line and fault in line for line in said.splitlines()) == is_one, (place, scheme, fault, said)
    assert len(list((tmp_path / "shots").iterdir())) == 4


@pytest.mark.parametrize("drawing, empty", [("", True), ("<rect/>", True), ("<g><rect/><path d='M0 0'/></g>", False)])
def test_empty_pictures(drawing, empty, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check_pages, "BROWSERS", ("no-such-browser",))
    content = base64.b64encode(f"<svg xmlns='http://www.w3.org/2000/svg'>{drawing}</svg>".encode()).decode()
    page = tmp_path / "page.html"
    page.write_text(f'<img src="data:image/svg+xml;base64,{content}" alt="a &lt; b">'.replace("+", "&#43;"))
    if not empty:
        check_pages.main([str(page)])
        return
    with pytest.raises(Failure, match="1 faults in 1 pages"):
        check_pages.main([str(page)])
    assert capsys.readouterr().out == f"{page}: a picture is empty: a < b\n"


def test_without_a_browser_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(check_pages, "BROWSERS", ("no-such-browser",))
    check_pages.main(PAGES)
    assert capsys.readouterr().out == "SKIPPED: no page was opened, there is no Chromium\n"
