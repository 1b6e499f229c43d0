"""The drawing of the graph's model, docs/graph-model.svg: `docs/generate.py` writes it."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

__all__ = ["ARROWS", "BOXES", "LOOPS", "Arrow", "Box", "Loop", "drawing"]

WIDTH, HEIGHT = 1120, 560
_HIGH = 52
_STYLE = """
svg { font-family: system-ui, sans-serif; }
.sheet { fill: #ffffff; } .band { fill: #f3f5f7; } .name { font-size: 17px; font-weight: 600; fill: #1c2b39; }
.about { font-size: 12px; fill: #42535f; } .title { font-size: 13px; fill: #42535f; }
.type { font-size: 12px; fill: #1c2b39; stroke: #ffffff; stroke-width: 5px; paint-order: stroke; }
.line { stroke: #5b6b77; stroke-width: 1.6; fill: none; } .join { stroke: #a4500f; stroke-width: 2.6; }
.head { fill: #5b6b77; } .user { fill: #cfe3ee; } .said { fill: #e3e7ec; } .fact { fill: #d5e6db; }
.key { fill: #f8e2b6; } .fit { fill: #e4dcea; } .box { stroke: #5b6b77; stroke-width: 1.2; }
@media (prefers-color-scheme: dark) {
.sheet { fill: #12181d; } .band { fill: #1b242b; } .name { fill: #eef3f6; } .about, .title { fill: #b8c5ce; }
.type { fill: #eef3f6; stroke: #12181d; } .line { stroke: #93a4b0; } .head { fill: #93a4b0; }
.join { stroke: #f0a35e; } .user { fill: #1f4a60; } .said { fill: #37424b; } .fact { fill: #2a4a37; }
.key { fill: #5d4715; } .fit { fill: #46384f; } .box { stroke: #93a4b0; }
}
"""


class Box(NamedTuple):
    """A label: where its middle is, how wide it is, what it looks like, and a few words below its name."""

    label: str
    x: int
    y: int
    width: int
    look: str
    about: str


class Arrow(NamedTuple):
    """A relationship type: from point to point, bent towards a third one or straight, its words at their place."""

    type: str
    start: tuple[int, int]
    end: tuple[int, int]
    words: tuple[int, int]
    about: str = ""
    bend: tuple[int, int] | None = None
    look: str = "line"


class Loop(NamedTuple):
    """A relationship type between nodes of one label: above or below its box."""

    type: str
    x: int
    y: int
    words: tuple[int, int]
    about: str = ""
    below: bool = False


BOXES = (
    Box("User", 110, 300, 130, "user", "id, sharing"),
    Box("HistoryItem", 290, 110, 150, "said", "option, at"),
    Box("Statement", 540, 110, 140, "said", "text, embedding"),
    Box("Question", 800, 110, 150, "said", "options in order"),
    Box("Fact", 430, 300, 170, "fact", "distilled or induced"),
    Box("CacheKey", 740, 300, 160, "key", "stance, trait, value …"),
    Box("User", 1020, 300, 130, "user", "a collaborator"),
    Box("Segment", 915, 218, 110, "fit", "alike answers"),
    Box("Persona", 110, 480, 150, "fit", "one refined state"),
    Box("Run", 430, 480, 170, "fit", "a model's calls, cost"),
    Box("Fit", 1020, 110, 130, "fit", "settings, through"),
    Box("Dataset", 740, 480, 160, "fit", "current_fit"),
    Box("Quarantine", 1020, 480, 150, "said", "rows refused, why"),
)
ARROWS = (
    Arrow("HAS_HISTORY", (140, 274), (250, 136), (166, 204)),
    Arrow("SAYS", (365, 110), (470, 110), (418, 102)),
    Arrow("ANSWERS", (610, 110), (725, 110), (668, 102)),
    Arrow("HAS_FACT", (175, 300), (345, 300), (252, 292)),
    Arrow("DERIVED_FROM", (400, 274), (315, 136), (352, 222), "share"),
    Arrow("SAYS", (455, 274), (525, 136), (500, 210)),
    Arrow("EVIDENCE_FOR", (515, 300), (660, 300), (588, 274), "share"),
    Arrow("SUMMARISES", (765, 274), (815, 136), (826, 216), "counts, n"),
    Arrow("HOLDS", (130, 326), (690, 326), (262, 404), "weight, unit", (410, 490), "line join"),
    Arrow("LEANS_TO", (150, 326), (672, 318), (470, 372), "inferred", (400, 392)),
    Arrow("CLAIMS", (715, 274), (770, 136), (700, 176), "options"),
    Arrow("HOLDS", (955, 300), (820, 300), (888, 274), "weight, unit", None, "line join"),
    Arrow("HAS_PERSONA", (100, 326), (100, 454), (110, 396)),
    Arrow("BASE_RATE", (955, 110), (875, 110), (915, 102)),
    Arrow("CROSSTAB", (955, 124), (875, 124), (915, 138)),
    Arrow("NAMED", (1010, 136), (1010, 274), (1010, 166), "question"),
    Arrow("DISTRUSTS", (1070, 136), (1070, 274), (1070, 226), "score, reason"),
    Arrow("IN_SEGMENT", (980, 274), (940, 244), (930, 266)),
    Arrow("ANSWERED", (905, 192), (866, 136), (915, 166)),
    Arrow("STANDS_FOR", (885, 192), (840, 136), (838, 176)),
)
LOOPS = (
    Loop("TELLS", 800, 84, (800, 28), "r, n"),
    Loop("GOES_WITH", 745, 84, (690, 40), "lift"),
    Loop("DERIVED_FROM", 430, 326, (430, 380), below=True),
    Loop("OPPOSITE_OF", 740, 326, (740, 378), "disagreement subtracts", below=True),
)
_DESCRIPTION = (
    "Boxes are node labels, arrows relationship types. A User has HistoryItems, which say Statements, which answer "
    "Questions. A User has Facts, derived from HistoryItems and from other Facts, and holds CacheKeys, for which Facts "
    "are evidence, or leans to them by inference; a CacheKey claims answers to Questions. "
    "An answer goes with other answers and with CacheKeys. "
    "A User is in a Segment of people who answer alike; a Segment answered Questions, and stands for some answers. "
    "Two Users are joined by the CacheKeys that both hold."
)


def drawing() -> str:
    """Return the drawing as SVG, in light or dark as its reader's system is."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-labelledby="title about">',
        f'<title id="title">The graph of persona-db</title><desc id="about">{escape(_DESCRIPTION)}</desc>',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse" markerUnits="userSpaceOnUse"><path class="head" d="M0 0 8 4 0 8z"/>'
        "</marker></defs>",
        f'<rect class="sheet" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        f'<rect class="band" x="12" y="424" width="{WIDTH - 24}" height="122" rx="6"/>',
        '<text class="title" x="24" y="540">Beside them, found by their id: what was refined, by whom, '
        "and what could not be stored. Every node carries its dataset.</text>",
    ]
    parts += [_arrow(one) for one in ARROWS]
    parts += [_loop(one) for one in LOOPS]
    parts += [_box(one) for one in BOXES]
    parts += [_words(one.words, one.type, one.about) for one in (*ARROWS, *LOOPS)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _box(box: Box) -> str:
    left, top = box.x - box.width // 2, box.y - _HIGH // 2
    return (
        f'<rect class="box {box.look}" x="{left}" y="{top}" width="{box.width}" height="{_HIGH}" rx="9"/>'
        f'<text class="name" text-anchor="middle" x="{box.x}" y="{box.y - 2}">{escape(box.label)}</text>'
        f'<text class="about" text-anchor="middle" x="{box.x}" y="{box.y + 16}">{escape(box.about)}</text>'
    )


def _arrow(arrow: Arrow) -> str:
    bend = "" if arrow.bend is None else "Q{} {} ".format(*arrow.bend)
    (x, y), (to_x, to_y) = arrow.start, arrow.end
    return f'<path class="{arrow.look}" marker-end="url(#head)" d="M{x} {y} {bend or "L"}{to_x} {to_y}"/>'


def _loop(loop: Loop) -> str:
    away = 44 if loop.below else -44
    left, right, far = loop.x - 34, loop.x + 34, loop.y + away
    marker = "" if loop.type == "OPPOSITE_OF" else ' marker-end="url(#head)"'
    return f'<path class="line"{marker} d="M{left} {loop.y} C{left} {far} {right} {far} {right} {loop.y}"/>'


def _words(place: tuple[int, int], type_: str, about: str) -> str:
    x, y = place
    said = f'<tspan class="about" x="{x}" dy="15">{escape(about)}</tspan>' if about else ""
    return f'<text class="type" text-anchor="middle" x="{x}" y="{y}">{escape(type_)}{said}</text>'
