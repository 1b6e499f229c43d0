"""Colours of groups can be told apart, also by people who see red, green or blue less, and are the same everywhere."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

STATIC = Path(__file__).resolve().parents[2] / "explorer" / "static"
SEEN = {
    "all colours": np.eye(3),
    "no red (protanopia)": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]
    ],
    "no green (deuteranopia)": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]
    ],
    "no blue (tritanopia)": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]
    ],
}  # fmt: skip
"""How linear RGB is seen (Machado, Oliveira and Fernandes 2009, severity 1)."""
APART = 14.0
"""Of CIELAB; 2.3 can just be noticed."""


def inks() -> list[str]:
    found = re.search(r"const INKS = \[(.*?)\]", (STATIC / "map.js").read_text(encoding="utf-8"))
    assert found
    return re.findall(r"#[0-9a-f]{6}", found[1])


def seen(ink: str, how: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the place of a colour in CIELAB as it is seen."""
    channels = np.array([int(ink[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(how) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    scaled = xyz / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("how", SEEN)
def test_groups_are_told_apart(how: str) -> None:
    """Any two of the eight colours, and each of them from the grey of people in between."""
    grey = re.search(r"--faint: (#[0-9a-f]{6})", (STATIC / "explorer.css").read_text(encoding="utf-8"))
    assert grey
    places = {ink: seen(ink, np.asarray(SEEN[how])) for ink in [*inks(), grey[1]]}
    assert len(places) == 9
    near = [
        (one, other) for one, other in combinations(places, 2) if np.linalg.norm(places[one] - places[other]) < APART
    ]
    assert near == []


def test_pages_and_the_map_have_the_same_colours() -> None:
    """A group's swatch on its dataset's page is what its dots on the map are."""
    css = (STATIC / "explorer.css").read_text(encoding="utf-8")
    assert [re.findall(rf"\.m{place} {{ fill: (#[0-9a-f]+); background: \1; }}", css) for place in range(8)] == [
        [ink] for ink in inks()
    ]
