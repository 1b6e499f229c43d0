"""The server of compose.yaml is the embedded one's twin."""

from __future__ import annotations

import re
from pathlib import Path

from persona_db.graph.server.lock import read_lock

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
TEMPLATE = (ROOT / "graph" / "server" / "neo4j.conf").read_text(encoding="utf-8")

PLACES = {  # what the embedded server's template fills in, as for a heap of 2 GB
    "${transaction_timeout}": "10m",
    "$transaction_timeout": "10m",
    "${transaction_mb}m": "800m",
    "${transactions_mb}m": "1400m",
    "${page_cache_mb}m": "1g",
}


def compose_settings() -> dict[str, str]:
    """Settings of Neo4j in compose.yaml, under Neo4j's own names."""
    found = re.findall(r'^ +NEO4J_([a-z]\w+): "([^"]*)"$', COMPOSE, flags=re.MULTILINE)
    return {name.replace("__", "\0").replace("_", ".").replace("\0", "_"): value for name, value in found}


def template_settings() -> dict[str, str]:
    """Settings of Neo4j that the embedded server is given."""
    lines = [line.partition("=") for line in TEMPLATE.splitlines() if line and not line.startswith("#")]
    return {name: PLACES.get(value, value) for name, _, value in lines}


def test_it_is_the_same_neo4j() -> None:
    """compose.yaml runs the embedded server's version, to the patch release."""
    assert f"image: neo4j:{read_lock().neo4j}\n" in COMPOSE


def test_it_is_as_hard() -> None:
    """Every setting in compose.yaml is the embedded server's, except the heap."""
    ours = compose_settings()
    assert ours.pop("server.memory.heap.max_size") == "2g"
    template = template_settings()
    assert ours == {name: template.get(name) for name in ours}
    said = ("allow", "limit", "timeout", "memory", "report", "telemetry", "blocklist", "logs", "fleet")
    hard = {name for name in template if any(word in name for word in said)}
    assert hard - ours.keys() == {"dbms.security.http_access_control_allow_origin"}  # it names a port


def test_only_this_machine_reaches_it() -> None:
    """Each port is published on 127.0.0.1."""
    ports = re.findall(r'- "([^"]+:\d+)"', COMPOSE)
    assert [port.split(":")[0] for port in ports] == ["127.0.0.1", "127.0.0.1"]
