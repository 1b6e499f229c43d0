"""Labels of neighbourhood figures: `python -m benchmarks.figures DATASET ...` counts those that overlap or are cut.

The datasets have to be in the graph. Of each, fifty people are drawn at random with twenty collaborators each, and a
browser measures the texts of their figures, on a desktop and on a telephone.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from persona_db.chains.figure import NARROW, WIDTH, figure_of
from persona_db.chains.figure_svg import write_svg
from persona_db.chains.neighbourhoods import neighbourhood
from persona_db.graph.session import Graph
from persona_db.graph.users import users
from tests.figure_boxes import boxes, overlaps

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PEOPLE, _COLLABORATORS = 50, 20


def main(names: Sequence[str]) -> int:
    """Print a row for each dataset and width; the exit status is 1 where two labels overlap."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None or not names:
        sys.stderr.write("name datasets of the graph, and `apt-get install chromium`\n")
        return 2
    sys.stdout.write(
        "| dataset | width | people | labels | with an ellipsis | overlapping |\n|---|---|---|---|---|---|\n"
    )
    wrong = 0
    with Graph.connect() as graph, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for name in names:
            for width in (WIDTH, NARROW):
                labels, cut, bad = _measured(graph, page, name, width)
                wrong += bad
                row = (name, width, _PEOPLE, labels, cut, bad)
                sys.stdout.write(f"| {' | '.join(f'{one:,}' if isinstance(one, int) else one for one in row)} |\n")
        browser.close()
    return 1 if wrong else 0


def _measured(graph: Graph, page: Page, dataset: str, width: int) -> tuple[int, int, int]:
    """Return how many labels there are, and how many are cut and overlap."""
    drawn = random.Random(0).sample([one.id for one in users(graph, dataset)], _PEOPLE)
    labels = cut = bad = 0
    for user in drawn:
        figure = figure_of(neighbourhood(graph, user, dataset=dataset, top_k=_COLLABORATORS), width=width)
        bad += len(overlaps(boxes(page, write_svg(figure)), width))
        labels += len(figure.labels)
        cut += sum(one.lines[-1].endswith("…") for one in figure.labels)
    return labels, cut, bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
