"""`refine`, `predict` and `status` with a language model: the same commands, bounds that are told, exit statuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from persona_db.cli.main import main
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.end_to_end.command_line import CommandLine
from tests.language_server import ANSWER_FAULTS, Asked, Fault, LanguageServer, Odd, Said, Status
from tests.synthetic import make_world, store

MODEL = ("--model", "openai:scripted")


@pytest.fixture
def cli(
    server: LanguageServer,
    neo4j_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """The command line, on the session's server, with caches of its own."""
    monkeypatch.setenv("PERSONA_DB_HOME", str(neo4j_settings.home))
    monkeypatch.setenv("PERSONA_DB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PERSONA_DB_EMBEDDING_MODEL", "hash")
    return CommandLine(capsys)


@pytest.fixture
def town(graph: Graph, dataset: str) -> tuple[str, str]:
    store(graph, dataset, make_world(people=12, questions=6))
    return "--dataset", dataset


def test_the_model_is_the_only_difference(cli: CommandLine, town: tuple[str, str], server: LanguageServer) -> None:
    """Refine, predict and status take and print the same, and a table tells what the calls took."""
    refined = cli.json("refine", *town, *MODEL)
    assert (refined["users"], refined["calls"], refined["engine"]) == (12, 24, "openai:scripted")
    made = cli.json("predict", "u01", "--question", "q02", *town, *MODEL)
    assert (made["outcome"], made["engine"]) == ("answered", "openai:scripted")
    assert sum(made["probabilities"]) == pytest.approx(1)
    [told] = [one for one in cli.json("status")["datasets"] if one["dataset"] == town[1]]
    assert {one["stage"]: one["calls"] for one in told["ledger"]} == {"distil": 12, "induce": 12, "predict": 1}
    table = cli("refine", *town, *MODEL)
    assert (table.status, table.err) == (0, "")
    assert "waiting 0 users still to be refined" in [" ".join(line.split()) for line in table.out.splitlines()]
    told_in_words = cli("status").out
    assert "predict by openai:scripted: 1 calls" in told_in_words
    assert "12 calls (0 more from the cache), 0.0 % with something in quarantine," in told_in_words


def test_a_dry_run_is_told_and_free(cli: CommandLine, town: tuple[str, str], server: LanguageServer) -> None:
    """Calls, tokens and money."""
    done = cli("refine", *town, *MODEL, "--dry-run")
    assert (done.status, done.err) == (0, "")
    assert "nothing was called or written" in done.out
    assert "$" in done.out
    assert "list prices as of" in done.out
    assert server.calls == []
    assert cli.json("refine", *town, *MODEL, "--dry-run")["calls"] == 24


def test_what_is_left_is_told(cli: CommandLine, town: tuple[str, str]) -> None:
    """A limit that is reached is no failure; a budget that is reached is, with the command that goes on."""
    some = cli("refine", *town, *MODEL, "--limit", "5", "--json")
    assert (some.status, some.err, some.json()["waiting"]) == (0, "", 7)
    stopped = cli("refine", *town, *MODEL, "--budget-usd", "0.004", "--json")
    assert stopped.status == 1
    assert stopped.json()["waiting"] > 0
    assert f"persona-db refine --dataset {town[1]} --model openai:scripted" in stopped.err
    assert stopped.err.count("\n") == 1
    assert cli("refine", *town, *MODEL).status == 0


def test_no_answer_is_a_failure(cli: CommandLine, town: tuple[str, str], server: LanguageServer) -> None:
    """Of the command; what came instead is said."""
    assert cli("refine", *town).status == 0
    server.fail(ANSWER_FAULTS["refusal"])
    done = cli("predict", "u01", "--question", "q02", *town, *MODEL)
    assert done.status == 1
    assert "refused" in done.out
    told = cli("predict", "u01", "--question", "q02", *town, *MODEL, "--json")
    assert (told.status, told.json()["outcome"]) == (1, "refused")


SCHEMA = Status(400, said="This response_format type is unavailable now")
TEMPERATURE = Status(400, said="Unsupported value: 'temperature' does not support 0 with this model.")
IN_BODY = Odd(lambda good: dict.fromkeys(good) | {"error": {"message": "Provider returned error", "code": 403}})
THOUGHT = Said(lambda asked, good: f'<think>The form is {{"answer": ...}}. So it is.</think>\n{good}')


def test_providers_as_they_are(cli: CommandLine, town: tuple[str, str], server: LanguageServer) -> None:
    """Each is asked in a way that it takes, and an answer is read as it was meant; an error is one line."""
    cli("refine", *town)
    faults: tuple[tuple[Fault, Callable[[Asked], bool]], ...] = (
        (SCHEMA, lambda asked: asked.method == "json_schema"),
        (TEMPERATURE, lambda asked: "temperature" in asked.body),
        (THOUGHT, lambda _: True),
    )
    expected = cli.json("predict", "u01", "--question", "q02", *town, *MODEL)
    for number, (fault, where) in enumerate(faults):
        server.mend()
        server.fail(fault, where=where)
        made = cli.json("predict", "u01", "--question", "q02", *town, "--model", f"openai:{number}")
        assert (made["outcome"], made["probabilities"]) == ("answered", expected["probabilities"])
    server.mend()
    server.fail(IN_BODY)
    done = cli("predict", "u01", "--question", "q02", *town, "--model", "openai:other")
    assert (done.status, done.err.count("\n"), "Traceback" in done.err) == (1, 1, False)
    server.mend()
    server.fail(Said(lambda asked, good: "", finish="length"))
    done = cli("predict", "u01", "--question", "q02", *town, "--model", "openai:reasons")
    assert (done.status, "--max-tokens" in done.out) == (1, True)


def test_a_refinement_goes_on_without_what_is_refused(
    cli: CommandLine, town: tuple[str, str], server: LanguageServer
) -> None:
    """Found out once, and said in the report."""
    server.fail(SCHEMA, where=lambda asked: asked.method == "json_schema")
    made = cli.json("refine", *town, *MODEL, "--concurrency", "1")
    assert (made["users"], made["quarantined"], made["calls"], len(server.calls)) == (12, 0, 24, 25)
    assert made["model_settings"]["refused"] == ["json_schema"]
    assert cli.json("refine", *town, *MODEL, "--refit")["calls"] == 0
    assert len(server.calls) == 25


@pytest.mark.parametrize(
    "option",
    [
        ("--limit", "3"),
        ("--budget-usd", "1"),
        ("--dry-run",),
        ("--temperature", "0.5"),
        ("--concurrency", "2"),
        ("--method", "text"),
        ("--max-tokens", "99"),
        ("--reasoning", "low"),
    ],
)
def test_a_bound_needs_a_model(cli: CommandLine, town: tuple[str, str], option: tuple[str, ...]) -> None:
    """The statistical engine has nothing that it bounds."""
    done = cli("refine", *town, *option)
    assert (done.status, done.out) == (1, "")
    assert f"{option[0]} is for a language model" in done.err


def test_a_model_that_cannot_be_had_is_said(
    cli: CommandLine, town: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key, and of a provider that there is not: in one line, with what to do."""
    monkeypatch.delenv("OPENAI_API_KEY")
    for model, said in (("openai:gpt-4.1-mini", "OPENAI_API_KEY"), ("nonsense:x", "nonsense:x")):
        done = cli("refine", *town, "--model", model)
        assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
        assert said in done.err


def test_a_dry_run_needs_no_key(
    cli: CommandLine, town: tuple[str, str], monkeypatch: pytest.MonkeyPatch, server: LanguageServer
) -> None:
    """Since nothing is asked."""
    monkeypatch.delenv("OPENAI_API_KEY")
    assert cli.json("refine", *town, *MODEL, "--dry-run")["calls"] == 24
    assert cli("labels", "read", *town, *MODEL, "--dry-run").status == 0
    assert server.calls == []


def test_how_a_model_is_asked_is_an_option(cli: CommandLine, town: tuple[str, str], server: LanguageServer) -> None:
    """The way of structure, the tokens of an answer, and how much it reasons."""
    options = ("--method", "function_calling", "--max-tokens", "300", "--reasoning", "low")
    cli("refine", *town, *MODEL, "--limit", "1", *options)
    asked = server.calls[0].asked
    assert (asked.method, asked.body["max_completion_tokens"]) == ("function_calling", 300)
    assert asked.body["reasoning_effort"] == "low"


def test_an_unknown_value_is_a_wrong_usage(cli: CommandLine) -> None:
    """As for any command."""
    with pytest.raises(SystemExit) as exit_:
        main(["refine", "--dataset", "x", "--model", "llama", "--limit", "none"])
    assert exit_.value.code == 2


def test_json_of_a_plan_is_one_object(cli: CommandLine, town: tuple[str, str]) -> None:
    """To be read by programs."""
    assert json.loads(cli("refine", *town, *MODEL, "--dry-run", "--json").out)["dry_run"] is True
