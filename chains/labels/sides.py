"""The sides of a question's scale: the answers that count as one stance."""

from __future__ import annotations

import re
from collections.abc import Sequence

from persona_db.graph.models import Question

__all__ = ["is_no_answer", "is_shown", "on_scale", "sides_of"]

_NO_ANSWER = re.compile(
    r"""^\W*(
      (i\s+)?(do\s*n.?t|does\s*n.?t|do\s+not|did\s*n.?t|can\s*n?.?t|can\s*not|could\s*n.?t)\s+
        (know|choose|say|remember|recall|tell|decide)
      | (not|un)\s*-?(sure|certain|decided|familiar|applicable|asked|available|stated)
      | no\s+(answer|opinion|response|reply|data|view|preference)\b
      | refus | declin | skip | prefer\s+not | rather\s+not | n/?a\b | dk\b | d\.k\. | missing | inapplicable | iap\b
      | depends?\b | it\s+depends | other\b | others\b | none\s+of\s+(these|the\s+above) | pass(ed)?\W*$ | abstain
      | wei(ß|ss)\s+(ich\s+)?nicht | keine\s+(angabe|meinung|antwort) | unfamiliar | haven.?t\s+(heard|thought)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBER = re.compile(r"\s*[-+]?\d")
_MANY = 6


def is_no_answer(option: str) -> bool:
    """Say whether an option expresses no stance: refused, don't know, depends, other, pass and the like.

    >>> [is_no_answer(option) for option in ("Refused", "Don't know", "Other (specify)", "oppose", "Otherwise fine")]
    [True, True, True, False, False]
    """
    return _NO_ANSWER.match(option) is not None


_RATED = re.compile(
    r"\binterviewer|\b(the|this)\s+respondent|\brespondent.?s\b|\br.s\s+understanding|\b(to\s+be\s+)?filled\s+(in|out)\s+by"
    r"|\b(this|the)\s+housing\s+unit|\b(property|neighbou?rhood)\s+that\s+you\s+can\s+see",
    re.IGNORECASE,
)
_MARKED = re.compile(r"\W*(in)?correct\b|\W*(right|wrong)\s+answer\b", re.IGNORECASE)


def is_shown(question: Question) -> bool:
    """Say whether answers are shown as somebody's values: opinions and behaviour are, and what nobody classified.

    Of those nobody classified, an interviewer's rating is recognised by its words, and a test of knowledge by options
    that say whether the answer was correct.
    """
    if question.content is not None:
        return question.content in ("opinion", "behaviour")
    marked = sum(_MARKED.match(option) is not None for option in question.options)
    return _RATED.search(question.text) is None and not (marked and 2 * marked >= len(question.options))


def on_scale(question: Question) -> tuple[int, ...]:
    """Return the options that express a stance, from low to high; in their own order where there is no scale."""
    ranks = question.ordinal or tuple(float(i) for i in range(len(question.options)))
    found = [(rank, i) for i, rank in enumerate(ranks) if rank is not None and _expresses(question, i)]
    return tuple(i for _, i in sorted(found))


def _expresses(question: Question, option: int) -> bool:
    """Whether an option expresses a stance: as its direction says, otherwise by its words."""
    if question.directions and question.directions[option]:
        return question.directions[option] != "none"
    return not is_no_answer(question.options[option])


def sides_of(question: Question, rates: Sequence[float]) -> tuple[tuple[int, ...], ...]:
    """Return the options of a question in groups that count as one stance each, from low to high.

    Options that were given a direction are in one side with those of the same direction; in no direction is the middle.
    Without a scale, or with three options or fewer, each option is its own. A scale of numbers is cut in two where the
    answers (*rates*, by option) come nearest to halves. A scale in words has a low side, a middle and a high side: the
    middle option of five, or the middle third of six and more. Options that express no stance are in none.

    >>> question = Question(id="q", text="Taxes?", options=("much less", "less", "same", "more", "much more"),
    ...                     ordinal=(0, 1, 2, 3, 4))
    >>> sides_of(question, [0.2] * 5)
    ((0, 1), (2,), (3, 4))
    """
    order = on_scale(question)
    if "for" in question.directions and "against" in question.directions:
        return _by_direction(question, order)
    if not question.ordinal or len(order) <= 3:
        return tuple((option,) for option in order)
    if sum(_NUMBER.match(question.options[option]) is not None for option in order) * 2 > len(order):
        total = sum(rates[option] for option in order)
        below = [sum(rates[option] for option in order[: cut + 1]) for cut in range(len(order) - 1)]
        cut = min(range(len(below)), key=lambda at: abs(below[at] - total / 2)) + 1
        return order[:cut], order[cut:]
    last = len(order) - 1
    low, high = (1 / 3, 2 / 3) if len(order) >= _MANY else (0.5, 0.5)
    sides: list[list[int]] = [[], [], []]
    for at, option in enumerate(order):
        rank = at / last
        sides[0 if rank < low - 1e-9 else 2 if rank > high + 1e-9 else 1].append(option)
    return tuple(tuple(side) for side in sides if side)


def _by_direction(question: Question, order: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return the sides that the directions of options say, from the one where the scale begins, else against first."""
    sides: dict[str, list[int]] = {"against": [], "": [], "for": []}
    for option in order:
        sides[question.directions[option] if question.directions[option] in sides else ""].append(option)
    found = tuple(tuple(side) for side in sides.values() if side)
    falls = question.ordinal and order.index(sides["for"][0]) < order.index(sides["against"][0])
    return found[::-1] if falls else found
