"""`persona-db mcp`: an agent's session by the SDK's client, what it may not do, and what does not bring it down."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import uuid4

import httpx2
import jsonschema
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from persona_db.agents import Tools, agent_tools, build_server
from persona_db.chains.refinement.refine import refine
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.ingest import store_items, store_people, store_questions
from persona_db.graph.models import HistoryItem, Person, Question, Sharing
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders import load, open_source
from tests.synthetic import dump, make_world, store, unsearched

EMBEDDER = HashEmbedder()
SENATOR = "COLLINS (R ME)"
QUESTION = "s109-1-0044"
READING = ["who_is", "predict", "who_shares", "recall", "why"]
SECRETS = ("Quorndal", "quornplace", "quornlamp", "quorntax")
"""Planted in another dataset."""


@pytest.fixture(scope="module")
def hashed(graph: Graph, neo4j_settings: Settings) -> Iterator[Graph]:
    """The server's graph with quick vectors."""
    with Graph.connect(neo4j_settings.model_copy(update={"embedding_model": "hash"})) as opened:
        yield opened


@pytest.fixture(scope="module")
def senate(hashed: Graph) -> Iterator[str]:
    """The bundled Senate, refined; senators share their keys. In another dataset people with planted names."""
    name, other = f"test-senate-{uuid4().hex[:8]}", f"test-other-{uuid4().hex[:8]}"
    load(hashed, open_source("senate"), dataset=name, embedder=EMBEDDER)
    world = make_world(people=12, questions=6)
    store(hashed, other, world)
    store_people(
        hashed, other, [Person(id="collins-quornplace", name="Susan Quorndal Collins")], sharing=Sharing.HISTORY
    )
    asked = Question(id="quorntax", text="Should bankruptcy be easier?", options=("no", "yes"), ordinal=(0.0, 1.0))
    store_questions(hashed, other, [asked])
    said = HistoryItem(id="collins-quornplace/1", user="collins-quornplace", text="Bankruptcy by quornlamp.")
    store_items(hashed, other, [said])
    with unsearched():
        refine(hashed, name, embedder=EMBEDDER)
        refine(hashed, other, embedder=EMBEDDER)
    yield name
    drop_dataset(hashed, name)
    drop_dataset(hashed, other)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What leads a command to the tests' server, with quick vectors."""
    return {
        **os.environ,
        "PERSONA_DB_HOME": str(settings.home),
        "PERSONA_DB_CACHE": str(settings.cache_dir),
        "PERSONA_DB_EMBEDDING_MODEL": "hash",
        **more,
    }


COMMAND = ["-c", "from persona_db.cli.main import main; main()", "mcp"]


@asynccontextmanager
async def over_stdio(settings: Settings, *arguments: str) -> AsyncIterator[Client]:
    """A client of a server that it started."""
    given = StdioServerParameters(command=sys.executable, args=[*COMMAND, *arguments], env=environment(settings))
    async with Client(stdio_client(given)) as client:
        yield client


def said(result: CallToolResult) -> str:
    """The text of a result."""
    return "".join(getattr(one, "text", "") for one in result.content)


def test_an_agent_session(senate: str, neo4j_settings: Settings) -> None:
    """It finds a senator, predicts, asks why, is refused a write, and mends a call by what an error says."""

    async def session() -> None:
        async with over_stdio(neo4j_settings, "--dataset", senate) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == READING
            found = (await client.call_tool("who_is", {"user": "Colins"})).structured_content or {}
            user = found["profile"]["user"]
            assert user == SENATOR
            assert len(found["profile"]["lines"]) == 5
            wrong = await client.call_tool("predict", {"user": user, "question": "bankruptcy"})
            assert wrong.is_error
            assert QUESTION in said(wrong)
            made = (await client.call_tool("predict", {"user": user, "question": QUESTION})).structured_content or {}
            assert made["answer"] == made["given"] == "Yea"
            assert sum(one["probability"] for one in made["options"]) == pytest.approx(1, abs=1e-3)
            told = (await client.call_tool("why", {"user": user, "question": QUESTION})).structured_content or {}
            assert told["explanation"] == made["explanation"]
            assert {one["whose"] for one in told["reasons"]} <= {"own", "others"}
            shared = (await client.call_tool("who_shares", {"user": user})).structured_content or {}
            assert shared["people"] == []  # they share keys: counted, and not named
            assert shared["unnamed"] >= 10
            lines = (await client.call_tool("recall", {"user": user, "about": "bankruptcy"})).structured_content or {}
            assert lines["lines"][0]["whose"] == "own"
            for name in ("remember", "forget"):
                refused = await client.call_tool(name, {"user": user, "text": "x"})
                assert refused.is_error
                assert f"no tool '{name}': this server only reads" in said(refused)

    asyncio.run(session())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_schemas_are_valid_and_held(hashed: Graph, senate: str, mode: str) -> None:
    """By a second validator: each schema is one, and each answer is what its schema says; the client checks as well."""

    async def session() -> None:
        async with Client(build_server(Tools(lambda: hashed, senate, write=True)), mode=mode) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert list(tools) == [*READING, "remember", "forget"]
            for tool in tools.values():
                jsonschema.Draft202012Validator.check_schema(tool.input_schema)
                assert tool.output_schema is not None
                jsonschema.Draft202012Validator.check_schema(tool.output_schema)
                assert tool.input_schema["type"] == tool.output_schema["type"] == "object"
                assert tool.description
                assert all(one.get("description") for one in tool.input_schema["properties"].values())
                assert tool.annotations is not None
                assert tool.annotations.read_only_hint == (tool.name in READING)
            item = ""
            for name, asked in (
                ("who_is", {"user": SENATOR}),
                ("who_is", {"user": "nelson"}),
                ("predict", {"user": SENATOR, "question": QUESTION}),
                ("predict", {"user": SENATOR, "question": "Ban zyxes?", "options": ["no", "yes"]}),
                ("who_shares", {"user": SENATOR, "k": 3}),
                ("recall", {"user": SENATOR, "about": "bankruptcy", "k": 2}),
                ("why", {"user": SENATOR, "question": QUESTION}),
                ("remember", {"user": SENATOR, "text": "I like lighthouses."}),
                ("forget", {"user": SENATOR}),
            ):
                given = {**asked, "item": item} if name == "forget" else asked
                result = await client.call_tool(name, given)
                assert not result.is_error, said(result)
                jsonschema.validate(result.structured_content, tools[name].output_schema or {})
                jsonschema.validate(given, tools[name].input_schema)
                item = (result.structured_content or {}).get("item", "")
                assert json.loads(said(result)) == result.structured_content

    asyncio.run(session())


def test_another_dataset_never_appears(hashed: Graph, senate: str) -> None:
    """Names, ids, questions and texts planted there are in no answer and in no error."""

    async def session() -> list[str]:
        told = []
        async with Client(build_server(Tools(lambda: hashed, senate))) as client:
            for name, given in (
                ("who_is", {"user": "susan"}),
                ("who_is", {"user": "collins"}),
                ("who_is", {"user": "quorn"}),
                ("predict", {"user": "collin", "question": "bankruptcy"}),
                ("predict", {"user": SENATOR, "question": "bankruptcy easier"}),
                ("predict", {"user": SENATOR, "question": "Should bankruptcy be easier?", "options": ["no", "yes"]}),
                ("recall", {"user": SENATOR, "about": "bankruptcy lamp", "k": 50}),
                ("who_shares", {"user": SENATOR, "k": 50}),
                ("why", {"user": SENATOR, "question": QUESTION}),
            ):
                result = await client.call_tool(name, given)
                told.append(f"{said(result)} {result.structured_content}")
        return told

    told = asyncio.run(session())
    assert len(told) == 9
    assert [one for one in told if any(secret in one for secret in SECRETS)] == []


def test_bound_to_one_person(hashed: Graph, senate: str, neo4j_settings: Settings) -> None:
    """No tool has an argument for who is meant; naming another is refused, naming that one is no fault."""

    async def session() -> None:
        async with Client(build_server(Tools(lambda: hashed, senate, user=SENATOR))) as client:
            tools = (await client.list_tools()).tools
            assert not any("user" in tool.input_schema["properties"] for tool in tools)
            assert ((await client.call_tool("who_is", {})).structured_content or {})["profile"]["user"] == SENATOR
            for given, refused in (
                ({"user": SENATOR}, False),
                ({"user": "BOXER (D CA)"}, True),
                ({"user": None}, True),
            ):
                result = await client.call_tool("predict", {"question": QUESTION, **given})
                assert result.is_error == refused
                if refused:
                    assert "nobody else" in said(result)
                else:
                    assert (result.structured_content or {})["user"] == SENATOR

    asyncio.run(session())
    done = _run(neo4j_settings, "--dataset", senate, "--user", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("persona-db: no user 'nobody' in dataset")
    done = _run(neo4j_settings, "--dataset", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no dataset 'nowhere'" in done.stderr


def test_what_is_remembered_counts_at_once(hashed: Graph, senate: str) -> None:
    """And is forgotten; a person goes only where everything is said to go, and others stay as they were."""
    before = _others(hashed, senate)

    async def session() -> None:
        async with Client(build_server(Tools(lambda: hashed, senate, write=True))) as client:

            async def call(name: str, **given: object) -> dict[str, Any]:
                result = await client.call_tool(name, {"user": SENATOR, **given})
                assert not result.is_error, said(result)
                return dict(result.structured_content or {})

            kept = await call("remember", question=QUESTION, option="nay")
            assert kept["counts"]
            assert (await call("predict", question=QUESTION))["given"] == "Nay"
            assert (await call("forget", item=kept["item"]))["items"] == 1
            assert (await call("predict", question=QUESTION))["given"] == "Yea"
            for wrong in ({}, {"item": "x", "everything": True}, {"item": "no such item"}):
                assert (await client.call_tool("forget", {"user": SENATOR, **wrong})).is_error
            unknown = await client.call_tool("remember", {"user": "COLINS", "text": "x"})
            assert "no person 'COLINS' is here; near are: COLLINS (R ME)" in said(unknown)

    asyncio.run(session())
    assert _others(hashed, senate) == before


ODD: list[tuple[str, dict[str, object]]] = [
    ("who_is", {}),
    ("who_is", {"user": None}),
    ("who_is", {"user": ["a"]}),
    ("who_is", {"user": ""}),
    ("who_is", {"user": "x" * 100_000}),
    ("who_is", {"user": '+-&|!(){}[]^"~*?:\\/ zzqqxx'}),
    ("who_is", {"user": "zzqq\x00xxyy"}),
    ("who_is", {"user": "half \ud83d"}),
    ("who_is", {"usr": SENATOR}),
    ("predict", {"user": SENATOR, "question": "x" * 100_000}),
    ("predict", {"user": SENATOR, "question": "x?", "options": ["same", "same"]}),
    ("predict", {"user": SENATOR, "question": "x?", "options": ["", " "]}),
    ("predict", {"user": SENATOR, "question": "x?", "options": "no, yes"}),
    ("predict", {"user": SENATOR, "question": "x?", "options": ["\udfff", "b"]}),
    ("predict", {"user": SENATOR, "question": {"id": 7}}),
    ("recall", {"user": SENATOR, "about": ""}),
    ("recall", {"user": SENATOR, "about": "x", "k": 10**30}),
    ("recall", {"user": SENATOR, "about": "x", "k": -1}),
    ("recall", {"user": SENATOR, "about": "x", "k": float("nan")}),
    ("who_shares", {"user": SENATOR, "k": True, "deep": [[[]]]}),
    ("remember", {"user": SENATOR}),
    ("remember", {"user": SENATOR, "text": "x" * 100_001}),
    ("remember", {"user": SENATOR, "text": "x", "question": QUESTION, "option": "Yea"}),
    ("remember", {"user": SENATOR, "question": QUESTION, "option": "Perhaps"}),
    ("x" * 100_000, {}),
]


def test_odd_arguments_are_told_in_a_sentence(hashed: Graph, senate: str) -> None:
    """One line, not long, with no trace of code; nothing is stored, and the server goes on."""

    async def session() -> list[str]:
        told = []
        async with Client(build_server(Tools(lambda: hashed, senate, write=True))) as client:
            for name, given in ODD:
                result = await client.call_tool(name, given)
                told.append(said(result) if result.is_error else f"no error of {name[:20]} {str(given)[:80]}")
            assert not (await client.call_tool("who_is", {"user": SENATOR})).is_error
        return told

    before = dump(hashed, senate)
    told = asyncio.run(session())
    assert [one for one in told if not one or "\n" in one or len(one) > 700 or one.startswith("no error")] == []
    assert [one for one in told if re.search(r"Traceback|Error\(|File \"|pydantic|failed; the server", one)] == []
    assert dump(hashed, senate) == before


def test_garbage_on_the_wire(senate: str, neo4j_settings: Settings) -> None:
    """No line brings the server down, nothing but the protocol is on stdout, and a closed pipe ends it."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    asked = {"name": "who_is", "arguments": {"user": SENATOR}}
    lines = [
        b"not json\n",
        b"\xff\xfe\x00\n",
        b"[" * 10_000 + b"\n",
        b'{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "who_is", '
        b'"arguments": {"user": "\\ud800"}}}\n',
        b'{"jsonrpc": "2.0", "id": 8, "method": "tools/call", "params": []}\n',
        b'{"jsonrpc": "2.0", "id": 9, "method": "no/such"}\n',
    ]
    with _started(neo4j_settings, "--dataset", senate) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        _send(process, {"id": 1, "method": "initialize", "params": hello})
        first = json.loads(process.stdout.readline())
        assert first["result"]["serverInfo"]["name"] == "persona-db"
        _send(process, {"method": "notifications/initialized"})
        for line in lines:
            process.stdin.write(line)
        _send(process, {"id": 2, "method": "tools/call", "params": asked})
        while (answer := json.loads(process.stdout.readline())).get("id") != 2:
            assert answer["jsonrpc"] == "2.0"
        assert answer["result"]["structuredContent"]["profile"]["user"] == SENATOR
        process.stdin.write(b'{"jsonrpc": "2.0", "id": 3, "meth')
        process.stdin.close()
        rest = process.stdout.read()
        assert process.wait(timeout=60) == 0
        assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())


def test_http_asks_for_the_token(senate: str, neo4j_settings: Settings) -> None:
    """401 without it; with it a session, also after a client that broke off; it is printed where it is made alone."""
    with _started(neo4j_settings, "--dataset", senate, "--http", "--port", "0") as process:
        assert process.stderr is not None
        address = _found(process, rb"served at (\S+)")
        token = _found(process, rb"Authorization: Bearer (\S+)")
        assert address.startswith("http://127.0.0.1:")
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": token}, {"Authorization": ""}):
            refused = httpx2.post(address, json={}, headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        port = int(address.rsplit(":", 1)[1].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as broken:
            broken.sendall(
                f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
                "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{".encode()
            )

        async def session() -> None:
            async with (
                httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as carrying,
                Client(streamable_http_client(address, http_client=carrying)) as client,
            ):
                found = (await client.call_tool("who_is", {"user": "Collins"})).structured_content or {}
                assert found["profile"]["user"] == SENATOR

        asyncio.run(session())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert out == b""
        assert token.encode() not in err
        assert b"Traceback" not in err


def test_a_token_of_ones_own_is_printed_nowhere(senate: str, neo4j_settings: Settings) -> None:
    """It comes from the environment; one that is too short is refused."""
    token = "a-token-of-ones-own"
    arguments = ("--dataset", senate, "--http", "--port", "0")
    with _started(neo4j_settings, *arguments, PERSONA_DB_MCP_TOKEN=token) as process:
        address = _found(process, rb"served at (\S+)")
        assert httpx2.post(address, json={}).status_code == 401
        assert httpx2.post(address, json={}, headers={"Authorization": f"Bearer {token}"}).status_code != 401
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert token.encode() not in out + err
    done = _run(neo4j_settings, *arguments, PERSONA_DB_MCP_TOKEN="short")
    assert done.returncode == 1
    assert "PERSONA_DB_MCP_TOKEN" in done.stderr


def test_the_extra_is_named_where_it_is_missing(neo4j_settings: Settings) -> None:
    """In one line, with the command that installs it."""
    code = "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n, *a: None if n == 'mcp' else f(n, *a)\n"
    command = [sys.executable, "-c", f"{code}{COMMAND[1]}", "mcp", "--dataset", "x"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(neo4j_settings))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "persona-db: `persona-db mcp` needs the extra mcp: pip install 'persona-db[mcp]'\n"


def test_the_same_tools_in_langchain(hashed: Graph, senate: str) -> None:
    """They return the same JSON, and a sentence for an error."""
    tools = {tool.name: tool for tool in agent_tools(hashed, senate, user=SENATOR)}
    assert list(tools) == READING
    made = json.loads(tools["predict"].invoke({"question": QUESTION}))
    assert made["given"] == "Yea"
    assert "nobody else" in tools["predict"].invoke({"question": QUESTION, "user": "BOXER (D CA)"})
    assert "no question 'bankruptcy' is here" in tools["predict"].invoke({"question": "bankruptcy"})


def _others(graph: Graph, dataset: str) -> list[str]:
    """All that is stored of others than the senator; the dataset itself notes that somebody's item is gone."""
    return [one for one in dump(graph, dataset, leave_out=[SENATOR]) if "'label': 'Dataset'" not in one]


def _run(settings: Settings, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *COMMAND, *arguments]
    env = environment(settings, **more)
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL)


@contextmanager
def _started(settings: Settings, *arguments: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    command, env, pipe = [sys.executable, *COMMAND, *arguments], environment(settings, **more), subprocess.PIPE
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _send(process: subprocess.Popen[bytes], message: dict[str, object]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    process.stdin.flush()


def _found(process: subprocess.Popen[bytes], pattern: bytes) -> str:
    """Return what a line of stderr has in the place of the pattern's group."""
    assert process.stderr is not None
    until = time.monotonic() + 120
    while time.monotonic() < until and (line := process.stderr.readline()):
        if found := re.search(pattern, line):
            return found[1].decode()
    raise AssertionError(f"stderr has no {pattern!r}")
