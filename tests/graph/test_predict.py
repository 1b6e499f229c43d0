"""Prediction: one distribution, whether asked alone or among thousands, and followed back to what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from persona_db.chains import RecallSettings, open_snapshot, predict, predict_many, recall, refine
from persona_db.chains.results import Prediction
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import NoFitError, UnknownQuestionError, UnknownUserError
from persona_db.graph.ingest import store_people
from persona_db.graph.models import Person, Question
from persona_db.graph.session import Graph
from tests.counted import Counted
from tests.synthetic import World, dump, make_world, rows, signals_of, store

EMBEDDER = HashEmbedder()
OWN = RecallSettings(ratio=0.0)


@dataclass(frozen=True)
class Asked:
    """A refined dataset that tests only read: 70 people, and one who said nothing and is of no group."""

    graph: Graph
    dataset: str
    world: World

    def predict(self, user: str, question: str, **how: Any) -> Prediction:
        return predict(self.graph, user, question, dataset=self.dataset, **how)

    def many(self, pairs: list[tuple[str, str]], **how: Any) -> list[Prediction]:
        return predict_many(open_snapshot(self.graph, self.dataset), pairs, **how)


HELD_OUT = [(f"u{row:02}", f"q{row % 18:02}") for row in range(0, 70, 3)]


@pytest.fixture(scope="module")
def asked(graph: Graph) -> Iterator[Asked]:
    dataset = f"test-{uuid4().hex[:12]}"
    whole = make_world(people=70, questions=18, answered=0.9)
    world = whole
    for user, question in HELD_OUT:
        world = world.without(user, question)
    store(graph, dataset, replace(world, people=(*world.people, Person(id="nobody"))))
    refine(graph, dataset, embedder=EMBEDDER)
    yield Asked(graph, dataset, whole)
    drop_dataset(graph, dataset)


def test_a_prediction_is_a_distribution(asked: Asked) -> None:
    """Positive, sums to 1, its top is the answer, and its confidence the answer's probability."""
    for made in asked.many(HELD_OUT):
        question = next(one for one in asked.world.questions if one.id == made.question)
        assert made.options == question.options
        assert sum(made.probabilities) == pytest.approx(1)
        assert min(made.probabilities) > 0
        assert made.confidence == max(made.probabilities)
        assert made.answer == made.options[made.probabilities.index(made.confidence)]
        assert made.recalled <= 40
        assert made.engine == "statistical"


def test_one_and_many_predict_alike(asked: Asked) -> None:
    """Alone, again, in any order, twice in a batch: the same to the last byte."""
    many = asked.many(HELD_OUT, explain=True)
    for (user, question), made in zip(HELD_OUT, many, strict=True):
        assert asked.predict(user, question).model_dump_json() == made.model_dump_json()
    backwards = asked.many([*reversed(HELD_OUT), HELD_OUT[0]], explain=True)
    assert backwards == [*reversed(many), many[0]]
    assert asked.many([]) == []


def test_one_who_came_after_the_fit_is_predicted_by_groups_alike(graph: Graph) -> None:
    """Alone only the keys of one's own are read, and those of one's attributes where one was not refined yet."""
    dataset = f"test-{uuid4().hex[:12]}"
    world = make_world(people=40, questions=8, answered=0.9)
    store(graph, dataset, world)
    refine(graph, dataset, embedder=EMBEDDER)
    group = next(person.attributes for person in world.people if person.attributes)
    store_people(graph, dataset, [Person(id="late", attributes=group)])
    try:
        alone = [predict(graph, "late", f"q{at:02}", dataset=dataset) for at in range(8)]
        many = predict_many(open_snapshot(graph, dataset), [("late", f"q{at:02}") for at in range(8)], explain=True)
        assert [made.model_dump_json() for made in alone] == [made.model_dump_json() for made in many]
        assert any(item.layer == "cache" for item in recall(graph, "late", "q00", dataset=dataset).items)
    finally:
        drop_dataset(graph, dataset)


def test_prediction_beats_the_base_rates(asked: Asked) -> None:
    """On answers that were held out, by log loss and by far; and one's own items alone do, too."""
    truth = [asked.world.answer(user, question) for user, question in HELD_OUT]
    known = [row for row, option in enumerate(truth) if option is not None]

    def loss(**how: Any) -> float:
        made = asked.many(HELD_OUT, settings=RecallSettings(**how))
        return -float(np.mean([np.log(made[row].probabilities[truth[row] or 0]) for row in known]))

    assert loss() < loss(size=0) - 0.2
    assert loss(ratio=0.0) < loss(size=0) - 0.2


def test_without_items_it_is_the_base_rates(asked: Asked) -> None:
    """Those of the Fit, for everybody alike, and said so."""
    made = asked.predict("nobody", "q04")
    rates = rows(
        asked.graph,
        "MATCH (:Fit {dataset: $d})-[b:BASE_RATE]->(:Question {id: 'q04'}) RETURN b.rates AS rates",
        d=asked.dataset,
    )[0]["rates"]
    assert made.recalled == 0
    assert made.evidence == ()
    spread = open_snapshot(asked.graph, asked.dataset).settings.spread
    if spread == 1.0:
        assert made.probabilities == pytest.approx(rates, abs=1e-3)
    assert "Said: nothing that is near this. It rests on how others answer." in made.explanation


def test_evidence_is_what_was_recalled(asked: Asked) -> None:
    """Each item once, by how far it moved the prediction; their ids are nodes that rest on history items."""
    user, question = HELD_OUT[1]
    made = asked.predict(user, question)
    context = recall(asked.graph, user, question, dataset=asked.dataset)
    texts = {item.id: item.text for item in context.items}
    assert {one.id: one.text for one in made.evidence}.items() <= texts.items()
    assert list(made.evidence) == sorted(made.evidence, key=lambda one: (-abs(one.points), -abs(one.weight), one.id))
    whole = {item.id for item in context.items if item.chances}
    assert len(whole) == 1
    assert {one.id for one in made.evidence if not one.weight} == whole
    assert (made.recalled, made.borrowed) == (len(context.items), context.borrowed)
    assert made.explanation.count("\n") == 2
    strongest = max((one for one in made.evidence if one.source == "own"), key=lambda one: one.points)
    assert strongest.says in made.explanation
    own = [one.id for one in made.evidence if one.source == "own" and not one.id.startswith("demographic:")]
    traced = rows(
        asked.graph,
        """
        UNWIND $ids AS id
        MATCH (n {dataset: $d, id: id})-[:DERIVED_FROM*0..2]->(h:HistoryItem)
        RETURN DISTINCT id, h.user AS user
        """,
        d=asked.dataset,
        ids=own,
    )
    assert {row["id"] for row in traced} == set(own)
    assert {row["user"] for row in traced} == {user}


def test_a_prediction_writes_nothing(asked: Asked) -> None:
    """Nor does a recall, or a question by text."""
    before = dump(asked.graph, asked.dataset)
    asked.predict("u01", "q05")
    asked.predict("u01", "Should the state spend more?", options=("no", "yes"), embedder=EMBEDDER)
    assert dump(asked.graph, asked.dataset) == before


def test_no_query_an_item(asked: Asked) -> None:
    """A batch takes as many queries as one prediction: for questions of the dataset, and for new ones."""
    counted = Counted(asked.graph.driver)
    graph = Graph(counted, asked.graph.settings, database=asked.graph.database, owns_driver=False)  # type: ignore[arg-type]

    def queries(count: int, *, explain: bool) -> int:
        pairs = [(f"u{row:02}", asked.world.questions[row % 18].id) for row in range(count)]
        before = counted.queries
        predict_many(open_snapshot(graph, asked.dataset), pairs * 3, explain=explain)
        return counted.queries - before

    for explain in (False, True):
        assert queries(1, explain=explain) == queries(60, explain=explain) <= 14


def expected_rank(made: Prediction) -> float:
    return float(np.dot(made.probabilities, np.arange(len(made.probabilities))))


def correlation(one: Sequence[float], other: Sequence[float]) -> float:
    return float(np.corrcoef(np.array([one, other]))[0][1])


def test_a_new_question(asked: Asked) -> None:
    """By text and options: like the one it means; not at all where it is unknown which way the options point."""
    known = asked.world.questions[7]
    people = [person.id for person in asked.world.people[:25]]
    new = [
        asked.predict(user, f"{known.text} Really?", options=known.options, embedder=EMBEDDER, settings=OWN)
        for user in people
    ]
    same = [asked.predict(user, known.id, settings=OWN) for user in people]
    ranks = [[expected_rank(made) for made in some] for some in (new, same)]
    assert correlation(*ranks) > 0.5
    assert {made.question[:4] for made in new} == {"new:"}
    assert {made.options for made in new} == {known.options}
    assert all(made.explanation.startswith("A guess: nobody was asked this. Nearest: ") for made in new)
    words = [f"choice {place}" for place in range(len(known.options))]
    far = asked.predict("u01", f"{known.text} Really?", options=words, embedder=EMBEDDER)
    assert (far.outcome, far.probabilities, far.answer, far.evidence) == ("unknown", (), "", ())
    assert far.explanation.startswith("Cannot tell: ")


def test_turned_options_turn_the_order_alone(asked: Asked) -> None:
    """The same numbers, to the last digit, for a new question; for a known one, whatever its words' order and case."""
    known = asked.world.questions[7]
    for text in (f"{known.text} Really?", " ".join(reversed(known.text.split())).upper()):
        for user in ("u01", "u02", "u17"):
            one, other = (
                asked.predict(user, text, options=options, embedder=EMBEDDER)
                for options in (known.options, known.options[::-1])
            )
            assert one.probabilities == other.probabilities[::-1]
            assert (one.options, one.answer) == (other.options[::-1], other.answer)
    assert one.question == known.id
    assert one.probabilities == asked.predict("u17", known.id).probabilities


def test_some_options_of_a_known_question(asked: Asked) -> None:
    """Its prediction among these alone: the probabilities of both sum to 1, in the same ratio."""
    known = asked.world.questions[7]
    whole = asked.predict("u17", known.id)
    part = asked.predict("u17", known.text, options=known.options[:2], embedder=EMBEDDER)
    assert part.question == known.id
    assert part.probabilities == pytest.approx([one / sum(whole.probabilities[:2]) for one in whole.probabilities[:2]])
    assert part.answer == part.options[part.probabilities.index(part.confidence)]


def test_what_somebody_answered_is_shown_as_given(asked: Asked) -> None:
    """With its date, and the prediction is what it would be without that answer."""
    item = next(one for one in asked.world.items if one.user == "u02")
    assert item.question is not None
    assert item.option is not None
    made = asked.predict("u02", item.question)
    options = next(one for one in asked.world.questions if one.id == item.question).options
    assert made.given == options[item.option]
    context = recall(asked.graph, "u02", item.question, dataset=asked.dataset)
    assert context.given == item.option
    assert all(one.question != item.question for one in context.items if one.source == "own")


def test_a_question_asked_after_the_fit_is_a_new_one(graph: Graph, dataset: str) -> None:
    """It is known by its id, and placed by its meaning until the next refit."""
    world = make_world(people=50, questions=12)
    store(graph, dataset, world)
    refine(graph, dataset)
    known = world.questions[7]
    later = known.model_copy(update={"id": "later", "text": f"{known.text} Really?"})
    store(graph, dataset, World((later,), (), ()))
    asked = [(person.id, "later") for person in world.people]
    by_id = predict_many(open_snapshot(graph, dataset), asked, explain=True)
    by_text = predict(graph, "u00", later.text, options=later.options, dataset=dataset, embedder=EMBEDDER)
    assert by_id[0].probabilities == pytest.approx(by_text.probabilities)
    for user, made in zip((user for user, _ in asked), by_id, strict=True):
        own = [one.says for one in made.evidence if one.source == "own"]
        said = world.answer(user, known.id)
        name = known.text.rstrip("?")
        assert [text for text in own if text.startswith(f"{name}: ")] == [
            f"{name}: {known.options[option]}" for option in [said] if option is not None
        ]


def test_a_question_nothing_is_like(graph: Graph, dataset: str) -> None:
    """Asked after a Fit with traits and keys, without vectors: a batch predicts by chance, one says it cannot tell."""
    world = make_world(people=60, questions=12)
    store(graph, dataset, world, embed=False)
    refine(graph, dataset)
    later = world.questions[7].model_copy(update={"id": "later"})
    store(graph, dataset, World((later,), (), ()), embed=False)
    options = len(later.options)
    [made] = predict_many(open_snapshot(graph, dataset), [("u00", "later")])
    assert made.probabilities == pytest.approx([1 / options] * options)
    assert predict(graph, "u00", "later", dataset=dataset).outcome == "unknown"


def test_a_dataset_without_questions(graph: Graph, dataset: str) -> None:
    """Nothing can be told of new ones."""
    store(graph, dataset, World((), (Person(id="p", attributes={"A": "b"}),), ()))
    refine(graph, dataset)
    made = predict(graph, "p", "Well?", dataset=dataset, options=("no", "yes"), embedder=EMBEDDER)
    assert (made.outcome, made.probabilities) == ("unknown", ())


def test_options_off_the_scale(graph: Graph, dataset: str) -> None:
    """An answer with no place on the scale keeps its base rate and is no evidence; a scale of none is predicted too."""
    world = make_world(people=40, questions=9, answered=1.0)
    changed = []
    for one in world.questions:
        places: tuple[float | None, ...] = one.ordinal
        if one.id == "q02":
            places = (*one.ordinal[:-1], None)
        if one.id == "q03":
            places = (None,) * len(one.options)
        changed.append(one.model_copy(update={"ordinal": places}))
    store(graph, dataset, replace(world, questions=tuple(changed)))
    refine(graph, dataset)
    last = len(world.questions[2].options) - 1
    counts = Counter(world.answer(person.id, "q02") for person in world.people)
    expected = (counts[last] + 1) / (40 + last + 1)
    made = predict_many(open_snapshot(graph, dataset), [(person.id, "q02") for person in world.people])
    bare = predict_many(open_snapshot(graph, dataset), [("u00", "q02")], settings=RecallSettings(ratio=0.0))
    assert bare[0].probabilities[last] == pytest.approx(expected, abs=0.02)
    assert all(sum(one.probabilities) == pytest.approx(1) for one in made)
    nowhere = predict(graph, "u00", "q03", dataset=dataset)
    assert sum(nowhere.probabilities) == pytest.approx(1)


def test_what_is_not_there_is_said(asked: Asked, graph: Graph, dataset: str) -> None:
    """User, question and Fit, alone and in a batch."""
    with pytest.raises(UnknownUserError, match="u99"):
        asked.predict("u99", "q01")
    with pytest.raises(UnknownUserError, match="u99"):
        asked.many([("u01", "q01"), ("u99", "q01")])
    with pytest.raises(UnknownQuestionError, match="q99"):
        asked.predict("u01", "q99")
    with pytest.raises(UnknownQuestionError, match="q99"):
        asked.many([("u01", "q99")])
    free = Question(id="free", text="What do you think?")
    store(graph, dataset, World((free,), (Person(id="p"),), ()))
    with pytest.raises(NoFitError):
        predict(graph, "p", "free", dataset=dataset)
    refine(graph, dataset)
    with pytest.raises(UnknownQuestionError, match="free"):
        predict(graph, "p", "free", dataset=dataset)


def test_links_are_those_of_the_people(asked: Asked) -> None:
    """What a Fit says of two questions is the correlation of their answers, as numpy counts it, shrunken."""
    world = asked.world
    for user, question in HELD_OUT:
        world = world.without(user, question)
    signals = signals_of(world)
    snapshot = open_snapshot(asked.graph, asked.dataset)
    found = rows(
        asked.graph,
        "MATCH (a:Question {dataset: $d})-[t:TELLS]->(b) RETURN a.id AS a, b.id AS b, t.r AS r, t.n AS n",
        d=asked.dataset,
    )
    place = {one.id: column for column, one in enumerate(world.questions)}
    choice = signals.table.choice
    plain, said = [], []
    for row in found:
        a, b = place[row["a"]], place[row["b"]]
        both = (choice[:, a] >= 0) & (choice[:, b] >= 0)
        assert row["n"] == both.sum()
        plain.append(correlation(choice[both, a].tolist(), choice[both, b].tolist()))
        said.append(row["r"])
    assert correlation(plain, said) > 0.95
    assert snapshot.settings.shrinkage > 0
