"""A dataset's way through the commands: load, refine, users, join, recall, predict, evaluate, erase."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from persona_db.cli.main import COMMANDS

from .command_line import ROOT, TOWN, CommandLine, load_and_refine

QUESTION = "buses"


def test_the_whole_way(cli: CommandLine) -> None:
    """Each command finds what the one before it left; at the end the user is gone."""
    dataset = "end-to-end-way"
    loaded = cli.json("load", "jsonl", TOWN, "--dataset", dataset)
    assert (loaded["users"], loaded["questions"], loaded["quarantined"]) == (40, 12, 0)
    assert loaded["items_new"] == loaded["items_read"] > 400
    assert cli.json("load", "jsonl", TOWN, "--dataset", dataset)["items_new"] == 0

    refined = cli.json("refine", "--dataset", dataset)
    assert (refined["users"], refined["refitted"]) == (40, True)
    again = cli.json("refine", "--dataset", dataset)
    assert (again["users"], again["unchanged"], again["fit"]) == (0, 40, refined["fit"])

    people = {row["id"]: row for row in cli.json("users", "--dataset", dataset)}
    assert (len(people), people["ada"]["name"]) == (40, "Ada")
    assert min(people["ada"][what] for what in ("items", "facts", "keys")) > 0

    collaborators = cli.json("join", "ada", "--dataset", dataset, "--top-k", "5")
    scores = [one["score"] for one in collaborators]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    assert all(one["shared"] for one in collaborators)

    recalled = cli.json("recall", "ada", QUESTION, "--dataset", dataset, "--size", "8", "--ratio", "0.5")
    assert (len(recalled["items"]), recalled["size"]) == (8, 8)
    assert {item["source"] for item in recalled["items"]} <= {"own", "summary"}  # ada's neighbours share keys only

    made = cli.json("predict", "ada", QUESTION, "--dataset", dataset)
    assert made == cli.json("predict", "ada", "--question", QUESTION, "--dataset", dataset)
    assert sum(made["probabilities"]) == pytest.approx(1)
    assert made["answer"] == made["options"][made["probabilities"].index(made["confidence"])]
    assert made["evidence"]

    receipt = cli.json("erase", "ada", "--dataset", dataset)
    assert receipt["items"] == people["ada"]["items"]
    assert sum(receipt["left"].values()) == 0
    assert cli("predict", "ada", "--question", QUESTION, "--dataset", dataset).status == 1
    assert len(cli.json("users", "--dataset", dataset)) == 39


def test_tables_are_for_people(cli: CommandLine, town: str) -> None:
    """Without --json a command prints a table on stdout, and says nothing on stderr."""
    for arguments in (
        ("users", "--limit", "3"),
        ("join", "ada", "--top-k", "3"),
        ("recall", "ada", QUESTION, "--size", "5"),
        ("predict", "ada", "--question", QUESTION),
    ):
        done = cli(*arguments, "--dataset", town)
        assert (done.status, done.err) == (0, "")
        assert len(done.out.splitlines()) > 3


def test_a_prediction_is_followed_back(cli: CommandLine, town: str) -> None:
    """--trace adds each piece of evidence's path to the JSON of a prediction, and prints it instead of the evidence."""
    arguments = ("predict", "ada", QUESTION, "--dataset", town, "--size", "12", "--ratio", "0.5")
    made = cli.json(*arguments)
    traced = cli.json(*arguments, "--trace")
    steps = traced.pop("trace")
    assert traced == made
    assert [step["evidence"] for step in steps] == made["evidence"]
    own = [step for step in steps if step["evidence"]["source"] == "own" and step["layer"] != "cache"]
    assert own
    assert all(step["rests_on"] for step in own)
    printed = cli(*arguments, "--trace")
    assert (printed.status, printed.err) == (0, "")
    assert any(line.startswith("        <- holders of the key ") for line in printed.out.splitlines())
    assert f"<- own {own[0]['layer']}: {own[0]['evidence']['text']}" in printed.out
    assert "what it says" not in printed.out


def test_a_question_is_given_once(cli: CommandLine, town: str) -> None:
    """An id goes as QUESTION or to --question; both, or options for a question that has its own, are an error."""
    both = cli("predict", "ada", QUESTION, "--question", QUESTION, "--dataset", town)
    assert (both.status, both.out) == (1, "")
    assert "give one question" in both.err
    options = cli("predict", "ada", "--question", QUESTION, "--option", "no", "--option", "yes", "--dataset", town)
    assert (options.status, options.out) == (1, "")
    assert "--question is for a question of the dataset" in options.err


def test_a_new_question_is_predicted(cli: CommandLine, town: str) -> None:
    """A question's text and its options are enough for a prediction."""
    options = ("--option", "no", "--option", "unsure", "--option", "yes")
    made = cli.json("predict", "ben", "Should buses run at night?", *options, "--dataset", town)
    assert made["options"] == ["no", "unsure", "yes"]
    assert sum(made["probabilities"]) == pytest.approx(1)


def test_only_those_who_can_say_something_join(cli: CommandLine, tmp_path: Path) -> None:
    """With a question, the collaborators are exactly those of before who answered it or a question linked to it.

    Ida is of Ada's groups and was asked nothing, so she is a collaborator without the question and none with it.
    """
    ida = {"type": "user", "id": "ida", "name": "Ida", "attributes": {"AGE": "40-64", "AREA": "centre"}}
    people = tmp_path / "people.jsonl"
    people.write_text(TOWN.read_text(encoding="utf-8") + json.dumps(ida) + "\n", encoding="utf-8")
    dataset = "end-to-end-say"
    assert cli("load", "jsonl", people, "--dataset", dataset).status == 0
    assert cli("refine", "--dataset", dataset).status == 0
    fit = "MATCH (d:Dataset {dataset: $dataset}) "
    linked = "(:Question {dataset: $dataset, id: $asked})-[:TELLS {fit: d.current_fit}]->(q:Question) RETURN q.id"
    cypher = ("query", "--dataset", dataset, "--param", f"asked={QUESTION}", "--cypher", f"{fit}MATCH {linked}")
    telling = {QUESTION, *(next(iter(row.values())) for row in cli.json(*cypher))}
    lines = map(json.loads, TOWN.read_text(encoding="utf-8").splitlines())
    able = {line["user"] for line in lines if line.get("question") in telling}

    everybody = [one["user"] for one in cli.json("join", "ada", "--dataset", dataset)]
    some = [one["user"] for one in cli.json("join", "ada", "--dataset", dataset, "--question", QUESTION)]
    assert "ida" in everybody
    assert "ida" not in some
    assert some
    assert some == [user for user in everybody if user in able]


def test_the_exact_join_finds_the_same(cli: CommandLine, town: str) -> None:
    """With fewer users than candidates, `join` and `join --exact` return the same scores and keys."""
    arguments = ("join", "ada", "--dataset", town, "--top-k", "10")
    assert cli.json(*arguments) == cli.json(*arguments, "--exact")


def test_a_read_as_of_a_date(cli: CommandLine) -> None:
    """A read as of a date needs a Fit of that time, prints how to make it, and then reads nothing later."""
    dataset = load_and_refine(cli, "end-to-end-time")
    arguments = ("predict", "ben", "--question", QUESTION, "--dataset", dataset, "--as-of", "2025-12-31")
    refused = cli(*arguments)
    assert refused.status == 1
    assert f"persona-db refine --dataset {dataset} --as-of 2025-12-31" in refused.err
    assert cli("refine", "--dataset", dataset, "--as-of", "2025-12-31").status == 0
    then = cli.json(*arguments)
    assert not any("solar" in one["text"] or "fireworks" in one["text"] for one in then["evidence"])


def test_an_evaluation_leaves_nothing_behind(cli: CommandLine, tmp_path: Path) -> None:
    """An evaluation reports arms and their difference with an interval, writes outcomes, and leaves no dataset."""
    answers = [line for line in map(json.loads, TOWN.read_text(encoding="utf-8").splitlines()) if "option" in line]
    split = tmp_path / "split.csv"
    marks = (
        f"{one['user']},{one['question']},{'history' if place % 7 else 'test'}" for place, one in enumerate(answers)
    )
    split.write_text("\n".join(["user,question,split", *marks]) + "\n", encoding="utf-8")
    out = tmp_path / "outcomes"
    arms = ("persona-db", "no-join", "marginal", "majority")
    command = ("evaluate", "jsonl", TOWN, "--split", split, "--arms", ",".join(arms), "--out", out)
    report = cli.json(*command)
    assert tuple(report["arms"]) == arms
    tests = -(-len(answers) // 7)
    assert {arm["n"] for arm in report["arms"].values()} == {tests} == {report["tests"]}
    assert report["arms"]["persona-db"]["accuracy"] > report["arms"]["marginal"]["accuracy"]
    low, high = report["differences"]["persona-db-no-join"]["accuracy"]["ci95"]
    assert low <= report["differences"]["persona-db-no-join"]["accuracy"]["mean"] <= high
    assert any(out.iterdir())
    assert not [one for one in cli.json("status")["datasets"] if one["dataset"].startswith("eval")]


WRITES_OR_SERVES = ("export", "explore", "mcp")
"""Commands that print no data: one writes a file, one serves pages, one tools."""


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(cli: CommandLine, command: str) -> None:
    """Each command prints its usage, and has --json where it prints data."""
    done = cli(*filter(None, [command]), "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"Usage: persona-db {command}".rstrip())
    assert command in ("", *WRITES_OR_SERVES) or "--json" in done.out


def test_a_process_of_its_own(environment: dict[str, str], cli: CommandLine, town: str) -> None:
    """Started by its name, the command prints the same JSON on stdout alone, and the shell gets its exit status."""
    command = [str(Path(sys.executable).with_name("persona-db")), "predict", "ada", "--question", QUESTION]
    done = subprocess.run(
        [*command, "--dataset", town, "--json"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == cli.json("predict", "ada", "--question", QUESTION, "--dataset", town)
    wrong = subprocess.run(
        [*command, "--dataset", "nowhere"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (1, "", 1)
