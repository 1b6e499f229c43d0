"""Probabilities of options from the log-probabilities of tokens, where a provider returns them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import exp
from typing import Any

from persona_db.chains.language.outputs import Polarity

__all__ = ["NEUTRAL", "choice_probabilities", "reaction_probabilities", "signed"]

_LEAST_MASS = 0.2
_POLARITIES: Mapping[Polarity, int] = {"negative": 0, "neutral": 1, "positive": 2}
_INTENSITIES = ("0", "1", "2", "3")
NEUTRAL = 3
"""Index of the middle of the scale of seven."""


def choice_probabilities(
    metadata: Mapping[str, Any], *, field: str, options: Sequence[str]
) -> tuple[float, ...] | None:
    """Return a probability for each option, from the tokens at the value of *field* in a JSON answer; sum 1.

    At each token the probability of an alternative goes to the options that it begins; options that begin alike share
    it equally. None where there are no log-probabilities, or the options have too little of them.
    """
    tokens = (metadata.get("logprobs") or {}).get("content") or []
    begin = re.search(rf'"{re.escape(field)}"\s*:\s*"?', "".join(_text(token) for token in tokens))
    if begin is None:
        return None
    mass = dict.fromkeys(options, 0.0)
    left, written, end, choice = 1.0, "", 0, False
    for token in tokens:
        start, end = end, end + len(_text(token))
        if end <= begin.end():
            continue
        before = _text(token)[: max(begin.end() - start, 0)]
        shares = {_text(one): _share(one) for one in (*(token.get("top_logprobs") or ()), token)}
        for alternative, share in shares.items():
            if alternative != _text(token) and alternative.startswith(before):
                choice = True
                _give(mass, written + alternative[len(before) :], left * share)
        written += _text(token)[len(before) :]
        left *= shares[_text(token)]
        if len(_continuing(options, written)) < 2:
            break
    _give(mass, written, left)
    total = sum(mass.values())
    return tuple(mass[option] / total for option in options) if choice and total >= _LEAST_MASS else None


def _text(token: Mapping[str, Any]) -> str:
    return str(token.get("token", ""))


def _share(token: Mapping[str, Any]) -> float:
    return exp(min(float(token.get("logprob", -99.0)), 0.0))


def _continuing(options: Iterable[str], written: str) -> list[str]:
    """Return the options that a value so far may become; it ends at a quotation mark or after a number."""
    value, *ended = re.split(r"[\",}]", written, maxsplit=1)
    return [option for option in options if (option == value.strip() if ended else option.startswith(value.lstrip()))]


def _give(mass: dict[str, float], written: str, share: float) -> None:
    options = _continuing(mass, written)
    for option in options:
        mass[option] += share / len(options)


def signed(polarity: Polarity, intensity: int) -> int:
    """Return the place on the scale of seven: 0 very negative, 3 neutral, 6 very positive (paper, A.6)."""
    return intensity * (_POLARITIES[polarity] - 1) + NEUTRAL


def reaction_probabilities(metadata: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Return the probabilities of the scale of seven, from those of polarity and intensity; None without them."""
    polarities = choice_probabilities(metadata, field="polarity", options=tuple(_POLARITIES))
    intensities = choice_probabilities(metadata, field="intensity", options=_INTENSITIES)
    if polarities is None or intensities is None:
        return None
    strong = sum(intensities[1:])
    if strong <= 0:
        return None
    scale = [0.0] * (2 * NEUTRAL + 1)
    for polarity, share in zip(_POLARITIES, polarities, strict=True):
        if polarity == "neutral":
            scale[NEUTRAL] += share
            continue
        for intensity in (1, 2, 3):
            scale[signed(polarity, intensity)] += share * intensities[intensity] / strong
    return tuple(scale)
