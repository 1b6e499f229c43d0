"""Odd command lines, drawn from a seed: every command with arguments that nobody meant."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from persona_db.cli.commands import COMMANDS

__all__ = ["ODD", "odd_command_lines"]

ODD = (
    "", " ", "\n", "\0", "a\0b", "\ud83d", "\udcff\udcfe", "x" * 100_000, "-", "--", "-1", "1e999", "NaN", "0x10", "٣",
    "'; DROP DATABASE neo4j //", "`", "{", "}", "%s%n", "$HOME", "../../..", "/", "/dev/null", "/dev/full",
    "/proc/self/mem",
    "/nowhere/at/all", "file:///etc/passwd", "http://[::1", "bolt://", "bolt://:0", "neo4j+s://\u202eexample", "=",
    "a=b", "=x", "\u202e\U0001f600", "Jose\u0301", "\x1b[2J", "9" * 400, "-" * 50, "@file", "*", "?", "~", "2005-13-45",
    "[]", "null", "--help", "--json", "--debug=x", "-h=1", "\\", "\t", "\u2028", "\ufeff", "0", "99999999999999999999",
)  # fmt: skip
_OPTIONS = (
    "--dataset", "--top-k", "--question", "--as-of", "--json", "--csv", "--limit", "--seed", "--model", "--size",
    "--ratio",
    "--option", "--item", "--attribute", "--from", "--deep", "--yes", "--port", "--seconds", "-p", "--sharing",
    "--format",
    "--refit", "--dry-run", "--budget-usd", "--temperature", "--output", "--arms", "--cypher", "--explain", "--by",
)  # fmt: skip
URIS = (
    "", " ", "bolt", "bolt://", "bolt://:7687", "bolt://127.0.0.1:0", "bolt://127.0.0.1:99999", "http://127.0.0.1:1",
    "neo4j://\ud83d", "bolt://127.0.0.1:1", "file:///x", "bolt://user:pass@127.0.0.1:1", "bolt://[::1", "bolt://a b",
    "bolt+x://127.0.0.1:1", "\u202ebolt://127.0.0.1:1", "bolt://127.0.0.1:1?x=y", "x" * 10_000,
)  # fmt: skip
_LASTING = ("explore", "up", "demo", "down", "backup", "restore", "experiment", "evaluate")
"""Commands that stay, or take or end what other tests use: they are given only what cannot be parsed."""


def odd_command_lines(seed: int, count: int) -> Iterator[list[str]]:
    """Yield *count* command lines."""
    draw = Random(seed)
    commands = [*COMMANDS, "labels", "query", ""]
    for _ in range(count):
        command = draw.choice(commands)
        given = [draw.choice(ODD) for _ in range(draw.randrange(4))]
        for _ in range(draw.randrange(4)):
            given += [draw.choice(_OPTIONS), *([draw.choice(ODD)] if draw.random() < 0.7 else [])]
        if draw.random() < 0.5:
            given += ["--dataset", draw.choice(("town", *ODD))]
        if command in _LASTING:
            given = [one for one in given if one not in ("--help", "-h")] + ["--no-such-option"]
        yield [one for one in (command, *given) if one != "--debug"]
