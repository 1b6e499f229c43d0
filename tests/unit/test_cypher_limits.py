"""Cypher that would take the server's time or memory is refused before it is planned; what people write is not."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.graph.catalog import catalog
from persona_db.graph.cypher_limits import DEEPEST, LONGEST, MOST_WORDS, require_modest
from persona_db.graph.errors import FreeCypherError


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"RETURN {'(' * 500}1{')' * 500}", "brackets and operators"),
        (f"RETURN {'[' * 500}1{']' * 500}", "brackets and operators"),
        (f"RETURN {'not ' * 500} true", "brackets and operators"),
        (f"RETURN {'-' * 500}1", "brackets and operators"),
        (f"RETURN {'CASE WHEN true THEN ' * 200}1{' END' * 200}", "brackets and operators"),
        (f"RETURN {' + '.join(['1'] * 200)}", "brackets and operators"),
        (f"RETURN {'(1 + 1 + 1 + ' * 40}1{')' * 40}", "brackets and operators"),
        (f"RETURN [{', '.join(['1'] * MOST_WORDS)}]", "words"),
        (f"RETURN '{'x' * LONGEST}'", "characters"),
        ("RETURN size(reduce(s = 'x', i IN range(1, 60) | s + s))", "more than once"),
        ("RETURN size(REDUCE ( `s` = 'x', i IN range(1, 60) | replace(s, 'x', s)))", "more than once"),
        ("WITH 'x' AS s " + "WITH s + s AS s " * 30 + "RETURN size(s)", "added to themselves"),
        ("WITH 'x' AS s " + "WITH replace(s, 'x', 'xxxxxxxxxx') AS s " * 9 + "RETURN size(s)", "put into texts"),
    ],
)
def test_what_would_take_all_time_or_memory_is_refused(text: str, why: str) -> None:
    """The reason is told."""
    with pytest.raises(FreeCypherError, match=why):
        require_modest(text)


@pytest.mark.parametrize(
    "text",
    [
        "RETURN reduce(total = 0.0, x IN [1, 2, 3] | total + x)",
        "MATCH (u:User) RETURN u.id + ' ' + u.name // (((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
        "RETURN '(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((('",
        f"RETURN {'(' * DEEPEST}1{')' * DEEPEST}",
    ],
)
def test_what_people_write_is_planned(text: str) -> None:
    """Brackets in texts and comments do not count."""
    require_modest(text)


def test_every_query_of_ours_is_within_the_limits() -> None:
    """Copied out of a file and changed a little, it can be run with --cypher."""
    for query in catalog().values():
        require_modest(query.text)


@given(st.text(max_size=200))
def test_any_text_is_told_about(text: str) -> None:
    """Nothing but a FreeCypherError leaves."""
    with suppress(FreeCypherError):
        require_modest(text)
