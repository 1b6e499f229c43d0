"""Second answers: how often people agree with themselves, and predictions beside that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from persona_db.evals.items import OutcomeFile, RunHeader, TestItem, outcome_of, read_outcomes
from persona_db.evals.report import report_of
from persona_db.evals.retest import AGAIN, answered_again, check_again
from persona_db.evals.splits import items_to_predict
from persona_db.graph.errors import ConfigError, LoadError
from persona_db.loaders.formats import open_source
from persona_db.loaders.opinionqa import OpinionQASource
from persona_db.loaders.split import Split

INFO = """key,option_mapping,question,option_ordinal
GUN,"{1.0: 'Safer', 2.0: 'Less safe', 99.0: 'Refused'}",With a gun?,"[1.0, 2.0]"
MOVE,"{1.0: 'Yes', 2.0: 'No', 3.0: 'Not sure', 99.0: 'Refused'}",Move?,"[1.0, 2.0]"
"""
RESPONSES = "QKEY,GUN,MOVE\n7,Safer,No\n8,Less safe,Not sure\n9,Safer,Yes\n"
SECOND = "QKEY,GUN,MOVE,NEW\n9,Safer,No,x\n7,Less safe,No,\n8,Refused,Perhaps,\n10,Safer,Yes,\n"
MARKS = [("7", "GUN", "history"), ("7", "MOVE", "test"), ("8", "GUN", "test"), ("8", "MOVE", "test")]


def survey(path: Path) -> OpinionQASource:
    for name, text in (("info", INFO), ("metadata", "key,options\n"), ("responses", RESPONSES), ("second", SECOND)):
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return OpinionQASource([path], splits=[Split([*MARKS, ("9", "GUN", "test"), ("9", "MOVE", "test")])])  # type: ignore[list-item]


def test_second_answers_are_those_of_tests(tmp_path: Path) -> None:
    """By option, whatever the order of rows; refusals, words that are no option and history are left out."""
    source = survey(tmp_path)
    found = answered_again(tmp_path / "second.csv", source, items_to_predict(source))
    assert [(one.user, one.question, one.truth, one.answer) for one in found] == [
        ("7", "MOVE", 1, 1),
        ("9", "GUN", 0, 0),
        ("9", "MOVE", 0, 1),
    ]
    assert {one.arm for one in found} == {AGAIN}


def test_agreement_accuracy_and_their_ratio(tmp_path: Path) -> None:
    """On items answered again only; the ratio's interval is of the ratios within draws. From the file alone, too."""
    rng = np.random.default_rng(0)
    tests = [TestItem(user=f"u{n % 40:02}", question=f"q{n // 40}", option=int(n % 2)) for n in range(160)]
    good = [
        outcome_of("good", one, (0.3, 0.7) if rng.random() < 0.5 + 0.4 * one.option else (0.7, 0.3)) for one in tests
    ]
    again = [outcome_of(AGAIN, one, np.eye(2)[one.option if rng.random() < 0.7 else 0].tolist()) for one in tests[::2]]
    again += [
        outcome_of(AGAIN, one, np.eye(2)[one.option if rng.random() < 0.7 else 0].tolist()) for one in tests[1:40:2]
    ]
    header = RunHeader(dataset="d", split="s", command="c", seed=5, ranks={f"q{n}": (0.0, 1.0) for n in range(4)})
    made = report_of(header, {"good": good, AGAIN: again}, draws=80)
    assert list(made.arms) == ["good"]
    retest = made.retest
    assert retest is not None
    place = {(one.user, one.question): n for n, one in enumerate(tests)}
    items = [place[one.user, one.question] for one in again]
    right = np.array([good[n].answer == good[n].truth for n in items])
    same = np.array([one.answer == one.truth for one in again])
    users = np.unique([one.user for one in again], return_inverse=True)[1]
    weights = np.random.default_rng(5).multinomial(40, np.full(40, 1 / 40), size=80)[:, users]
    ratios = (weights @ right) / (weights @ same)
    arm = retest.arms["good"]
    assert (retest.n, retest.users) == (100, 40)
    assert (retest.own_agreement, arm.accuracy) == pytest.approx((same.mean(), right.mean()))
    assert arm.normalised == pytest.approx(right.mean() / same.mean())
    assert arm.ci95["normalised"] == pytest.approx(tuple(np.quantile(ratios, [0.025, 0.975])))
    with OutcomeFile(tmp_path / "o.jsonl", header) as file:
        file.write([*good, *again])
    assert report_of(*read_outcomes(tmp_path / "o.jsonl"), draws=80) == made


def test_nothing_answered_again_says_so() -> None:
    """The report stands, with no agreement to compare with."""
    test = TestItem(user="u", question="q", option=0)
    header = RunHeader(dataset="d", split="s", command="c", seed=0, ranks={"q": (0.0, 1.0)})
    retest = report_of(header, {"x": [outcome_of("x", test, (1.0, 0.0))], AGAIN: []}, draws=10).retest
    assert retest is not None
    assert (retest.n, retest.own_agreement, retest.arms) == (0, None, {})


def test_a_file_that_cannot_be_read_stops_before_anything_is_predicted(tmp_path: Path) -> None:
    """Its header is looked at, and the format."""
    survey(tmp_path)
    check_again("opinionqa", tmp_path / "second.csv")
    with pytest.raises(ConfigError, match="opinionqa only"):
        check_again("senate", tmp_path / "second.csv")
    with pytest.raises(LoadError, match="QKEY"):
        check_again("opinionqa", tmp_path / "info.csv")


@pytest.mark.shared_data
def test_the_gss_panel_agrees_with_itself_as_often_as_its_description_says(shared_data: Path) -> None:
    """5,103 test items were answered again in 2020, 0.626 of them alike."""
    folder = shared_data / "gss" / "human_resp" / "GSS_Panel_2016"
    source = open_source("opinionqa", [folder], split=[folder / "split.csv.gz"])
    found = answered_again(folder / "responses_2020.csv", source, items_to_predict(source))
    assert len(found) == 5_103
    assert np.mean([one.answer == one.truth for one in found]) == pytest.approx(0.626, abs=0.0005)
