"""What is held out: only votes on contested roll calls, the share asked for, by the seed alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.evaluate import EvaluateSettings, held_out
from persona_db.evals.splits import HeldOutPart, answered_split, contested_split, items_to_predict
from persona_db.graph.errors import ConfigError
from persona_db.loaders import open_source
from persona_db.loaders.rows import Quarantine, ignore
from persona_db.loaders.senate import SenateSource, Vote
from persona_db.loaders.source import HeldOut, Source
from persona_db.loaders.split import Split, write_split
from tests.tabular import write_csv
from tests.unit.test_source_opinionqa import wave

VOTES = [
    *(Vote(f"u{n}", "even", n % 2, "2005-01-01") for n in range(40)),
    *(Vote(f"u{n}", "ninety", int(n > 3), "2005-01-02") for n in range(40)),
    *(Vote(f"u{n}", "all", 1, "2005-01-03") for n in range(40)),
    *(Vote(f"u{n}", "nearly-all", int(n > 2), "2005-01-04") for n in range(40)),
]


def test_a_tenth_of_contested_votes_is_held_out_and_everything_else_is_history() -> None:
    """Ten to ninety per cent Yea is contested, the bounds with it."""
    split = contested_split(VOTES, seed=0)
    held_out = [question for _, question, part in split if part == "test"]
    assert (160, 8, {"even", "ninety"}) == (len(split), len(held_out), set(held_out))
    assert [(vote.user, vote.question) for vote in VOTES] == [(user, question) for user, question, _ in split]


def test_the_seed_decides_the_split() -> None:
    """The same seed gives the same split, another one another."""
    assert contested_split(VOTES, seed=1) == contested_split(iter(VOTES), seed=1)
    assert contested_split(VOTES, seed=1) != contested_split(VOTES, seed=2)


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0.1, 0.9), (1.0, 0.1, 0.9), (0.1, 0.9, 0.1), (0.1, -1, 0.5)])
def test_a_split_that_makes_no_sense_is_refused(share: float, low: float, high: float) -> None:
    """A share of nothing or of everything, bounds the wrong way round."""
    with pytest.raises(ConfigError):
        contested_split(VOTES, seed=0, share=share, low=low, high=high)


def test_what_is_held_out_of_the_senate_is_not_in_the_matrix() -> None:
    """The tests are a tenth of contested votes, and the known answers are all the others."""
    votes = list(SenateSource().votes())
    source = SenateSource(split=Split(contested_split(votes, seed=0)))
    tests = items_to_predict(source)
    matrix = AnswerMatrix.of_source(source)
    cells = matrix.cells([(item.user, item.question) for item in tests])
    assert (4_759, len(votes) - 4_759) == (len(tests), int((matrix.answers >= 0).sum()))
    assert {-1} == set(matrix.answers[cells[:, 0], cells[:, 1]].tolist())


class Held:
    """A source that holds out one answer as the test and two as coldstart."""

    name = "held"

    def test_answers(self, quarantine: Quarantine) -> Iterator[HeldOut]:
        yield HeldOut("a", "q1", 0)
        yield HeldOut("b", "q1", 1, part="coldstart")
        yield HeldOut("c", "q2", 1, part="coldstart")


@pytest.mark.parametrize(("part", "users"), [("test", "a"), ("coldstart", "bc"), ("all", "abc")])
def test_what_is_held_out_is_predicted_part_by_part(part: HeldOutPart, users: str) -> None:
    """The answers of people without a history are not mixed with others unless that is wanted."""
    assert users == "".join(item.user for item in items_to_predict(cast("Source", Held()), part=part))


def test_a_part_that_there_is_not_is_named_with_those_there_are() -> None:
    """The Senate has no cold start."""
    votes = Split(contested_split(SenateSource().votes(), seed=0))
    with pytest.raises(ConfigError, match="nothing out as coldstart; there are 4,759 with --held-out test"):
        items_to_predict(SenateSource(split=votes), part="coldstart")


def test_a_source_without_a_split_has_nothing_to_predict() -> None:
    """The error says what is missing."""
    with pytest.raises(ConfigError, match="--split"):
        items_to_predict(SenateSource())


@pytest.mark.parametrize("name", ["split.csv", "split.csv.gz"])
def test_the_split_in_each_folder_is_used_when_none_is_given(tmp_path: Path, name: str) -> None:
    """Of several folders all must have one; where one has none, or two, nothing is held out."""
    folders = [wave(tmp_path / "Panel_W26"), wave(tmp_path / "Panel_W29")]

    def tests(*folders: Path) -> int:
        source, named = held_out(EvaluateSettings(format="opinionqa", paths=tuple(map(str, folders))))
        assert named in (name, "as the files say")
        return sum(1 for _ in source.test_answers(ignore))

    write_split(folders[0] / name, [("7", "GUN", "test"), ("7", "MOVE", "history")])
    assert tests(folders[0]) == 1
    assert tests(*folders) == 0
    write_split(folders[1] / name, [("9", "GUN", "test")])
    assert tests(*folders) == 2
    write_split(folders[1] / {"split.csv": "split.csv.gz", "split.csv.gz": "split.csv"}[name], [("9", "GUN", "test")])
    assert tests(folders[1]) == 0


def test_a_table_without_a_split_holds_out_a_tenth(tmp_path: Path) -> None:
    """Every answered question is marked once, the same ones for the same seed, and at least one is a test."""
    people = [(f"p{row}", "yes" if row % 2 else "no", "yes" if row % 3 else "no") for row in range(50)]
    source = open_source("table", [write_csv(tmp_path / "t.csv", [("id", "a", "b"), *people])])
    marks = answered_split(source, seed=0)
    assert len({(user, question) for user, question, _ in marks}) == len(marks) == 100
    assert [part for *_, part in marks].count("test") == 10
    assert answered_split(source, seed=0) == marks != answered_split(source, seed=1)
    few = open_source("table", [write_csv(tmp_path / "few.csv", [("id", "a"), ("x", "yes"), ("y", "no")])])
    assert [part for *_, part in answered_split(few, seed=0)].count("test") == 1
