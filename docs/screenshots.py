"""Take pictures of the real explorer for the documentation: `python docs/screenshots.py FOLDER`.

The demo's dataset has to be there (`persona-db demo`), and Debian's Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

DATASET = "senate-demo"
PAGES = {
    "population": ("population", {}),
    "person": ("person", {"user": "COLLINS (R ME)"}),
    "neighbourhood": ("neighbourhood", {"user": "COLLINS (R ME)"}),
    "compare": ("compare", {"first": "COLLINS (R ME)", "second": "SNOWE (R ME)"}),
    "ask": ("ask", {"user": "COLLINS (R ME)"}),
}
_LONGEST_WAIT_MS = 30_000


def main(folder: Path) -> int:
    """Start the explorer, take a picture of each page in light and in dark, and stop it."""
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
                for scheme in ("light", "dark"):
                    page = browser.new_page(color_scheme=scheme, viewport={"width": 1200, "height": 860})
                    for name, (path, params) in PAGES.items():
                        page.goto(f"{address}{path}?{urlencode({'dataset': DATASET, **params})}")
                        if name == "neighbourhood":
                            page.wait_for_selector("#picture[data-drawn]", timeout=_LONGEST_WAIT_MS)
                        page.screenshot(path=folder / f"{name}-{scheme}.png")
                        sys.stdout.write(f"wrote {folder / name}-{scheme}.png\n")
                browser.close()
        finally:
            explorer.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("out/screenshots")))
