"""Probabilities of options from the log-probabilities of tokens, where a provider returns them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

from persona_db.chains.language.outputs import Polarity

__all__ = ["NEUTRAL", "choice_probabilities", "reaction_probabilities", "signed"]

_LEAST_MASS = 0.2
_TEXT = re.compile(r'((?:[^"\\]|\\.)*)"')
_BARE = re.compile(r"([^,}\s]*)[,}\s]")
_POLARITIES: Mapping[Polarity, int] = {"negative": 0, "neutral": 1, "positive": 2}
_INTENSITIES = ("0", "1", "2", "3")
NEUTRAL = 3
"""Index of the middle of the scale of seven."""


def choice_probabilities(
    metadata: Mapping[str, Any], *, field: str, chosen: str, options: Sequence[str]
) -> tuple[float, ...] | None:
    """Return a probability for each option, from the tokens at the last value of *field* in a JSON answer; sum 1.

    At each token the probability of an alternative goes to the options that it begins; options that begin alike share
    it equally. None where there are no log-probabilities, the options have too little of them, or the tokens are not
    those of the option *chosen*.
    """
    tokens = (metadata.get("logprobs") or {}).get("content") or []
    begins = list(re.finditer(rf'"{re.escape(field)}"\s*:\s*"?', "".join(_text(token) for token in tokens)))
    if not begins:
        return None
    begin = begins[-1].end()
    value = _TEXT if begins[-1][0].endswith('"') else _BARE
    spelt = {option: json.dumps(option, ensure_ascii=False)[1:-1] if value is _TEXT else option for option in options}
    mass = dict.fromkeys(options, 0.0)
    left, written, end, choice = 1.0, "", 0, False
    for token in tokens:
        start, end = end, end + len(_text(token))
        if end <= begin:
            continue
        before = _text(token)[: max(begin - start, 0)]
        shares = {_text(one): _share(one) for one in (*(token.get("top_logprobs") or ()), token)}
        for alternative, share in shares.items():
            if alternative != _text(token) and alternative.startswith(before):
                choice = True
                _give(mass, _continuing(spelt, value, written + alternative[len(before) :]), left * share)
        written += _text(token)[len(before) :]
        left *= shares[_text(token)]
        if len(_continuing(spelt, value, written)) < 2:
            break
    meant = _continuing(spelt, value, written)
    _give(mass, meant, left)
    total = sum(mass.values())
    if not choice or total < _LEAST_MASS or chosen not in meant:
        return None
    return tuple(mass[option] / total for option in options)


def _text(token: Mapping[str, Any]) -> str:
    return str(token.get("token", ""))


def _share(token: Mapping[str, Any]) -> float:
    return exp(min(float(token.get("logprob", -99.0)), 0.0))


def _continuing(spelt: Mapping[str, str], value: re.Pattern[str], written: str) -> list[str]:
    """Return the options that a value so far may become, or has become; *spelt* says how each is written."""
    written = written.lstrip()
    ended = value.match(written)
    if ended is not None:
        return [option for option, whole in spelt.items() if whole == ended[1].rstrip()]
    return [option for option, whole in spelt.items() if whole.startswith(written)]


def _give(mass: dict[str, float], options: Sequence[str], share: float) -> None:
    for option in options:
        mass[option] += share / len(options)


def signed(polarity: Polarity, intensity: int) -> int:
    """Return the place on the scale of seven: 0 very negative, 3 neutral, 6 very positive (paper, A.6)."""
    return intensity * (_POLARITIES[polarity] - 1) + NEUTRAL


def reaction_probabilities(metadata: Mapping[str, Any], polarity: Polarity, intensity: int) -> tuple[float, ...] | None:
    """Return the probabilities of the scale of seven, from those of both parts of a reaction; None without them."""
    polarities = choice_probabilities(metadata, field="polarity", chosen=polarity, options=tuple(_POLARITIES))
    intensities = choice_probabilities(metadata, field="intensity", chosen=str(intensity), options=_INTENSITIES)
    if polarities is None or intensities is None:
        return None
    strong = sum(intensities[1:])
    if strong <= 0:
        return None
    scale = [0.0] * (2 * NEUTRAL + 1)
    for side, share in zip(_POLARITIES, polarities, strict=True):
        if side == "neutral":
            scale[NEUTRAL] += share
            continue
        for strength in (1, 2, 3):
            scale[signed(side, strength)] += share * intensities[strength] / strong
    return tuple(scale)
