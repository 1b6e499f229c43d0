"""What the graph says of people is what they said: counted on real data, and against a count by hand."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median, pstdev
from typing import Any
from uuid import uuid4

import pytest

from persona_db.chains.refinement.refine import refine
from persona_db.chains.runnables.pipeline import Ask, persona_chain
from persona_db.evals.audit import Audit, audit
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import embedder_of
from persona_db.graph.errors import NoFitError
from persona_db.graph.models import Question, Sharing
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.graph.users import questions
from persona_db.loaders import load, open_source
from persona_db.loaders.source import Source

TOWN = Path(__file__).resolve().parents[2] / "docs" / "example" / "town.jsonl"


def source_of(name: str, data: Path, tmp_path: Path) -> Source:
    """One of the data sets."""
    if name == "senate":
        return open_source("senate")
    if name == "gss":
        return open_source("opinionqa", [data / "gss/human_resp/GSS_Panel_2016"])
    if name == "opinionqa":
        return open_source("opinionqa", sorted((data / "opinionqa/human_resp").glob("American_Trends_Panel_W*")))
    if name == "polis":
        return open_source("polis", [data / "polis/american-assembly.bowling-green"])
    lines = tmp_path / f"{name}.jsonl"
    lines.write_bytes(gzip.decompress((data / "twins/twins.jsonl.gz").read_bytes()))
    return open_source("jsonl", [lines])


def kept(found: Audit) -> None:
    """Every bound of an audit is kept, on enough keys."""
    assert found.holds, found.model_dump()
    assert found.claiming >= 50
    assert found.asked > 500
    assert found.longest_name <= 60


@pytest.fixture(scope="module")
def gss(graph: Graph, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The General Social Survey of 2016, with vectors."""
    name = f"test-{uuid4().hex[:12]}"
    source = source_of("gss", shared_data, tmp_path_factory.mktemp("gss"))
    embedder = embedder_of(Settings())
    load(graph, source, dataset=name, sharing=Sharing.KEYS, embedder=embedder)
    refine(graph, name, embedder=embedder)
    yield name
    while graph.write("drop_dataset_nodes", dataset=name, limit=1_000)[0]["deleted"]:
        pass  # in small batches, which the memory of the tests' server bears
    drop_dataset(graph, name)


@pytest.mark.shared_data
def test_what_a_key_says_is_said_in_the_general_social_survey(graph: Graph, gss: str) -> None:
    """Of 2,867 people and 246 questions."""
    kept(audit(graph, gss))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "question",
    ["Should the minimum wage be 15 dollars?", "Should gay couples have the right to marry?",
     "Should a wall be built along the border to Mexico?"],
)  # fmt: skip
def test_camps_are_told_apart_on_the_right_side_or_not_at_all(graph: Graph, gss: str, question: str) -> None:
    """Of the hundred most liberal and the hundred most conservative; turned options turn the numbers to the last digit.

    Liberals are more for a minimum wage and gay marriage, conservatives for a wall.
    """
    camps = {}
    for camp, values in (("left", ["Very liberal", "Liberal"]), ("right", ["Very conservative", "Conservative"])):
        users = [
            user
            for value in values
            for (user,) in rows(
                graph,
                "MATCH (u:User {dataset: $dataset}) WHERE $value IN u.attributes RETURN u.id ORDER BY u.id",
                {"dataset": gss, "value": f"POLIDEOLOGY={value}"},
            )
        ]
        camps[camp] = users[:100]
        assert len(camps[camp]) == 100
    chain = persona_chain(graph, gss, embedder=embedder_of(Settings()))
    for_it = {}
    for camp, users in camps.items():
        made = chain.batch([Ask(user=user, question=question, options=("no", "yes")) for user in users])
        turned = chain.batch([Ask(user=user, question=question, options=("yes", "no")) for user in users])
        assert [one.probabilities for one in made] == [one.probabilities[::-1] for one in turned]
        outcomes = {one.outcome for one in made}
        assert len(outcomes) == 1
        if outcomes == {"answered"}:
            for_it[camp] = sum(one.probabilities[1] for one in made) / len(made)
        assert all(one.explanation.startswith(("A guess: nobody", "Cannot tell: nobody")) for one in made)
    if for_it:
        assert (for_it["left"] > for_it["right"]) == ("wall" not in question)


@pytest.mark.shared_data
def test_reasons_are_short_and_on_the_side_of_their_text(graph: Graph, gss: str) -> None:
    """Half of the explanations have 240 characters or fewer; who said what is a reason for a side is oftener on it.

    Counted over everybody who answered both questions, of 300 predictions; a reason may stand against the count within
    three standard errors, and one in 200 where answers are not on one line (the fourth of five things to learn).
    """
    answers: dict[str, dict[str, int]] = {}
    for user, question, option in rows(
        graph,
        "MATCH (h:HistoryItem {dataset: $dataset}) WHERE h.option IS NOT NULL RETURN h.user, h.question, h.option",
        {"dataset": gss},
    ):
        answers.setdefault(question, {})[user] = option
    known = {question.id: question for question in questions(graph, gss)}
    said = {
        f'Asked "{question.text}", answered "{text}"': (question.id, option)
        for question in known.values()
        for option, text in enumerate(question.options)
    }
    pairs = sorted((user, id_) for id_, given in answers.items() if known[id_].ordinal for user in given)
    asked = [Ask(user=user, question=id_) for user, id_ in random.Random(7).sample(pairs, 300)]
    made = persona_chain(graph, gss, embedder=embedder_of(Settings())).batch(asked)
    reasons, contrary = 0, []
    for one in made:
        for reason in one.evidence:
            question, option = said.get(reason.text, ("", 0))
            if reason.source != "own" or abs(reason.points) < 1 or question in ("", one.question):
                continue
            told, error = difference(known[one.question], answers[one.question], answers[question], option)
            reasons += 1
            if told * reason.weight < -3 * error * abs(reason.weight):
                contrary.append((one.user, one.question, reason.text))
    assert reasons > 300
    assert len(contrary) <= reasons / 200, contrary
    assert median(len(one.explanation) for one in made) <= 240


def difference(question: Question, target: dict[str, int], told: dict[str, int], option: int) -> tuple[float, float]:
    """How much higher on a question's scale those who gave another answer are than all who answered both; its error."""
    ranks = {user: question.ordinal[target[user]] for user in target.keys() & told.keys()}
    everybody = [rank for rank in ranks.values() if rank is not None]
    those = [rank for user, rank in ranks.items() if rank is not None and told[user] == option]
    if len(those) < 2:
        return 0.0, 1.0
    return mean(those) - mean(everybody), pstdev(everybody) / len(those) ** 0.5


@pytest.mark.parametrize("name", ["senate", "opinionqa", "polis", "twins"])
def test_what_a_key_says_is_said_by_those_who_hold_it(
    graph: Graph, shared_data: Path, tmp_path: Path, name: str
) -> None:
    """85 % of the holders asked, 60 % in every key, 10 % never asked, names of 60 characters and no doubles."""
    load(graph, source_of(name, shared_data, tmp_path), dataset="d", sharing=Sharing.KEYS)
    refine(graph, "d")
    kept(audit(graph, "d"))


def test_an_audit_counts_what_a_person_counts(graph: Graph) -> None:
    """Holders, asked and said of each key of the town, one by one from their histories."""
    load(graph, open_source("jsonl", [TOWN]), dataset="town")
    with pytest.raises(NoFitError):
        audit(graph, "town")
    refine(graph, "town")
    scope = {"dataset": "town"}
    claims: dict[str, list[tuple[str, list[int]]]] = {}
    for key, question, options in rows(
        graph, "MATCH (k:CacheKey {dataset: $dataset})-[c:CLAIMS]->(q) RETURN k.id, q.id, c.options", scope
    ):
        claims.setdefault(key, []).append((question, options))
    answers = {
        (user, question): option
        for user, question, option in rows(
            graph,
            "MATCH (h:HistoryItem {dataset: $dataset}) WHERE h.option IS NOT NULL RETURN h.user, h.question, h.option",
            scope,
        )
    }
    pairs = asked = said = 0
    for user, key in rows(graph, "MATCH (u:User {dataset: $dataset})-[:HOLDS]->(k) RETURN u.id, k.id", scope):
        for question, options in claims.get(key, ()):
            pairs += 1
            asked += (user, question) in answers
            said += answers.get((user, question)) in options
    found = audit(graph, "town")
    assert (found.pairs, found.asked, found.said) == (pairs, asked, said)
    assert found.pairs > 100


def test_an_audit_finds_what_nobody_said(graph: Graph) -> None:
    """A key whose claim is turned round breaks the bound of every key, and is named."""
    load(graph, open_source("jsonl", [TOWN]), dataset="town")
    refine(graph, "town")
    assert audit(graph, "town").holds
    rows(
        graph,
        "MATCH (k:CacheKey {dataset: $dataset, id: 'stance:bikes=2'})-[c:CLAIMS]->() SET c.options = [0] RETURN k.id",
        {"dataset": "town"},
    )
    found = audit(graph, "town")
    assert not found.holds
    assert [key.key for key in found.failing] == ["stance:bikes=2"]
    assert found.failing[0].said == 0
    assert found.failing[0].asked > 0


def rows(graph: Graph, query: str, parameters: dict[str, str]) -> list[list[Any]]:
    """Run Cypher that is no named query."""
    records, _, _ = graph.driver.execute_query(query, parameters)
    return [list(record.values()) for record in records]
