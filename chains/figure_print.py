"""The figure of a neighbourhood as PDF and PNG, by matplotlib, the same bytes for the same figure."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

from persona_db.chains.figure import PALETTES, Figure, Theme
from persona_db.chains.figure_text import SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["write_printed"]

_DPI = 72.0
_FINE = 2.0  # pixels of a PNG for one of the figure
_POINTS = 0.92  # of a label, so that it takes no more room than the layout gave it


def write_printed(figure: Figure, kind: Literal["pdf", "png"], *, theme: Theme = "light") -> bytes:
    """Return the figure as the bytes of a PDF, whose text is text, or of a PNG of twice its width in pixels.

    Characters that DejaVu Sans has not are drawn as boxes; the SVG has them.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Sheet

    colour = PALETTES[theme]
    with (
        mpl.rc_context({"pdf.fonttype": 42, "font.family": "DejaVu Sans", "text.usetex": False}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        sheet = Sheet(figsize=(figure.width / _DPI, figure.height / _DPI), dpi=_DPI, facecolor=colour["paper"])
        FigureCanvasAgg(sheet)
        axes = sheet.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0, figure.width), ylim=(figure.height, 0))
        axes.axis("off")
        _draw(axes, figure, colour)
        written = BytesIO()
        metadata: dict[str, Any] = {
            "pdf": {"CreationDate": None, "Title": f"Who shares the values of {figure.name}"}
        }.get(kind, {"Software": None})
        sheet.savefig(
            written,
            format=kind,
            dpi=_DPI * (_FINE if kind == "png" else 1),
            facecolor=colour["paper"],
            metadata=metadata,
        )
    return written.getvalue()


def _draw(axes: Axes, figure: Figure, colour: dict[str, str]) -> None:
    from matplotlib.patches import Circle, PathPatch, Rectangle
    from matplotlib.path import Path

    def text(x: float, y: float, said: str, *, size: float = SIZE, ink: str = "ink", **more: Any) -> None:
        axes.text(x, y, said, fontsize=size * _POINTS, color=colour[ink], va="center", parse_math=False, **more)

    def line(*points: tuple[float, float], ink: str, **more: Any) -> None:
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, color=colour[ink], **more)

    text(34, 25, figure.head, size=17, fontweight="bold")
    for note in figure.notes:
        text(note.x, note.y - 4, note.text, size=11, ink="faint")
    axes.add_patch(Circle((16, 25), 8, color=colour["user"]))
    ends = [one.y for one in figure.labels if one.role == "key"]
    if ends:
        line((16, 33), (16, max(ends)), ink="line", lw=1)
        for y in ends:
            line((16, y), (26, y), ink="line", lw=1)
    for link in sorted(figure.links, key=lambda one: one.differs):
        (x, y), (u, v) = link.start, link.end
        bend = (u - x) * 0.4
        path = Path([(x, y), (x + bend, y), (u - bend, v), (u, v)], [Path.MOVETO, *[Path.CURVE4] * 3])
        ink = "differ" if link.differs else "agree"
        axes.add_patch(
            PathPatch(path, fill=False, edgecolor=colour[ink], lw=link.width, alpha=1 if link.differs else 0.55,
                      linestyle=(0, (4, 3)) if link.differs else "solid")
        )  # fmt: skip
        if link.differs:
            axes.plot([(x + u) / 2], [(y + v) / 2], marker="x", color=colour["differ"], ms=7, mew=1.8)
    for label in figure.labels:
        r = label.radius
        if label.role == "key":
            axes.add_patch(Rectangle((label.dot - r, label.y - r), 2 * r, 2 * r, color=colour["key"]))
        else:
            axes.add_patch(Circle((label.dot, label.y), r, color=colour["person"]))
            text(figure.width - 8, label.y, label.note, size=11, ink="faint", ha="right")
        for y, said in zip(label.baselines(), label.lines, strict=True):
            text(label.x, y - 4, said)
    for one in figure.legend:
        x, y = one.x, one.y - 4
        if one.differs is not None:
            line((x, y), (x + 34, y), ink="differ" if one.differs else "agree", lw=2,
                 linestyle=(0, (4, 3)) if one.differs else "solid")  # fmt: skip
            if one.differs:
                axes.plot([x + 17], [y], marker="x", color=colour["differ"], ms=7, mew=1.8)
            x += 42
        text(x, y, one.text, size=11, ink="faint")
