"""What a small model's reading of the General Social Survey came to, judged by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from persona_db.chains.labels.acceptance import Acceptance
from persona_db.graph.models import Question
from persona_db.loaders.opinionqa import OpinionQASource
from persona_db.loaders.rows import ignore

JUDGED = Path(__file__).resolve().parents[2] / "benchmarks" / "labels" / "judged_gss_2016.csv"


@pytest.mark.shared_data
def test_accepted_stances_are_right_and_turned_ones_are_refused(shared_data: Path) -> None:
    """98 of 100 are right; what is said of one option is accepted for no other one that expresses something."""
    folder = shared_data / "gss" / "human_resp" / "GSS_Panel_2016"
    read = OpinionQASource([folder]).read(ignore)
    known = {record.id: record for record in read if isinstance(record, Question)}
    accepts = Acceptance.of(known.values())
    with JUDGED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["verdict"] == "right" for row in rows) >= 0.98 * len(rows) > 40
    for row in rows:
        question = known[row["question"]]
        own = question.options.index(row["option"])
        assert accepts.stances(question, {own: row["stance"]}) == ({own: row["stance"]}, [])
        turned = {place: row["stance"] for place in range(len(question.options)) if place != own}
        assert accepts.stances(question, turned)[0] == {}
