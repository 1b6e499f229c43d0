"""What Cypher that somebody typed may be like, looked at before the server is asked to plan it.

The server's planner takes time that grows with the power of what is nested, and no time limit stops it. Its expressions
are on no account of memory: a text that doubles itself thirty times ends the server. So both are bounded here.
"""

from __future__ import annotations

import re
from itertools import pairwise

from persona_db.graph.errors import FreeCypherError

__all__ = ["DEEPEST", "LONGEST", "MOST_WORDS", "require_modest"]

LONGEST = 20_000
"""Characters of a query; longer lists are given as parameters."""
MOST_WORDS = 3_000
"""Names, numbers, texts and operators of a query."""
DEEPEST = 100
"""Brackets, CASEs and operators that one expression has inside another: a sum of 200 numbers takes minutes to plan."""
MOST_DOUBLINGS = 8
"""Times that a value is added to itself, or put into a text in place of others, in one query."""

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:``|[^`])*`|[\w$]+(?:\.\w+)*|\S""", re.DOTALL
)
_OPENED = {"(": ")", "[": "]", "{": "}"}
_CLOSED = frozenset(_OPENED.values())
_OPERATORS = frozenset((*"+-*/%^=<>", "and", "or", "xor", "not", "in", "contains", "starts", "ends", "is"))
_APART = frozenset(
    (",", "|", ";", "with", "match", "where", "return", "unwind", "call", "when", "then", "else", "union")
)
_GROWING = frozenset(("replace", "join", "lpad", "rpad", "repeat", "range"))
_COMPARED = ("<", ">", "=", "<=", ">=", "<>")


def require_modest(text: str) -> None:
    """Raise FreeCypherError when the query is longer or more deeply nested than can be planned, or grows a value."""
    if len(text) > LONGEST:
        raise FreeCypherError(
            f"refused: the query has {len(text):,} characters, and at most {LONGEST:,} are planned; give long lists "
            "and texts as parameters"
        )
    tokens = [token for token in _TOKEN.findall(text) if not token.startswith(("//", "/*"))]
    if len(tokens) > MOST_WORDS:
        raise FreeCypherError(
            f"refused: the query has {len(tokens):,} words and signs, and at most {MOST_WORDS:,} are planned; give "
            "long lists as parameters"
        )
    deepest = _depth(tokens)
    if deepest > DEEPEST:
        raise FreeCypherError(
            f"refused: the query has {deepest} brackets and operators in one expression, and at most {DEEPEST} are "
            "planned; use WITH for its parts"
        )
    for name in _doubled(tokens):
        raise FreeCypherError(
            f"refused: reduce uses {name} more than once, so that it grows with each step; the server has no bound on "
            "that memory"
        )
    grown = _doublings(tokens)
    if grown > MOST_DOUBLINGS:
        raise FreeCypherError(
            f"refused: {grown} values are added to themselves or put into texts, and at most {MOST_DOUBLINGS} may be; "
            "the server has no bound on the memory of what grows that way"
        )


def _depth(tokens: list[str]) -> int:
    """Return how deep an expression is: its brackets and CASEs in each other, with the operators before each value."""
    deepest, chains = 0, [0]  # operators so far in the expression of each open bracket
    for token in tokens:
        word = token.lower()
        if word in _OPENED or word == "case":
            chains.append(0)
        elif (word in _CLOSED or word == "end") and len(chains) > 1:
            chains.pop()
        elif word in _OPERATORS:
            chains[-1] += 1
        elif word in _APART:
            chains[-1] = 0
        deepest = max(deepest, len(chains) - 1 + sum(chains))
    return deepest


def _doubled(tokens: list[str]) -> list[str]:
    """Return the accumulators that a `reduce` uses more than once where it makes the next value of them."""
    found = []
    for start, token in enumerate(tokens[:-2]):
        if token.lower() not in ("reduce", "allreduce") or tokens[start + 1] != "(":
            continue
        name, depth, made = tokens[start + 2].strip("`").lower(), 1, -1
        for place in range(start + 2, len(tokens)):
            if tokens[place] in _OPENED:
                depth += 1
            elif tokens[place] in _CLOSED:
                depth -= 1
            elif tokens[place] == "|" and depth == 1:
                made = place
            if depth == 0:
                break
        used = [_kept(tokens, at) for at in range(made, place) if _root(tokens[at]) == name] if made > 0 else []
        if any(used.count(one) > 1 for one in used if one):
            found.append(name)
    return found


def _root(token: str) -> str:
    return token.partition(".")[0].strip("`").lower()


def _kept(tokens: list[str], at: int) -> str:
    """Return the value at a place as it is written, empty where it is only measured or compared."""
    measured = tokens[at - 2].lower() == "size" or tokens[at + 1] in _COMPARED or tokens[at - 1] in _COMPARED
    return "" if measured else tokens[at].lower().replace("`", "")


def _doublings(tokens: list[str]) -> int:
    """Count names that are added to themselves, and calls that put texts into texts."""
    added = sum(
        tokens[at] == "+" and tokens[at - 1] == tokens[at + 1] and not tokens[at - 1].isdigit()
        for at in range(1, len(tokens) - 1)
    )
    called = sum(
        token.partition(".")[2].lower() in _GROWING or token.lower() in _GROWING
        for token, after in pairwise(tokens)
        if after == "("
    )
    return added + called
