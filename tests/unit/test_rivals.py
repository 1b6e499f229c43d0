"""The benchmark of rivals: its texts, its measures, its rows, on a rival that is a list of texts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.machine import Machine
from benchmarks.rivals import Item, Measured, Probe, Task, TooSlowError, Tried, measure
from benchmarks.rivals.environments import SYSTEMS
from benchmarks.rivals.language import REWRITTEN, answer
from benchmarks.rivals.measure import percentile
from benchmarks.rivals.planted import PLANTED
from benchmarks.rivals.report import Report, markdown
from benchmarks.rivals.run import Outcome
from benchmarks.rivals.task import read, write
from benchmarks.rivals.texts import make_task
from tests.scripted_answers import Asked

_SMALL = {"name", "with", "after"}


class ListOfTexts:
    """Returns what shares most words with the question; can borrow, can't erase, and fails at why."""

    at_once = 30
    settings: Mapping[str, str] = {"store": "a list"}

    def __init__(self) -> None:
        self.said: list[Item] = []
        self.finished = 0

    def embed(self, text: str) -> None:
        """Has no vectors."""

    def add(self, items: Sequence[Item]) -> None:
        assert len(items) <= self.at_once
        self.said += items

    def finish(self) -> None:
        self.finished += 1

    def retrieve(self, person: str, question: str, k: int) -> Sequence[str]:
        asked = set(question.split())
        own = [item.text for item in self.said if item.person == person]
        return sorted(own, key=lambda text: (-len(asked & set(text.split())), text))[:k]

    def add_probe(self, probe: Probe) -> None:
        self.said += probe.items

    def borrow(self, probe: Probe) -> Tried:
        return Tried(any(item.text == probe.said_by_alike for item in self.said), "looked")

    def why(self, probe: Probe) -> Tried:
        raise RuntimeError("no call for that |")

    def erase(self, probe: Probe) -> Tried:
        return Tried(False, "nothing is removed")

    def close(self) -> None:
        """Nothing was started."""


@pytest.fixture(scope="module")
def task() -> Task:
    return make_task(500, 40)


def test_texts_are_of_the_size_asked_for(task: Task) -> None:
    """Whole people of a hundred texts, no text twice; every question's answer is among the person's texts."""
    assert (len(task.items), len(task.questions)) == (500, 40)
    assert len({item.text for item in task.items}) == 500
    assert {(one.person, one.answer) for one in task.questions} <= {(item.person, item.text) for item in task.items}
    assert make_task(500, 40) == task
    probe = task.probe
    assert {probe.asked, probe.alike, probe.stranger}.isdisjoint(item.person for item in task.items)
    of = {
        name: {(one.statement, one.agrees) for one in probe.answers if one.person == name}
        for name in (probe.asked, probe.alike, probe.stranger)
    }
    assert of[probe.asked] == of[probe.alike] == {(one, not agrees) for one, agrees in of[probe.stranger]}


def test_questions_are_in_other_words_than_the_facts() -> None:
    """No word of four letters or more stands in both, small ones aside; word beginnings count as the word."""
    for fact, question in PLANTED:
        said, asked = ({word[:5] for word in re.findall(r"[a-z]{4,}", text.lower())} for text in (fact, question))
        assert said & asked <= _SMALL
    assert len({fact for fact, _ in PLANTED}) == len(PLANTED) == 100


def test_what_is_measured(task: Task, tmp_path: Path) -> None:
    """Everything is added once and finished once; what is found is counted; what raises is told as tried."""
    rival = ListOfTexts()
    write(task, tmp_path / "task.json")
    found = measure(rival, read(tmp_path / "task.json"))
    assert [item.text for item in rival.said[:500]] == [item.text for item in task.items]
    assert rival.finished == 1
    hits = [one.answer in rival.retrieve(one.person, one.text, 10) for one in task.questions]
    assert found.found_at_10 == sum(hits) / 40
    assert found.found_at_1 <= found.found_at_10
    assert (found.items, found.questions, found.others) == (500, 40, 0)
    assert 0 <= found.p50_ms <= found.p95_ms
    assert found.can["borrow"] == Tried(True, "looked")
    assert found.can["why"] == Tried(False, "RuntimeError: no call for that |")
    assert found.can["erase"] == Tried(False, "nothing is removed")


def test_others_texts_are_counted(task: Task) -> None:
    """A text of somebody else among those returned is counted for each time."""

    class Leaking(ListOfTexts):
        def retrieve(self, person: str, question: str, k: int) -> Sequence[str]:
            return [next(item.text for item in self.said if item.person != person)]

    assert measure(Leaking(), task).others == 40


def test_a_slow_system_is_given_up(task: Task) -> None:
    """TooSlowError as soon as adding everything would take longer than it may."""
    with pytest.raises(TooSlowError, match="500 items would take"):
        measure(ListOfTexts(), task, budget=0.0)


def test_percentile() -> None:
    """The smallest number that the share doesn't exceed."""
    assert percentile([float(number) for number in range(1, 101)], 0.95) == 96.0
    assert percentile([3.0], 0.95) == 3.0


def _measured(p50: float, found: float) -> Measured:
    return Measured(
        items=1_000, questions=100, add_seconds=12.0, p50_ms=p50, p95_ms=2 * p50, cpu_ms=9.0, embed_ms=8.0,
        found_at_10=found, found_at_1=found / 2, load=1.5, others=0, memory_mb=900, settings={"store": "a list"},
        can={name: Tried(name == "why", "a | b") for name in ("borrow", "why", "erase")},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("own", "rival", "told"),
    [(10.0, 60.0, "6.0 times as fast as"), (40.0, 20.0, "2.0 times as long as")],
)
def test_the_page_says_who_is_faster(own: float, rival: float, told: str) -> None:
    """A row for every outcome, failures with their error; the wanted factor is said to be held or not."""
    machine = Machine(
        processor="p", cores=2, memory_gb=8, system="s", python="3", java=25, neo4j="2026", packages={}, commit="c"
    )
    outcomes = (
        Outcome(system="persona-db", items=1_000, measured=_measured(own, 0.9), server_mb=700),
        Outcome(system="quick", items=1_000, measured=_measured(rival, 0.95)),
        Outcome(system="broken", items=1_000, failed="cannot be installed: a | b"),
        Outcome(system="slow", items=1_000, failed="1,000 items would take 40 minutes", too_slow=True),
    )
    page = markdown(
        Report(date="2026-01-01", command="x", machine=machine, seed=0, outcomes=outcomes, seconds=60)
    )  # fmt: skip
    assert f"persona-db {'is' if own < rival else 'takes'} {told} the fastest that retrieves by meaning, quick" in page
    assert ("as fast; held)" in page) == (rival / own >= 5)
    assert f"| persona-db | 12 | {own:.1f} | {2 * own:.1f} | 9.0 | 8.0 | 0.900 | 0.450 | 1.5 | 900 | 700 |" in page
    assert "| broken | cannot be installed: a \\| b | | | | | | | | | |" in page
    assert "| slow | 1,000 items would take 40 minutes | | | | | | | | | |" in page
    assert "| quick | no | yes | no |" in page
    assert Outcome.model_validate_json(outcomes[0].model_dump_json()) == outcomes[0]


def test_the_scripted_model_returns_the_text_itself() -> None:
    """A text is the fact that is made of it, but for the one that the probe asks about."""
    [message] = REWRITTEN

    def told(prompt: str, fields: Sequence[str] = ()) -> dict[str, Any]:
        schema = {"properties": {name: {"type": "array"} for name in fields}}
        form = {"type": "json_schema", "json_schema": {"schema": schema}} if fields else {"type": "json_object"}
        asked = Asked({"messages": [{"role": "user", "content": prompt}], "response_format": form})
        found: dict[str, Any] = json.loads(answer(asked))
        return found

    episodes = (
        "<CURRENT MESSAGES>\n[Episode 0] (timestamp: t)\nAda Abel keeps two goats.\n\n"
        f"[Episode 1] (timestamp: t)\n{message}\n</CURRENT MESSAGES>"
    )
    edges = told(episodes, ["extracted_entities", "edges"])["edges"]
    assert [(edge["source_entity_name"], edge["fact"]) for edge in edges] == [
        ("Ada Abel", "Ada Abel keeps two goats."),
        ("Somebody", REWRITTEN[message]),
    ]
    [alone] = told("<CURRENT MESSAGES>\nBen Abel is left-handed.\n</CURRENT MESSAGES>\n", ["extracted_entities"])[
        "edges"
    ]
    assert (alone["fact"], alone["episode_indices"]) == ("Ben Abel is left-handed.", [0])
    memory = told('Return "memory".\n## New Messages\nuser: Ada Abel keeps two goats.\n')["memory"]
    assert memory == [{"id": "0", "text": "Ada Abel keeps two goats."}]


def test_what_runs_in_a_rival_needs_nothing_of_ours() -> None:
    """The parts that run in a rival's environment import the standard library alone, and systems only what they use."""
    code = (
        "import sys; before = set(sys.modules); import benchmarks.rivals.child, benchmarks.rivals.systems.sentences\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "['benchmarks']"


def test_every_system_is_there() -> None:
    """Each names a class of its module, which stands in the folder."""
    folder = Path(__file__).parents[2] / "benchmarks" / "rivals" / "systems"
    for system in SYSTEMS:
        module, _, made_by = system.made_by.partition(":")
        assert f"class {made_by}" in (folder / f"{module}.py").read_text(encoding="utf-8")
    assert [system.name for system in SYSTEMS if not system.packages] == ["persona-db", "persona-db (own items)"]
    assert asdict(SYSTEMS[0])["neo4j"] is True
