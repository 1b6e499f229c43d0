"""The page about agents runs from its first block to its last, with a scripted model, and its configurations parse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr
from starlette.testclient import TestClient
from typer.main import get_command

from persona_db.chains.refinement.refine import refine
from persona_db.cli.app import APP
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.models import Sharing
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders import load, open_source
from tests.end_to_end.command_line import ROOT, TOWN
from tests.synthetic import unsearched

PAGE = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")


class Scripted(BaseChatModel):
    """A chat model that remembers what is said, predicts, and answers by what the tools told it."""

    _tools: list[str] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Runnable[Any, AIMessage]:
        self._tools = [tool.name for tool in tools]
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        told = [message for message in messages if isinstance(message, ToolMessage)]
        calls = [
            {"name": "remember", "args": {"text": "I work late."}, "id": "1"},
            {"name": "predict", "args": {"question": "buses", "user": "ben"}, "id": "2"},
            {"name": "predict", "args": {"question": "buses"}, "id": "3"},
        ]
        if len(told) < len(calls):
            answer = AIMessage(content="", tool_calls=[calls[len(told)]])
        else:
            made = json.loads(str(told[-1].content))
            answer = AIMessage(content=f"Probably: {made['answer']}. {told[1].content}")
        return ChatResult(generations=[ChatGeneration(message=answer)])


@pytest.fixture
def town(neo4j_server: object, neo4j_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    """The example, refined, on the server to which the environment leads."""
    monkeypatch.setenv("PERSONA_DB_HOME", str(neo4j_settings.home))
    monkeypatch.setenv("PERSONA_DB_CACHE", str(neo4j_settings.cache_dir))
    monkeypatch.setenv("PERSONA_DB_EMBEDDING_MODEL", "hash")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with Graph.connect() as graph:
        drop_dataset(graph, "town")
        load(graph, open_source("jsonl", [TOWN]), dataset="town", sharing=Sharing.HISTORY, embedder=HashEmbedder())
        with unsearched():
            refine(graph, "town", embedder=HashEmbedder())
        yield graph
        drop_dataset(graph, "town")


def test_the_page_runs(town: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    """Personas, the agent and the endpoint, one after another in one space of names."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 5
    space: dict[str, Any] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, "docs/agents.md", "exec", dont_inherit=True), space)
        if "init_chat_model" in block:
            space["model"] = Scripted()
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 8
    assert "Night buses would help me home from the late shift." in printed[5]
    assert printed[-1].startswith("Probably: yes. these tools are about 'ada' and nobody else")
    assert space["people"].recall("ada", "work late", k=3).items[0].text == "I work late."
    client = TestClient(space["app"])
    assert client.get("/people/ada").json()["lines"] == list(space["people"].profile("ada").lines)
    missing = client.get("/people/nobody")
    assert (missing.status_code, "no user 'nobody'" in missing.json()["detail"]) == (404, True)
    item = client.post("/people/ada/said", json={"text": "Hello from outside."}).json()["item"]
    assert space["people"].recall("ada", "Hello from outside.", k=1).items[0].id == item
    space["graph"].close()


def test_its_configurations_are_command_lines() -> None:
    """Two clients', each JSON, with arguments that the command takes."""
    found = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)]
    servers = [one.get("mcpServers") or one["servers"] for one in found]
    assert len(servers) == 2
    group: Any = get_command(APP)
    for given in (one["persona-db"] for one in servers):
        assert given["command"] == "persona-db"
        name, command, rest = group.resolve_command(group.make_context("persona-db", given["args"]), given["args"])
        assert command.make_context(name, rest).params["dataset"] == "town"
