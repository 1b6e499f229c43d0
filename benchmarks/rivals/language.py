"""What the scripted language model answers: of each text a fact that says the same, of one text a fact in other words.

It knows by the fields of the schema, or by the words of the prompt where none is sent, who asks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.rivals.texts import MESSAGE
from tests.scripted_answers import Asked

__all__ = ["REWRITTEN", "answer"]

REWRITTEN = {MESSAGE: "The water plant is no longer there."}
"""A message, and the fact that is made of it: none of its words, so that only its source can lead back to it."""

_EPISODE = re.compile(r"\[Episode (\d+)\] \(timestamp: [^)]*\)\n(.*?)(?=\n\n\[Episode|\n*</|\Z)", re.DOTALL)
_SAID = re.compile(r"^user: (.+)$", re.MULTILINE)


def answer(asked: Asked) -> str:
    """Return what the model says to one request."""
    prompt = "\n".join(text for _, text in asked.messages)
    if asked.tool:  # LangMem: a tool call that makes a memory
        return json.dumps({"content": next(iter(REWRITTEN.values()))})
    fields = frozenset((asked.schema or {}).get("properties", ()))
    for known, made in _ANSWERS.items():
        if known in fields:
            return json.dumps(made(prompt))
    if fields:
        return json.dumps({name: _empty(one) for name, one in (asked.schema or {})["properties"].items()})
    if '"memory"' in prompt:  # mem0
        said = _SAID.findall(prompt.rpartition("New Messages")[2] or prompt)
        return json.dumps({"memory": [{"id": str(place), "text": _fact(text)} for place, text in enumerate(said)]})
    entity = {"id": "0", "label": "Person", "properties": {"name": "Somebody"}}  # neo4j-graphrag
    return json.dumps({"nodes": [entity], "relationships": []})


def _fact(text: str) -> str:
    return REWRITTEN.get(text, text)


def _extracted(prompt: str) -> Mapping[str, Any]:
    """Return for each episode the person, what it is about, and the fact that connects the two (Graphiti)."""
    names: dict[str, None] = {}
    edges = []
    current = prompt.partition("<CURRENT MESSAGES>")[2].partition("</CURRENT MESSAGES>")[0]
    for number, content in _EPISODE.findall(current) or [("0", current)]:  # one alone has no heading
        text = content.strip()
        words = text.removesuffix(".").split()
        person = "Somebody" if text in REWRITTEN else " ".join(words[:2])
        about = " ".join(words[3:8]) or text
        names |= {person: None, about: None}
        edges.append(
            {
                "source_entity_name": person,
                "target_entity_name": about,
                "relation_type": "SAID",
                "fact": _fact(text),
                "episode_indices": [int(number)],
            }
        )
    return {"extracted_entities": [{"name": name, "entity_type_id": 0} for name in names], "edges": edges}


_ANSWERS: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "extracted_entities": _extracted,
    "entity_resolutions": lambda _: {"entity_resolutions": []},
    "duplicate_facts": lambda _: {"duplicate_facts": [], "contradicted_facts": []},
    "summaries": lambda _: {"summaries": []},
    "timestamps": lambda _: {"timestamps": []},
}


def _empty(schema: Mapping[str, Any]) -> object:
    """Return the least that a field of that type may be."""
    kinds: dict[str, object] = {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False, "object": {}}
    return kinds.get(str(schema.get("type")))
