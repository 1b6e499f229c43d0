"""Where a browser puts the texts of a figure, and which of them overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["boxes", "overlaps"]

_BOXES = """() => [...document.querySelectorAll('text')].map(one => {
    const box = one.getBBox();
    return [one.textContent, box.x, box.y, box.x + box.width, box.y + box.height];
})"""


def boxes(page: Page, svg: str) -> list[list[Any]]:
    """Return each text of the figure with its left, top, right and bottom edge, as the browser measures them."""
    page.set_content(svg)
    found: list[list[Any]] = page.evaluate(_BOXES)
    return found


def overlaps(found: list[list[Any]], width: float) -> list[tuple[str, str]]:
    """Return the pairs of texts whose boxes overlap, and texts that reach beyond the figure."""
    pairs = [(one[0], "edge") for one in found if one[1] < 0 or one[3] > width]
    for place, (text, left, top, right, bottom) in enumerate(found):
        for other, x, y, u, v in found[place + 1 :]:
            if left < u and x < right and top + 1 < v and y + 1 < bottom:
                pairs.append((text, other))
    return pairs
