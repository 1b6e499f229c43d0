"""Outcomes are written first, item by item, and come back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from persona_db.chains.results import Said
from persona_db.evals.items import (
    Outcome,
    OutcomeFile,
    RunHeader,
    TestItem,
    outcome_of,
    read_outcomes,
    sha256_of,
)
from persona_db.graph.errors import LoadError

ITEM = TestItem(user="u", question="q", option=1)
HEADER = RunHeader(
    dataset="d",
    split="split.csv",
    command="persona-db evaluate ...",
    seed=3,
    settings={"size": 40, "ratio": 0.25},
    data={"split.csv": "ab" * 32},
    ranks={"q": (0.0, 1.0, None)},
)


def test_the_likeliest_option_is_the_answer_the_first_of_equals() -> None:
    """Ties do not depend on anything but the order of the options."""
    assert outcome_of("a", ITEM, [0.4, 0.2, 0.4]).answer == 0


def test_weights_are_scaled_to_a_distribution() -> None:
    """A predictor that counts need not divide."""
    assert outcome_of("a", ITEM, [1, 3]).probabilities == (0.25, 0.75)


@pytest.mark.parametrize("wrong", [None, [], [0.0, 0.0], [float("nan"), 1.0], [-0.1, 1.1], [float("inf"), 1.0]])
def test_what_is_no_distribution_is_unparsed(wrong: list[float] | None) -> None:
    """It is an outcome all the same, so that it counts as wrong and is reported."""
    made = outcome_of("a", ITEM, wrong)
    assert (made.status, made.answer, made.probabilities) == ("unparsed", None, None)


@pytest.mark.parametrize(
    ("said", "status"),
    [("outside", "unparsed"), ("invalid", "unparsed"), ("refused", "abstained"), ("empty", "abstained")],
)
def test_what_a_model_said_instead_is_told(said: Said, status: str) -> None:
    """A refusal and an empty answer abstain; both count as wrong."""
    made = outcome_of("a", ITEM, None, said=said)
    assert (made.said, made.status, made.answer) == (said, status, None)


def test_an_answer_stands_beside_its_distribution() -> None:
    """What a model answered, even where it states that another option is likelier."""
    assert outcome_of("a", ITEM, [0.6, 0.4], answer=1).answer == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"probabilities": None, "answer": None, "status": "ok"},
        {"probabilities": None, "answer": 0, "status": "abstained"},
        {"probabilities": (0.5, 0.4), "answer": 0},
        {"probabilities": (1.0,), "answer": None, "status": "unparsed"},
    ],
)
def test_an_outcome_that_contradicts_itself_is_refused(fields: dict[str, object]) -> None:
    """Status, answer and distribution go together."""
    with pytest.raises(ValidationError):
        Outcome.model_validate({"arm": "a", "user": "u", "question": "q", "truth": 0, **fields})


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=12))
def test_any_weights_make_a_valid_outcome(weights: list[float]) -> None:
    """A distribution, or none; never an error in the middle of a run."""
    made = outcome_of("a", ITEM, weights)
    assert (made.status == "ok") == (made.probabilities is not None)


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_a_file_gives_back_what_was_written(tmp_path: Path, name: str) -> None:
    """Header and outcomes, arm by arm, to the last digit."""
    path = tmp_path / "out" / name
    one = [outcome_of("a", ITEM, [1, 2, 3], items=4, tokens=5), outcome_of("a", ITEM, None)]
    two = [outcome_of("ö\n", ITEM, [1 / 3, 2 / 3])]
    with OutcomeFile(path, HEADER) as file:
        file.write(one)
        file.write(two)
    assert (HEADER, {"a": one, "ö\n": two}) == read_outcomes(path)


def test_what_an_arm_wrote_is_there_though_the_run_is_killed(tmp_path: Path) -> None:
    """Outcomes that were paid for are not lost with those that follow."""
    path = tmp_path / "run.jsonl"
    made = [outcome_of("a", ITEM, [1, 0])]
    with OutcomeFile(path, HEADER) as file:
        file.write(made)
        assert (HEADER, {"a": made}) == read_outcomes(path)


@pytest.mark.parametrize(
    ("content", "row"),
    [("", 1), ("nothing\n", 1), (HEADER.model_dump_json() + '\n{"arm": "a"', 2)],
)
def test_another_file_is_refused_with_its_row(tmp_path: Path, content: str, row: int) -> None:
    """An empty file, one of something else, and one that ends in the middle of a row."""
    path = tmp_path / "run.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(LoadError) as raised:
        read_outcomes(path)
    assert row == raised.value.row


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    """One line that names the file, instead of a traceback of gzip."""
    path = tmp_path / "run.jsonl.gz"
    path.write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(LoadError, match="cannot be read"):
        read_outcomes(path)


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    """As `sha256sum` prints it."""
    path = tmp_path / "empty"
    path.touch()
    assert sha256_of(path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
