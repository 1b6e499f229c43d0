"""Experiments measure what `evaluate` measures, keep what they have done, and leave no dataset behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from persona_db.evals.evaluate import EvaluateSettings, evaluate
from persona_db.evals.experiments import EXPERIMENTS, ExperimentResult, ExperimentSettings, run_experiments
from persona_db.evals.experiments.cold_start_users import ColdStartUsers
from persona_db.evals.experiments.context import ExperimentContext
from persona_db.evals.experiments.published import FILE
from persona_db.evals.experiments.result import Axes
from persona_db.evals.experiments.run import ExperimentRun
from persona_db.evals.experiments.unseen_question import unasked
from persona_db.evals.items import Outcome, TestItem, read_outcomes
from persona_db.graph.datasets import datasets
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import ConfigError
from persona_db.graph.session import Graph
from persona_db.loaders.split import write_split
from tests.graph.test_leaks import jsonl, split_of
from tests.language_people import SCRIPTED
from tests.synthetic import make_world

EMBEDDER = HashEmbedder()
OF_TOWN = [name for name in EXPERIMENTS if name not in {"models", "cost", "robustness", "published"}]
"""Models start a language model, robustness and cost need more people, published needs predictions: they are apart."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ExperimentSettings:
    """Sixty people with twenty questions, a sixth held out; the tests of twelve of them."""
    world = make_world(people=60, questions=20)
    folder = tmp_path_factory.mktemp("town")
    path = jsonl(folder / "town.jsonl", world)
    write_split(folder / "split.csv", split_of(world).marks())
    return ExperimentSettings.quickly(
        format="jsonl", paths=(str(path),), split=(str(folder / "split.csv"),), users=12, tests_each=3, people=None
    )


def run(graph: Graph, names: Sequence[str], settings: ExperimentSettings, out: Path) -> list[ExperimentResult]:
    return run_experiments(graph, names, settings, out=out, embedder=EMBEDDER)


def test_every_experiment_leaves_rows_tables_and_plots(
    graph: Graph, settings: ExperimentSettings, tmp_path: Path
) -> None:
    """One folder each, all on one page; the evaluation's datasets are gone; intervals hold their values.

    What was predicted is no more than there was to predict.
    """
    results = run(graph, OF_TOWN, settings, tmp_path)
    assert [found.name for found in results] == OF_TOWN
    for found in results:
        folder = tmp_path / found.name
        assert ExperimentResult.model_validate_json((folder / "finding.json").read_text()) == found
        assert f"`{found.command}`" in (folder / "finding.md").read_text()
        assert (folder / f"{found.name}-1.png").read_bytes()[:4] == b"\x89PNG"
        assert "<svg" in (folder / f"{found.name}-1.svg").read_text()
        assert list((folder / "rows").glob("*.jsonl.gz"))
        assert 0 < found.tests <= found.of_tests
        for row in found.rows:
            for measured in row.measures.values():
                if measured.value is not None and measured.ci95 is not None:
                    assert measured.ci95[0] - 1e-9 <= measured.value <= measured.ci95[1] + 1e-9
    page = (tmp_path / "report.html").read_text()
    assert all(f'<section id="{name}">' in page for name in OF_TOWN)
    assert "http" not in page.replace("http://www.w3.org/", "").replace("http://purl.org/", "").replace(
        "http://creativecommons.org/", ""
    ).replace("https://matplotlib.org/", "")
    assert [one.dataset for one in datasets(graph, include_evaluation=True) if one.evaluation] == []


def test_a_cell_is_what_evaluate_says(graph: Graph, settings: ExperimentSettings, tmp_path: Path) -> None:
    """All tests of all users at the same places: the same outcomes, prediction by prediction."""
    whole = settings.model_copy(update={"users": 1_000, "tests_each": 1_000, "size": 10, "ratio": 0.5})
    [found] = run(graph, ["retrieval-size"], whole, tmp_path / "experiment")
    told = evaluate(
        graph,
        EvaluateSettings(
            format=settings.format, paths=settings.paths, split=settings.split, arms=("persona-db", "recency"), size=10,
            ratio=0.5,
        ),
        out=tmp_path / "evaluate",
        embedder=EMBEDDER,
    )  # fmt: skip
    _, outcomes = read_outcomes(tmp_path / "evaluate" / "outcomes.jsonl.gz")
    for arm in ("persona-db", "recency"):
        _, cell = read_outcomes(tmp_path / "experiment" / "retrieval-size" / "rows" / f"{arm}_size-10.jsonl.gz")
        expected = {(one.user, one.question): one for one in outcomes[arm]}
        assert len(cell[arm]) == len(expected)
        for one in cell[arm]:
            assert one.probabilities == pytest.approx(expected[one.user, one.question].probabilities, abs=1e-9)
        assert found.row(arm, size=10).measures["accuracy"].value == pytest.approx(told.arms[arm].accuracy)


def test_a_stopped_run_goes_on(
    graph: Graph, settings: ExperimentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells that were written are read, a file that was cut is made again, and a finished one is not run at all."""
    made: list[str] = []
    cell = ExperimentRun.cell

    def counted(
        self: ExperimentRun,
        arm: str,
        axes: Axes,
        tests: Sequence[TestItem],
        make: Callable[[], list[Outcome]],
        *,
        what: str = "",
    ) -> list[Outcome]:
        def counting() -> list[Outcome]:
            made.append(arm)
            return make()

        return cell(self, arm, axes, tests, counting, what=what)

    monkeypatch.setattr(ExperimentRun, "cell", counted)
    [before] = run(graph, ["top-k"], settings, tmp_path)
    assert len(made) == 14
    made.clear()
    assert run(graph, ["top-k"], settings, tmp_path) == [before]
    assert made == []
    (tmp_path / "top-k" / "finding.json").unlink()
    rows = sorted((tmp_path / "top-k" / "rows").iterdir())
    rows[0].write_bytes(rows[0].read_bytes()[:200])
    rows[1].unlink()
    [after] = run(graph, ["top-k"], settings, tmp_path)
    assert len(made) == 2
    assert (after.rows, after.contrasts) == (before.rows, before.contrasts)
    made.clear()
    run(graph, ["top-k"], settings.model_copy(update={"seed": 1}), tmp_path)
    assert len(made) == 14


def test_experiments_at_once_find_the_same(graph: Graph, settings: ExperimentSettings, tmp_path: Path) -> None:
    """In processes of their own they write what they write in turn, tell how far they are, and leave no dataset."""
    names = ["top-k", "join-gain"]
    told: list[str] = []
    at_once = run_experiments(
        graph, names, settings, out=tmp_path / "at once", embedder=EMBEDDER, jobs=2,
        progress=lambda what, done, total=None: told.append(what),
    )  # fmt: skip
    for found, other in zip(at_once, run(graph, names, settings, tmp_path / "in turn"), strict=True):
        assert (found.name, found.rows, found.contrasts) == (other.name, other.rows, other.contrasts)
    assert [one.dataset for one in datasets(graph, include_evaluation=True) if one.evaluation] == []
    assert {what.split(":")[0] for what in told} >= {"experiments", *names}


def test_cold_users_are_in_no_fit_and_lend_nothing(graph: Graph, settings: ExperimentSettings, tmp_path: Path) -> None:
    """The Fit is made of the others alone, nested answers are known of the cold, and nobody borrows from them."""
    with ExperimentContext(graph, settings, out=tmp_path, embedder=EMBEDDER) as context:
        cold = ColdStartUsers(context)
        known = {n: cold.guests(n).by_user for n in (0, 2, 5)}
        for user in cold.users:
            of_two, of_five = ({item.question for item in known[n][f"{user}@{n}"]} for n in (2, 5))
            assert len(of_two) == 2
            assert len(of_five) == 5
            assert of_two < of_five
            assert known[0][f"{user}@0"] == []
        population = cold.population
        dataset = population.dataset
        counted = graph.read("fitted_questions", dataset=dataset, fit=population.snapshot().fit)
        rates = graph.read(
            "base_rates", dataset=dataset, fit=population.snapshot().fit, questions=[row["id"] for row in counted]
        )
        answers = cold.others.answers
        assert {row["id"]: sum(row["counts"]) for row in rates} == {
            question: int((answers.answers[:, column] >= 0).sum()) for column, question in enumerate(answers.questions)
        }
        assert not any("@" in user for user in cold.others.users)
        sharing = graph.driver.execute_query(
            "MATCH (u:User {dataset: $d}) WHERE u.id CONTAINS '@' RETURN DISTINCT u.sharing_rank AS rank", d=dataset
        ).records
        assert [row["rank"] for row in sharing] == [0]


def test_unasked_questions_are_nowhere(settings: ExperimentSettings, graph: Graph, tmp_path: Path) -> None:
    """What is taken away from everybody is in no item, and every answer to it is a test."""
    with ExperimentContext(graph, settings, out=tmp_path, embedder=EMBEDDER) as context:
        left, tests = unasked(context.everything, share=0.1, seed=0)
        gone = {test.question for test in tests}
        assert len(gone) == 2
        assert gone.isdisjoint({item.question for item in left.items})
        assert len(left.items) + len(tests) == len(context.everything.items)


def test_costs_are_measured_and_models_asked_of_the_statistical_engine(
    graph: Graph, settings: ExperimentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stage has a time at every size; without a language model the models' table says that there is none."""
    import persona_db.evals.experiments.cost as costs
    from persona_db.evals.experiments import models

    monkeypatch.setattr(costs, "_QUICK", (20, 40))
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    cost, model = run(graph, ["cost", "models"], settings, tmp_path)
    for people in (20, 40):
        for stage in ("load", "refine", "join", "predict: persona-db", "predict: history"):
            value = cost.row(stage, people=people).measures["ms"].value
            assert value is not None
            assert value > 0
        own, borrowing = (
            cost.row(f"model, predict: {arm}", people=people).measures for arm in ("no-join", "persona-db")
        )
        assert 0 < (own["tokens"].value or 0) < (borrowing["tokens"].value or 0)
        answer = 150
        tokens = (borrowing["tokens"].value or 0) - answer
        dollars = 1_000 * (0.4 * tokens + 1.6 * answer) / 1_000_000  # gpt-4.1-mini's list price
        assert borrowing["usd_per_1000"].value == pytest.approx(dollars, abs=1e-4)
        assert (cost.row("model, refine", people=people).measures["usd_per_1000"].value or 0) > 0
    assert "openai:gpt-4.1-mini" in cost.notes[1]
    assert "No language model" in model.notes[0]
    assert np.isfinite(model.row("statistical: persona-db").measures["accuracy"].value or np.nan)


@pytest.mark.shared_data
def test_published_predictions_are_measured_on_their_own_items(graph: Graph, shared_data: Path, tmp_path: Path) -> None:
    """As pandas says of one wave: as many items, and as many of them right."""
    import pandas as pd  # type: ignore[import-untyped]

    wave = shared_data / "opinionqa" / "human_resp" / "American_Trends_Panel_W26"
    told = pd.read_csv(wave / FILE, dtype=str, keep_default_na=False)
    answers = pd.read_csv(wave / "responses.csv", dtype=str, keep_default_na=False).set_index("QKEY")
    split = pd.read_csv(wave / "split.csv", dtype=str, keep_default_na=False)
    told = told[told["run"] == "topk-imp-8pts_exp"].merge(split[split["split"] == "test"], on=["user", "question"])
    right = [answers.loc[row.user, row.question] == row.predicted for row in told.itertuples()]
    asked = ExperimentSettings.quickly(
        format="opinionqa", paths=(str(wave),), split=(str(wave / "split.csv"),), people=None
    )
    [found] = run(graph, ["published"], asked, tmp_path)
    row = found.row("published", **{"published run": "topk-imp-8pts_exp"})
    assert row.n == len(told)
    assert row.measures["accuracy"].value == pytest.approx(sum(right) / len(right))


def test_nothing_published_is_said(graph: Graph, settings: ExperimentSettings, tmp_path: Path) -> None:
    """Data without such a file have no rows, and a note."""
    [found] = run(graph, ["published"], settings, tmp_path)
    assert (found.rows, found.contrasts) == ((), ())
    assert "nothing to compare" in found.notes[0]


def test_unknown_names_are_told(graph: Graph, settings: ExperimentSettings, tmp_path: Path) -> None:
    """An experiment that there is not stops with those there are, before anything is made."""
    with pytest.raises(ConfigError, match="retrieval-size"):
        run(graph, ["nonsense"], settings, tmp_path)
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())) == "[]"


@pytest.mark.usefixtures("server")
def test_a_models_facts_are_checked_by_itself(graph: Graph, settings: ExperimentSettings, tmp_path: Path) -> None:
    """Of each layer the shares of its verdicts, and what they are worth; without a model there are no such rows."""
    asked = settings.model_copy(update={"model": SCRIPTED, "users": 2, "tests_each": 1})
    (found,) = run(graph, ["facts"], asked, tmp_path)
    rows = {row.arm: row for row in found.rows if row.arm.startswith(SCRIPTED)}
    assert set(rows) == {f"{SCRIPTED}'s distilled facts", f"{SCRIPTED}'s induced facts"}
    for row in rows.values():
        shares = [row.measures[verdict].value for verdict in ("shown", "partly", "not shown")]
        assert sum(float(share or 0) for share in shares) == pytest.approx(1.0)
    assert rows[f"{SCRIPTED}'s distilled facts"].measures["shown"].value == 1.0
    assert any("verdicts are its own" in note for note in found.notes)
