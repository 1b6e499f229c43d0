"""Take the pictures of docs/explorer.md from the real explorer: `python docs/screenshots.py`.

`python docs/screenshots.py --all FOLDER` takes every page, light and dark, on a desktop and on a telephone, to look at.
The demo's dataset has to be there (`persona-db demo`), and Debian's Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

DATASET = "senate-demo"
USER = "COLLINS (R ME)"
QUESTION = "s109-2-0262"
KEY = "demographic:PARTY=Republican"
Scheme = Literal["light", "dark"]
PICTURES: tuple[tuple[str, Scheme], ...] = (
    ("person", "light"),
    ("population", "light"),
    ("question", "light"),
    ("map", "light"),
    ("map", "dark"),
    ("neighbourhood", "light"),
    ("neighbourhood", "dark"),
    ("ask", "light"),
    ("ask", "dark"),
)
"""Pages and colour schemes; docs/explorer.md shows them."""
PAGES: dict[str, dict[str, str]] = {
    "": {},
    "population": {},
    "map": {},
    "segment": {"segment": "1"},
    "questions": {},
    "question": {"question": QUESTION},
    "people": {},
    "person": {"user": USER},
    "keys": {},
    "key": {"key": KEY},
    "neighbourhood": {"user": USER},
    "compare": {"first": USER, "second": "SNOWE (R ME)"},
    "ask": {"user": USER},
    "erase": {"user": USER},
    "runs": {},
}
"""Every page, and what its address says beside the dataset."""
FOLDER = Path(__file__).parent / "pictures"
_SIZE: ViewportSize = {"width": 1100, "height": 780}
_PHONE: ViewportSize = {"width": 390, "height": 844}
_COLOURS = 255
_LONGEST_WAIT_MS = 30_000


def main(folder: Path, *, every: bool) -> int:
    """Start the explorer, take the pictures, of *every* page or of those in docs, and stop it."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("there is no chromium; `apt-get install chromium` installs it\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "persona_db.cli.main", "explore", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as explorer:  # noqa: S603  # our own
        try:
            line = explorer.stdout.readline() if explorer.stdout else ""
            address = line.split()[4] if line.startswith("The explorer is at ") else ""
            if not address:
                sys.stderr.write("the explorer did not start\n")
                return 1
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for name, scheme, size in _wanted(every=every):
                    page = browser.new_page(color_scheme=scheme, viewport=size)
                    page.set_default_timeout(_LONGEST_WAIT_MS)
                    _open(page, address, name)
                    kind = "-phone" if size == _PHONE else ""
                    path = folder / f"{name or 'home'}-{scheme}{kind}.png"
                    _keep(page.screenshot(full_page=every), path)
                    page.close()
                    sys.stdout.write(f"wrote {path.name}\n")
                browser.close()
        finally:
            explorer.terminate()
    return 0


def _wanted(*, every: bool) -> Iterator[tuple[str, Scheme, ViewportSize]]:
    """Yield which page to take, in which colours, and how large."""
    if not every:
        yield from ((name, scheme, _SIZE) for name, scheme in PICTURES)
        return
    for name in PAGES:
        for size in (_SIZE, _PHONE):
            yield name, "light", size
            yield name, "dark", size


def _open(page: Page, address: str, name: str) -> None:
    """Open a page of the explorer, and do what makes it worth a picture."""
    page.goto(f"{address}{name}?{urlencode({'dataset': DATASET, **PAGES[name]})}" if name else address)
    match name:
        case "map":
            page.wait_for_selector("canvas[data-painted]")
        case "ask":
            page.get_by_label("Its id, or words to find it by").fill(_held_out())
            page.get_by_role("button", name="Predict").click()
            page.locator(".answer").wait_for()


def _held_out() -> str:
    """Return a vote of theirs that the demo holds out."""
    from persona_db.evals.splits import contested_split
    from persona_db.loaders import Split, open_source, test_answers
    from persona_db.loaders.senate import SenateSource

    source = open_source("senate", split=[Split(contested_split(SenateSource().votes(), seed=0))])
    return next(one.question for one in test_answers(source) if one.user == USER)


def _keep(picture: bytes, path: Path) -> None:
    """Write the picture with as many colours as pages need, which makes it a third as large."""
    from PIL import Image  # matplotlib brings it

    few = Image.open(BytesIO(picture)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


if __name__ == "__main__":
    given = [one for one in sys.argv[1:] if one != "--all"]
    sys.exit(main(Path(given[0]) if given else FOLDER, every="--all" in sys.argv))
