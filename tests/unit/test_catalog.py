"""A query file's header says what its Cypher does, or is refused with the file and what is wrong."""

from __future__ import annotations

import pytest

from persona_db.graph.catalog import NamedQuery, QueryType, catalog, parse_query
from persona_db.graph.errors import QueryFileError

GOOD = """\
// near: users near another, best first.
// param   dataset  str          whose users
// param   vector   list[float]  where to look
// param   at       str?         when; null for now
// returns user str, score float
// returns at str?, said list[list[any]]
// row     said [id, text]
// cost    read; one index look-up
// cost    and no more
MATCH (u:User {dataset: $dataset}) // not $this
WHERE u.note <> '$nor_that' AND u.`$or this` IS NULL
RETURN u.id AS user, $vector[0] AS score, $at AS at, [] AS said
"""


def parsed(text: str = GOOD, path: str = "join/near.cypher") -> NamedQuery:
    return parse_query(text, path=path)


def test_header_is_read_in_full() -> None:
    """Name, sentence, parameters, columns and cost come from the header; the text is the whole file."""
    query = parsed()
    assert (query.name, query.area, query.summary) == ("near", "join", "users near another, best first.")
    assert list(query.params) == ["dataset", "vector", "at"]
    assert query.params["vector"].about == "where to look"
    assert {k: str(v) for k, v in query.returns.items()} == {
        "user": "str",
        "score": "float",
        "at": "str?",
        "said": "list[list[any]]",
    }
    assert query.rows == {"said": "[id, text]"}
    assert query.cost == "read; one index look-up and no more"
    assert not query.writes
    assert query.text == GOOD
    assert query.path == "cypher/join/near.cypher"


def test_nothing_is_an_answer() -> None:
    """A query may return nothing, and write."""
    query = parsed(
        "// note: it is noted.\n// param dataset str where\n// returns nothing\n// cost write; one node\n"
        "CREATE (:Note {dataset: $dataset})\n",
        "admin/note.cypher",
    )
    assert query.returns == {}
    assert query.writes


def test_schema_takes_no_dataset() -> None:
    """What concerns the whole database is in schema/, and only that may do without $dataset."""
    text = "// all: everything.\n// returns n int\n// cost read; AllNodesScan\nMATCH (n) RETURN count(n) AS n\n"
    assert parsed(text, "schema/all.cypher").name == "all"
    with pytest.raises(QueryFileError, match=r"cypher/admin/all\.cypher: it takes no \$dataset"):
        parsed(text, "admin/all.cypher")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("// near: users", "// near users"), "first line"),
        (("// near:", "// far:"), "named 'far', its file 'near'"),
        (("// param   at       str?         when; null for now\n", ""), "uses \\$at without"),
        (("$at AS", "null AS"), "declares at, which"),
        (("list[float]", "list[double]"), "'double' is none of"),
        (("list[float]", "vector"), "'vector' is none of"),
        (("score float", "score"), "'' is none of"),
        (("// returns user str, score float\n// returns at str?, said list[list[any]]\n", ""), "no `returns`"),
        (("at str?", "user str"), "returns user twice"),
        (("// row     said [id, text]\n", ""), "said: each returned list of lists has a `row` line"),
        (("// row     said", "// row     at"), "at, said: each returned list"),
        (("said [id, text]", "said id, text"), "is not `row name"),
        (("cost    read;", "cost    reads;"), "no `cost` line"),
        (("// cost    read; one index look-up\n// cost    and no more\n", ""), "no `cost` line"),
        (("// param   vector", "// param   dataset str again\n// param   vector"), "dataset is declared twice"),
        (("// param   vector", "// remark\n// param   vector"), "starts with 'remark'"),
        (("// param   vector   list[float]  where to look", "// param   vector"), "is not `param name type"),
    ],
)
def test_wrong_header_is_refused(change: tuple[str, str], complaint: str) -> None:
    """The error names the file and what is wrong."""
    assert change[0] in GOOD
    with pytest.raises(QueryFileError, match=rf"cypher/join/near\.cypher: .*{complaint}"):
        parsed(GOOD.replace(*change))


@pytest.mark.parametrize("text", ["", "\n", "MATCH (n) RETURN n", GOOD.split("MATCH", maxsplit=1)[0]])
def test_file_without_header_or_cypher_is_refused(text: str) -> None:
    """Neither half may be missing."""
    with pytest.raises(QueryFileError):
        parsed(text)


@pytest.mark.parametrize(
    ("kind", "fits", "fails"),
    [
        ("str", ["", "a"], [None, 1, b"a"]),
        ("str?", ["", None], [1]),
        ("int", [0, -1], [True, 1.5, "1", None]),
        ("float", [0.5, 1], [True, "1"]),
        ("bool", [True], [1, None]),
        ("map", [{}, {"a": 1}], [[]]),
        ("list[str]", [[], ["a"], ("a",)], ["a", [1], None]),
        ("list[list[float]]", [[[0.1]]], [[0.1]]),
        ("list[map]?", [None, [{}]], [{}]),
    ],
)
def test_type_admits_its_values(kind: str, fits: list[object], fails: list[object]) -> None:
    """A value of another type is refused before it is sent."""
    declared = QueryType.parse(kind)
    assert kind == str(declared)
    assert all(declared.admits(value) for value in fits)
    assert not any(declared.admits(value) for value in fails)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"dataset": "d", "vector": []}, "lacks at"),
        ({"dataset": "d", "vector": [], "at": None, "to": 1}, "gives an unknown to"),
        ({"dataset": "d", "vector": "v", "at": None}, r"vector is list\[float\], the call gives str"),
    ],
)
def test_wrong_call_is_refused(given: dict[str, object], complaint: str) -> None:
    """A call must give the query's parameters, all of them and no others."""
    with pytest.raises(QueryFileError, match=complaint):
        parsed().check(given)


def test_every_query_of_the_package_is_well_formed() -> None:
    """The catalog loads: each file is named once, and takes $dataset unless it is schema."""
    queries = catalog()
    assert len(queries) > 20
    assert [name for name, query in queries.items() if query.area != "schema" and "dataset" not in query.params] == []
    assert all(query.path == f"cypher/{query.area}/{name}.cypher" for name, query in queries.items())
