"""The commands there are, and the page of `--help` that lists them; light, so that it comes at once."""

from __future__ import annotations

from textwrap import fill

__all__ = ["ABOUT", "COMMANDS", "TABLES", "WIDTH", "overview"]

ABOUT = "A graph of who shares which values, and predictions from it of how a person would answer."

COMMANDS = {
    "demo": "Run the main job on bundled data, end to end.",
    "up": "Start the embedded Neo4j.",
    "down": "Stop the embedded Neo4j.",
    "status": "Show where Neo4j runs and what each dataset holds.",
    "load": "Load histories into a dataset.",
    "labels": "Export, import or read what questions and answers are called.",
    "refine": "Refine histories into facts, traits and cache keys.",
    "users": "List the users of a dataset.",
    "join": "List who shares cache keys with a user, and which.",
    "recall": "List the items a prediction would read.",
    "predict": "Predict how a user would answer a question, and show why.",
    "segments": "Show the groups of people who answer alike.",
    "shares": "Show what share of people chose each option of a question.",
    "audit": "Count whether what is said of people is what they said.",
    "evaluate": "Predict held-out answers with each arm, and compare the arms.",
    "experiment": "Run experiments: what helps, when, and at what cost.",
    "query": "Run a named query, list named queries, or run read-only Cypher of your own.",
    "export": "Write a user's neighbourhood as a figure or a graph file.",
    "export-person": "Print all that is stored on one person, as JSON.",
    "mcp": "Serve tools about people to an agent, over MCP.",
    "explore": "Serve the web explorer on this machine.",
    "merge": "Make one user a part of another, or rename a user.",
    "backup": "Write the whole graph into one file.",
    "restore": "Put the graph of a backup in the place of the one that is there.",
    "erase": "Remove a user, or one item, and everything derived from it.",
}

TABLES = frozenset(
    (
        "audit", "erase", "evaluate", "join", "labels", "load", "merge", "predict", "query", "recall", "refine",
        "segments", "shares", "status", "users",
    )
)  # fmt: skip
"""Commands that print tables, and so take `--csv` beside `--json`."""


_OPTIONS = {
    "--debug": "Show the trace of an error.",
    "--version": "Show the version and exit.",
    "-h, --help": "Show this message and exit.",
}
WIDTH = 80
"""Columns of the page."""


def overview() -> str:
    """Return what the parser prints for `--help` on 80 columns; to import the parser takes three times as long."""
    lines = ["Usage: persona-db [OPTIONS] COMMAND [ARGS]...", "", _filled(ABOUT, first="  ", indent=2)]
    for title, entries in (("Options", _OPTIONS), ("Commands", COMMANDS)):
        width = max(map(len, entries)) + 2
        lines += ["", f"{title}:"]
        lines += [_filled(text, first=f"  {name:<{width}}", indent=width + 2) for name, text in entries.items()]
    return "\n".join(lines)


def _filled(text: str, *, first: str, indent: int) -> str:
    return fill(text, WIDTH - 2, initial_indent=first, subsequent_indent=" " * indent)
