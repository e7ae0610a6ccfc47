#!/usr/bin/env python3
"""Opens report pages in Chromium, on a desk and on a phone, light and dark, and says what is wrong with their layout.

    tools/check_pages.py my-classifier/report.html report.html --pictures shots

No page may be wider than its window, no picture may be empty or fail to load, and no text may be fainter than WCAG's 4.5:1 against what is behind it.
Without Chromium it says so in a line, and looks for empty pictures alone. It needs nothing but Python.
"""

import argparse
import base64
import contextlib
import functools
import html
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree

from fetch.failure import Failure, run

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = {"desk": 1280, "phone": 360}
SCHEMES = {"dark": 0, "light": 1}  # as Chromium numbers them
LEAST_CONTRAST = 4.5
SHAPES = {"path", "image", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text"}

# Beside the pages, each in a frame of its own: a page itself lets no script run.
LOOK = """<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<style>body { margin: 0 } iframe { border: 0; height: 800px }</style>
FRAMES<pre id="found"></pre>
<script>
function rgba(text) { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; }
function over(top, below) { return [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1); }
function luminance(c) {
  const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) { const [x, y] = [luminance(a), luminance(b)]; return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); }
function named(e) { return "<" + e.tagName.toLowerCase() + "> " + e.textContent.trim().slice(0, 40); }
function look(page, view) {
  const faults = [], root = page.documentElement, faint = new Map();
  if (root.scrollWidth > root.clientWidth) faults.push(`the page is ${root.scrollWidth} pixels wide in a window of ${root.clientWidth}`);
  for (const image of page.images) if (!image.complete || image.naturalWidth === 0) faults.push(`a picture does not load: ${image.alt}`);
  const canvas = view.matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
  for (const e of page.body.querySelectorAll("*")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim() !== ""), style = view.getComputedStyle(e);
    if (!own || !e.checkVisibility()) continue;
    const layers = [];
    for (let p = e; p; p = p.parentElement) layers.unshift(rgba(view.getComputedStyle(p).backgroundColor));
    const behind = layers.reduce((below, layer) => over(layer, below), canvas);
    const ink = over(rgba(e.closest("svg") ? style.fill : style.color), behind), ratio = contrast(ink, behind);
    if (ratio < LEAST) faint.set(`text is too faint, ${ratio.toFixed(1)}:1: ` + named(e), true);
  }
  return {faults: [...faults, ...faint.keys()], dark: view.matchMedia("(prefers-color-scheme: dark)").matches, width: root.clientWidth, elements: page.body.querySelectorAll("*").length};
}
onload = async function () {
  const found = [];
  for (const frame of document.querySelectorAll("iframe")) {
    await Promise.all([...frame.contentDocument.images].map(i => i.decode().catch(() => 0)));
    found.push(look(frame.contentDocument, frame.contentWindow));
  }
  document.getElementById("found").textContent = JSON.stringify(found);
};
</script>
"""


def browser():
    """Give the path of Chromium, None if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def empty_pictures(page):
    """Give the names of drawings in a page that show nothing."""
    empty = []
    for source, name in re.findall(r'<img src="([^"]*)" alt="([^"]*)"', pathlib.Path(page).read_text(encoding="utf-8")):
        kind, _, content = html.unescape(source).partition(",")
        if kind != "data:image/svg+xml;base64":
            continue
        shapes = [e for e in xml.etree.ElementTree.fromstring(base64.b64decode(content)).iter() if e.tag.split("}")[-1] in SHAPES]
        if len(shapes) < 2:  # one may be the background
            empty.append(html.unescape(name))
    return empty


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def chromium(program, url, width, scheme, *flags):
    """Open an address and give what Chromium prints."""
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}", f"--window-size={width},4000",
             f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", *flags, url],
            capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Failure(f"{program} exited with {done.returncode}: {done.stderr.strip()[-300:]}", "try it by hand")
    return done.stdout


@contextlib.contextmanager
def served(files):
    """Serve files {name: bytes} on this machine, and give the address."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            pathlib.Path(folder, name).write_bytes(content)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/"
            finally:
                server.shutdown()


def faults(program, pages, scheme):
    """Give (page, place, fault) of all that is wrong with pages in a colour scheme."""
    frames = [(page, place) for page in pages for place in WIDTHS]
    look = "".join(f'<iframe src="{pages.index(page)}.html" style="width: {WIDTHS[place]}px"></iframe>\n' for page, place in frames)
    files = {f"{i}.html": pathlib.Path(page).read_bytes() for i, page in enumerate(pages)}
    files["look.html"] = LOOK.replace("FRAMES", look).replace("LEAST", str(LEAST_CONTRAST)).encode()
    with served(files) as address:
        seen = chromium(program, address + "look.html", 1400, scheme, "--virtual-time-budget=60000", "--dump-dom")
    found = re.search(r'<pre id="found">(.+?)</pre>', seen, re.DOTALL)
    if not found:
        raise Failure(f"{program} did not look at the pages", "try it by hand")
    wrong = []
    for (page, place), one in zip(frames, json.loads(html.unescape(found[1]))):
        if one["width"] != WIDTHS[place] or one["dark"] != (scheme == "dark") or one["elements"] == 0:
            raise Failure(f"{program} opened {page} {one['width']} pixels wide, dark: {one['dark']}", f"expected {WIDTHS[place]}, {scheme}")
        wrong += [(page, place, fault) for fault in one["faults"]]
    return wrong


def take_pictures(program, pages, folder):
    os.makedirs(folder, exist_ok=True)
    for page in pages:
        for place, width in WIDTHS.items():
            for scheme in SCHEMES:
                with served({"page.html": pathlib.Path(page).read_bytes()}) as address:
                    picture = os.path.abspath(os.path.join(folder, f"{pathlib.Path(page).stem}-{place}-{scheme}.png"))
                    chromium(program, address + "page.html", width, scheme, f"--screenshot={picture}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", metavar="PAGE", help="report.html of `mslora train` or `mslora report`")
    parser.add_argument("--pictures", metavar="FOLDER", help="also leave a picture of each page there")
    options = parser.parse_args(arguments)
    wrong = 0
    for page in options.pages:
        if not os.path.isfile(page):
            raise Failure(f"{page} is not there", "name HTML files")
        for name in empty_pictures(page):
            print(f"{page}: a picture is empty: {name}")
            wrong += 1
    program = browser()
    for scheme in SCHEMES if program else ():
        for page, place, fault in faults(program, options.pages, scheme):
            print(f"{page}, {place}, {scheme}: {fault}")
            wrong += 1
    if options.pictures and program:
        take_pictures(program, options.pages, options.pictures)
    if wrong:
        raise Failure(f"{wrong} faults in {len(options.pages)} pages", "--pictures shows them")
    if program is None:
        print("SKIPPED: no page was opened, there is no Chromium")
        return
    print(f"{len(options.pages)} pages are in order")


if __name__ == "__main__":
    sys.exit(run(main))
