"""Free queries that are heavy to run or deep to plan, drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

__all__ = ["heavy_queries"]

_HEAVY = (
    "UNWIND range(1, {n}) AS a UNWIND range(1, {n}) AS b RETURN count(sin(a * b)) AS n",
    "UNWIND range(1, {n}) AS x WITH collect(toString(x) + 'x') AS xs RETURN size(xs) AS n",
    "RETURN size(reduce(s = 'x', i IN range(1, {d}) | [s, s][0] + 'x')) AS n",
    "RETURN size(reduce(s = 'x', i IN range(1, {d}) | s + s)) AS n",
    "RETURN size(reduce(s = [1], i IN range(1, {n}) | s + [i])) AS n",
    "MATCH (a)-[*1..{k}]-(b) RETURN count(*) AS n",
    "MATCH p = shortestPath((a:User)-[*..{k}]-(b:User)) WHERE a <> b RETURN count(p) AS n",
    "MATCH {chain} RETURN count(*) AS n",
    "MATCH (a), (b), (c), (d) RETURN count(*) AS n",
    "RETURN {open}1{close} AS n",
    "RETURN {nots}true{notclose} AS n",
    "RETURN {sum} AS n",
    "RETURN {cases} AS n",
    "WITH [x IN range(1, {n}) | 'a text of some length ' + x] AS a UNWIND a AS b UNWIND a AS c RETURN count(*) AS n",
    "RETURN [x IN range(1, {n}) WHERE x % 7 = 0 | [y IN range(1, 1000) | x * y]] AS n",
    "UNWIND range(1, {n}) AS x RETURN x, rand() AS r ORDER BY r LIMIT 5",
    "MATCH (n) WHERE any(k IN keys(n) WHERE toStringOrNull(n[k]) =~ '(a+)+$') RETURN count(n) AS n",
    "RETURN '{as_}!' =~ '(a+)+b' AS n",
)


def heavy_queries(seed: int, count: int) -> Iterator[str]:
    """Yield *count* queries."""
    draw = Random(seed)
    for place in range(count):
        deep = draw.choice((20, 60, 99, 100, 300, 2_000))
        brackets = draw.choice(("()", "[]"))
        yield _HEAVY[place % len(_HEAVY)].format(
            n=draw.choice((10**4, 10**6, 10**8)), d=draw.choice((30, 60, 10**6)), k=draw.choice((3, 8, 30)),
            chain=", ".join(f"(a{n})-->(b{n})" for n in range(draw.choice((4, 12, 40)))), as_="a" * deep,
            open=brackets[0] * deep, close=brackets[1] * deep, nots="NOT (" * deep, notclose=")" * deep,
            sum=" + ".join(map(str, range(deep))), cases="CASE WHEN true THEN " * deep + "1" + " END" * deep,
        )  # fmt: skip
