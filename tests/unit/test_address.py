"""An address of Neo4j that the driver could not use is told in one line, with the address to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.cli.console import read_settings
from persona_db.graph.address import checked_address
from persona_db.graph.errors import ConfigError

GOOD = (
    "bolt://127.0.0.1:7687",
    "neo4j://localhost",
    "neo4j+s://0123abcd.databases.neo4j.io",
    "bolt+ssc://[::1]:7687",
    "neo4j://graph.example.org:7687?policy=europe",
    "BOLT://there:9999",
)
WRONG = {
    "": ("is empty", "neo4j://localhost:7687"),
    "  ": ("is empty", "neo4j://localhost:7687"),
    "127.0.0.1:7687": ("names no scheme", "neo4j://127.0.0.1:7687"),
    "localhost": ("names no scheme", "neo4j://localhost:7687"),
    "http://127.0.0.1:7474": ("for a browser", "neo4j://127.0.0.1:7687"),
    "https://graph.example.org": ("for a browser", "neo4j+s://graph.example.org:7687"),
    "http://localhost:7474/browser/": ("for a browser", "neo4j://localhost:7687"),
    "ftp://127.0.0.1": ("none of neo4j, neo4j+s", "neo4j://127.0.0.1:7687"),
    "bolt://neo4j:secret@127.0.0.1:7687": ("holds a login", "bolt://127.0.0.1:7687, and NEO4J_USERNAME"),
    "neo4j+s://me@h.example.org": ("holds a login", "neo4j+s://h.example.org:7687"),
    "bolt://": ("names no host", "neo4j://localhost:7687"),
    "bolt://:7687": ("names no host", "neo4j://localhost:7687"),
    "bolt://there:port": ("names no host and port", "neo4j://localhost:7687"),
    "bolt://there:70000": ("names no host and port", "neo4j://localhost:7687"),
    "bolt:/there:7687": ("has no :// after bolt", "bolt://there:7687"),
    "neo4j:there": ("has no :// after neo4j", "neo4j://there:7687"),
    "bolt://there:7687/movies": ("has a path", "bolt://there:7687, and the database in NEO4J_DATABASE"),
    "bolt://there:7687/": None,
    "bolt://there:7687?a=b": ("something after", "bolt://there:7687"),
    "neo4j://there:7687?europe": ("something after", "neo4j://there:7687"),
    "neo4j://there#here": ("something after", "neo4j://there:7687"),
    '"bolt://there:7687"': ("quotes around it", "bolt://there:7687"),
    " bolt://there:7687": ("blanks or quotes", "bolt://there:7687"),
    "bolt://the re:7687": ("holds blanks", "neo4j://localhost:7687"),
    "bolt://there:7687\nbolt://here": ("holds blanks or control", "neo4j://localhost:7687"),
}


@pytest.mark.parametrize("uri", [*GOOD, *(uri for uri, told in WRONG.items() if told is None)])
def test_an_address_that_can_be_used_is_left_as_it_is(uri: str) -> None:
    """With or without a port, over TLS, by IPv6, with a routing policy, with a bare slash at the end."""
    assert checked_address(uri) == uri


@pytest.mark.parametrize("uri", [uri for uri, told in WRONG.items() if told])
def test_a_wrong_address_says_what_to_write(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the variable, what is wrong, and an address; a password in it is not repeated."""
    told = WRONG[uri]
    assert told is not None
    monkeypatch.setenv("NEO4J_URI", uri)
    with pytest.raises(ConfigError) as caught:
        read_settings()
    line = str(caught.value)
    assert line.startswith("NEO4J_URI ")
    assert "\n" not in line
    assert "secret" not in line
    assert told[0] in line
    assert f"write {told[1]}" in line or f"such as {told[1]}" in line


@given(st.text(max_size=40) | st.from_regex(r"[a-z+4]{0,8}:?/?/?[a-z0-9@:.\[\]/?#=]{0,30}", fullmatch=True))
def test_any_text_is_an_address_or_a_reason(uri: str) -> None:
    """No other exception, and what is proposed can be used."""
    try:
        assert checked_address(uri) == uri
    except ValueError as error:
        proposal = str(error).rpartition("write ")[2].removeprefix("an address such as ").partition(",")[0]
        assert checked_address(proposal) == proposal
