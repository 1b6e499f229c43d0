"""Recall fills at most r places, borrows what is shared and no more, and gives back what one side cannot use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any
from uuid import uuid4

import pytest

from persona_db.chains import RecallSettings, open_snapshot, recall, refine
from persona_db.chains.fit.settings import EngineSettings, JoinGain
from persona_db.chains.results import Context
from persona_db.chains.retrieval.join import join_many
from persona_db.chains.retrieval.own_items import read_own_items
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.recall import BorrowFrom, Sources, fill, recall_many
from persona_db.graph.attributes import value_label
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import (
    ConfigError,
    EmbeddingError,
    NoFitError,
    UnknownDatasetError,
    UnknownUserError,
)
from persona_db.graph.ingest import store_items, store_people
from persona_db.graph.models import HistoryItem, Person, Question, Sharing
from persona_db.graph.session import Graph
from tests.synthetic import World, answer, make_world, rows, store, texts_of

EMBEDDER = HashEmbedder()
TARGET = "q04"


@dataclass(frozen=True)
class Asked:
    """A refined dataset that tests only read: 60 people who share all, and two who said nothing."""

    graph: Graph
    dataset: str
    world: World

    def recall(self, user: str = "u00", question: str = TARGET, as_of: str | None = None, **how: Any) -> Context:
        settings = RecallSettings(**how)
        return recall(self.graph, user, question, dataset=self.dataset, settings=settings, as_of=as_of)


@pytest.fixture(scope="module")
def asked(graph: Graph) -> Iterator[Asked]:
    dataset = f"test-{uuid4().hex[:12]}"
    world = make_world(people=60, questions=20).without("u00", TARGET)
    silent = (Person(id="group", attributes={"PARTY": "left"}), Person(id="nobody"))
    store(graph, dataset, replace(world, people=(*world.people, *silent)))
    refine(graph, dataset, embedder=EMBEDDER)
    yield Asked(graph, dataset, world)
    drop_dataset(graph, dataset)


def sources(context: Context) -> Counter[str]:
    return Counter(item.source for item in context.items)


@pytest.mark.parametrize("size", [0, 1, 2, 5, 10])
@pytest.mark.parametrize("ratio", [0.0, 0.07, 0.25, 0.5, 1.0])
def test_size_and_ratio(asked: Asked, size: int, ratio: float) -> None:
    """Never more than r items, and of those exactly the share x borrowed, rounded up, while both sides have enough."""
    for user in ("u00", "u17"):
        context = asked.recall(user, size=size, ratio=ratio)
        assert len(context.items) == context.size == size
        assert context.borrowed == ceil(round(ratio * size, 9)) == size - sources(context)["own"]


def test_own_places_go_to_what_is_borrowed(asked: Asked) -> None:
    """Someone with little of their own borrows more than the share; nothing stays empty while there is something."""
    plenty = asked.recall("u00", size=40, ratio=0.25)
    assert 10 < plenty.borrowed == 40 - sources(plenty)["own"]
    assert len(plenty.items) == 40


def test_borrowed_places_go_to_ones_own(asked: Asked) -> None:
    """Where nobody can be borrowed from and no summary tells anything, all places are for one's own items."""
    context = asked.recall("u00", size=10, ratio=1.0, top_k=0)
    spare = 10 - sources(context)["summary"]
    assert sources(context)["collaborator"] == 0
    assert sources(context)["own"] == spare > 0


@pytest.mark.parametrize("summaries", [0.0, 0.3, 0.5, 1.0])
def test_borrowed_places_are_shared_out(asked: Asked, summaries: float) -> None:
    """Between key summaries and collaborators by the setting, while each has enough."""
    everyone = ((person.id, one.id) for person in asked.world.people for one in asked.world.questions)
    user, question = next(
        pair for pair in everyone if sources(asked.recall(*pair, size=60, ratio=1.0, summaries=1.0))["summary"] > 3
    )
    found = sources(asked.recall(user, question, size=4, ratio=1.0, summaries=summaries))
    assert (found["summary"], found["collaborator"]) == (ceil(4 * summaries), 4 - ceil(4 * summaries))


def test_one_collaborator_fills_a_share_at_most(asked: Asked) -> None:
    """Their items over the borrowed places; one item at least."""
    for one_share, most in ((0.2, 2), (0.01, 1), (1.0, 10)):
        context = asked.recall(size=20, ratio=0.5, summaries=0.0, one_share=one_share)
        lent = Counter(item.user for item in context.items if item.source == "collaborator")
        assert sum(lent.values()) == 10
        assert max(lent.values()) <= most


@pytest.mark.parametrize("user", ["u00", "u17", "u42", "group", "nobody"])
def test_equal_texts_come_once(asked: Asked, user: str) -> None:
    """Though hundreds gave the same answers in the same words."""
    for how in ({"size": 60}, {"size": 60, "ratio": 1.0, "summaries": 0.0}, {"size": 12, "ratio": 0.5}):
        items = asked.recall(user, **how).items
        assert len(set(texts_of(items))) == len(items)
        assert len({item.id for item in items}) == len(items)
        assert all(texts_of(items))


def test_most_telling_first(asked: Asked) -> None:
    """One's own by how much they tell, ties by id; what is borrowed comes after."""
    items = asked.recall(size=30, ratio=0.3).items
    own = [item for item in items if item.source == "own"]
    assert list(items[: len(own)]) == own
    assert own == sorted(own, key=lambda item: (-item.score, item.id))
    assert all(item.score >= 0.01 for item in items)
    summaries = [item for item in items if item.source == "summary"]
    assert summaries == sorted(summaries, key=lambda item: (-item.score, item.id))


def test_collaborators_speak_of_the_question_first(asked: Asked) -> None:
    """What they answered to it, then to linked ones, then what they lean to; each is told with who said it."""
    context = asked.recall(size=30, ratio=1.0, summaries=0.0)
    lent = [item for item in context.items if item.source == "collaborator"]
    about = [item.question == TARGET for item in lent]
    assert about == sorted(about, reverse=True)
    assert any(about)
    for item in lent:
        assert item.user is not None
        if item.question is not None:
            assert item.option == asked.world.answer(item.user, item.question)
        assert (item.value is not None) == (item.question == TARGET)


def test_layers_can_be_left_out(asked: Asked) -> None:
    """Of one's own items."""
    leaning = "MATCH (f:Fact {dataset: $d, layer: 'induced'}) RETURN f.user AS user ORDER BY user LIMIT 1"
    [row] = rows(asked.graph, leaning, d=asked.dataset)
    user = row["user"]
    for layer in ("history", "distilled", "induced", "cache"):
        context = asked.recall(user, size=40, ratio=0.0, layers=frozenset({layer}))
        assert {item.layer for item in context.items} == {layer}
    everything = asked.recall(user, size=40, ratio=0.0)
    assert {item.layer for item in everything.items} >= {"distilled", "induced", "cache"}
    answers = asked.recall(user, size=40, ratio=0.0, layers=frozenset({"history"}))
    distilled = {item.question for item in everything.items if item.layer == "distilled"}
    assert distilled <= {item.question for item in answers.items}


def test_summaries_are_of_ones_keys_and_name_nobody(asked: Asked) -> None:
    """What holders of a key that the user holds answered to the very question, in fives."""
    held = rows(
        asked.graph,
        "MATCH (:User {dataset: $d, id: 'u00'})-[:HOLDS]->(k) RETURN k.id AS id, k.name AS name, k.kind AS kind",
        d=asked.dataset,
    )
    names = {row["id"]: value_label(row["name"], row["kind"]) for row in held}
    summaries = [item for item in asked.recall(size=20, ratio=1.0).items if item.source == "summary"]
    assert summaries
    for item in summaries:
        assert item.user is None
        assert item.question == TARGET
        assert all(count % 5 == 0 for count in item.counts)
        assert names[str(item.key)] in item.text
        assert item.text.startswith("Of about ")


def test_a_user_without_history(asked: Asked) -> None:
    """Is told by the groups they belong to, then by nothing but everybody."""
    group = asked.recall("group", size=20)
    assert {item.key for item in group.items if item.source == "own"} == {"demographic:PARTY=left"}
    assert {item.key for item in group.items if item.source == "summary"} <= {"demographic:PARTY=left"}
    assert asked.recall("nobody", size=20).items == ()


def test_recall_is_deterministic_and_the_same_in_batches(asked: Asked) -> None:
    """Alone, again, and among other users and questions."""
    alone = asked.recall("u05", "q09", size=20, ratio=0.5)
    assert asked.recall("u05", "q09", size=20, ratio=0.5) == alone
    snapshot = open_snapshot(asked.graph, asked.dataset)
    pairs = [(person.id, one.id) for person in asked.world.people[:12] for one in asked.world.questions]
    questions, correlations = prepare(snapshot, pairs)
    together = recall_many(correlations, questions, settings=RecallSettings(size=20, ratio=0.5), texts=True)
    found = together[pairs.index(("u05", "q09"))]
    assert [item.id for item in found.items] == [item.id for item in alone.items]
    for one, other in zip(found.items, alone.items, strict=True):
        assert one.model_copy(update={"score": 0, "value": None}) == other.model_copy(
            update={"score": 0, "value": None}
        )
        assert one.score == pytest.approx(other.score)
        assert one.value == pytest.approx(other.value)


def test_the_items_for_several_ratios_are_those_for_each_alone(asked: Asked) -> None:
    """Own items are ranked once for all ratios, whatever is borrowed for each of them."""
    snapshot = open_snapshot(asked.graph, asked.dataset)
    [(user, question)], correlations = prepare(snapshot, [("u00", TARGET)])
    settings = RecallSettings(size=12)
    own = read_own_items(correlations, [user], settings.layers)[user]
    lenders = BorrowFrom(join_many(snapshot, [user], top_k=settings.top_k, sharing=Sharing.INDUCED)[user])
    ratios = (0.0, 0.5, 1.0, 0.2)

    def sources() -> Sources:
        found = Sources.of(correlations)
        found.collaborator_items.fetch({match.user for match in lenders.collaborators})
        return found

    alone = [next(fill(sources(), own, question, lenders, settings, ratios=(ratio,))) for ratio in ratios]
    assert list(fill(sources(), own, question, lenders, settings, ratios=ratios)) == alone
    assert len({tuple(item.id for item in items) for items in alone}) == len(ratios)


def test_where_nothing_is_borrowed_votes_alone_are_read(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the Fit says that the JOIN saves nothing: the same votes as beside what is borrowed, of answers to that
    question alone; of a new question, and for items without texts, nobody else is read."""
    snapshot = open_snapshot(asked.graph, asked.dataset)
    nothing = snapshot.settings.model_copy(
        update={"lifts": (JoinGain(known=0, ratio=0, saved=0, low=0, high=0, tests=1),)}
    )
    pairs, correlations = prepare(snapshot, [("u00", TARGET), ("u01", TARGET), ("u02", "q03")])
    none_borrowed = replace(correlations, snapshot=replace(snapshot, settings=nothing))
    borrowed = recall_many(correlations, pairs, settings=RecallSettings(size=9, ratio=0.5), texts=True)
    read: list[tuple[str, Any]] = []
    reading = type(asked.graph).read

    def seen(self: Graph, name: str, **params: Any) -> list[Any]:
        read.append((name, params.get("questions")))
        return reading(self, name, **params)

    monkeypatch.setattr(type(asked.graph), "read", seen)
    own = recall_many(none_borrowed, pairs, settings=RecallSettings(size=9), texts=True)
    assert [one.ratio for one in own] == [0.0] * 3
    assert [one.alike for one in own] == [one.alike for one in borrowed]
    assert all(one.alike for one in own)
    assert {item.source for one in own for item in one.items} == {"own"}
    assert [set(questions) for name, questions in read if name == "borrowable"] == [{TARGET, "q03"}]
    read.clear()
    bare = recall_many(none_borrowed, pairs, settings=RecallSettings(size=9), texts=False)
    assert [[item.id for item in one.items] for one in bare] == [[item.id for item in one.items] for one in own]
    new, unseen = prepare(snapshot, [("u00", "Should the mill be a museum?")], options=["no", "yes"], embedder=EMBEDDER)
    unseen = replace(unseen, snapshot=none_borrowed.snapshot)
    assert recall_many(unseen, new, settings=RecallSettings(size=9), texts=True)[0].alike == ()
    assert not {name for name, _ in read} & {"borrowable", "join"}


def test_recalling_among_more_links_than_are_kept(graph: Graph, dataset: str) -> None:
    """Alone and in a batch alike, too, where a question has more others than a Fit keeps links of."""
    world = make_world(people=30, questions=18)
    store(graph, dataset, world)
    refine(graph, dataset, settings=EngineSettings(links=3, min_holders=5))
    settings = RecallSettings(size=25, ratio=0.4)
    snapshot = open_snapshot(graph, dataset)
    pairs = [(person.id, one.id) for person in world.people for one in world.questions]
    questions, correlations = prepare(snapshot, pairs)
    together = recall_many(correlations, questions, settings=settings, texts=True)
    for index in range(0, len(pairs), 41):
        alone = recall(graph, *pairs[index], dataset=dataset, settings=settings)
        assert [item.id for item in alone.items] == [item.id for item in together[index].items]
        for one, other in zip(alone.items, together[index].items, strict=True):
            assert (one.value is None) == (other.value is None)
            assert one.value == pytest.approx(other.value)


LENT = {
    Sharing.NONE: set[str](),
    Sharing.KEYS: set[str](),
    Sharing.INDUCED: {"induced"},
    Sharing.DISTILLED: {"induced", "distilled"},
    Sharing.HISTORY: {"induced", "distilled", "history"},
}


@pytest.mark.parametrize("sharing", list(Sharing))
def test_sharing_is_respected(graph: Graph, dataset: str, sharing: Sharing) -> None:
    """Each level lends its layers and no more; whoever shares nothing is in no summary; one's own stay one's own."""
    world = make_world(people=40, questions=16).without("u00", TARGET)
    store(graph, dataset, world, sharing=sharing)
    refine(graph, dataset, embedder=EMBEDDER)
    context = recall(graph, "u00", TARGET, dataset=dataset, settings=RecallSettings(size=60, ratio=1.0, summaries=0.2))
    found = {item.layer for item in context.items if item.source == "collaborator"}
    assert found == LENT[sharing]
    assert (sources(context)["summary"] > 0) == (sharing is not Sharing.NONE)
    own = sources(recall(graph, "u00", TARGET, dataset=dataset, settings=RecallSettings(size=60)))["own"]
    assert own > (0 if sharing is Sharing.NONE else 5)  # of nobody's answers no link is learned, but by meaning


def test_one_who_shares_nothing_is_left_alone(graph: Graph, dataset: str) -> None:
    """Their items are recalled for themself and for nobody else, nor is anything that they alone said."""
    world = make_world(people=41, questions=16)
    store(graph, dataset, world)
    store_people(graph, dataset, [Person(id="u40")], sharing=Sharing.NONE)
    refine(graph, dataset, embedder=EMBEDDER)
    own = recall(graph, "u40", TARGET, dataset=dataset, settings=RecallSettings(size=30))
    assert sources(own)["own"] > 10
    assert sources(own)["summary"] > 0
    for person in world.people[:40]:
        context = recall(graph, person.id, TARGET, dataset=dataset, settings=RecallSettings(size=80, ratio=1.0))
        assert all(item.user != "u40" for item in context.items)


def test_a_changed_mind_about_sharing_counts_at_once(graph: Graph, dataset: str) -> None:
    """Before any refinement: who lends less now lends less now."""
    world = make_world(people=30, questions=12)
    store(graph, dataset, world)
    refine(graph, dataset)
    settings = RecallSettings(size=60, ratio=1.0, summaries=0.0)
    assert sources(recall(graph, "u00", TARGET, dataset=dataset, settings=settings))["collaborator"] > 10
    others = [Person(id=person.id) for person in world.people[1:]]
    store_people(graph, dataset, others, sharing=Sharing.INDUCED)
    context = recall(graph, "u00", TARGET, dataset=dataset, settings=settings)
    assert {item.layer for item in context.items if item.source == "collaborator"} <= {"induced"}
    store_people(graph, dataset, others, sharing=Sharing.KEYS)
    assert sources(recall(graph, "u00", TARGET, dataset=dataset, settings=settings))["collaborator"] == 0


def test_few_holders_are_no_summary(graph: Graph, dataset: str) -> None:
    """A summary needs so many sharing holders who answered the very question, oneself left out."""
    world = make_world(people=24, questions=8, answered=1.0)
    lefts = [person.id for person in world.people if person.attributes["PARTY"] == "left"]
    asked = world.questions[4]
    for count, enough in ((10, False), (11, True)):
        kept = set(lefts[:count])
        items = tuple(
            item for item in world.items if item.question != asked.id or item.user in kept or item.user not in lefts
        )
        name = f"{dataset}-{count}"
        try:
            store(graph, name, replace(world, items=items))
            refine(graph, name)
            settings = RecallSettings(size=40, ratio=1.0, top_k=0)
            mine = recall(graph, lefts[0], asked.id, dataset=name, settings=settings)
            keys = {item.key for item in mine.items if item.source == "summary"}
            assert ("demographic:PARTY=left" in keys) == enough
        finally:
            drop_dataset(graph, name)


def test_the_newest_answer_is_the_one_recalled(graph: Graph, dataset: str) -> None:
    """Even before it was refined, of oneself and of a collaborator; a fact about the older one is not."""
    world = make_world(people=30, questions=10, dated=True)
    store(graph, dataset, world)
    refine(graph, dataset)
    news = []
    for person in world.people:
        before = world.answer(person.id, TARGET)
        new = answer(person.id, world.questions[4], 0 if before else 1, at="2020-01-01")
        news.append(new.model_copy(update={"id": f"{person.id}/new"}))
    store_items(graph, dataset, news)
    by_user = {item.user: item for item in news}
    own = recall(graph, "u03", "q05", dataset=dataset, settings=RecallSettings(size=40, ratio=0))
    assert {item.id for item in own.items if item.question == TARGET} <= {"u03/new"}
    lent = recall(graph, "u03", TARGET, dataset=dataset, settings=RecallSettings(size=40, ratio=1.0, summaries=0.0))
    said = [item for item in lent.items if item.source == "collaborator" and item.question == TARGET]
    assert said
    assert [(item.id, item.option) for item in said] == [
        (by_user[str(item.user)].id, by_user[str(item.user)].option) for item in said
    ]


def test_an_empty_dataset(graph: Graph, dataset: str) -> None:
    """Nobody said anything: nothing is recalled, and nothing breaks."""
    world = make_world(people=2, questions=3)
    store(graph, dataset, replace(world, items=()))
    refine(graph, dataset)
    context = recall(graph, "u00", "q01", dataset=dataset)
    assert [item.key for item in context.items if item.source != "own"] == []


HOSTILE = [
    "'; MATCH (n) DETACH DELETE n //",
    '`backtick` and "quotes"',
    "}) RETURN 1 AS n UNION MATCH (x",
    "emoji 🙂🏳️‍🌈 and \u202eright to left",
    "line\nbreak\tand tab\\",
    "$dataset {dataset: 'x'} [* TO *]",
    "AND OR NOT +- && || ! ( ) { } [ ] ^ ~ * ? : /",
]


def test_hostile_ids_and_texts(graph: Graph, dataset: str) -> None:
    """Are data like any other: users, questions, options, attributes and answers by such names."""
    long = "long " * 2_000
    asked = tuple(
        Question(id=f"{text[:100]}?", text=text, options=(f"no {text}", f"yes {text}"), ordinal=(0.0, 1.0))
        for text in (*HOSTILE, long)
    )
    base = make_world(people=30, questions=len(asked), answered=1.0)
    people = tuple(
        Person(
            id=f"{HOSTILE[row % len(HOSTILE)]} {row}",
            name=HOSTILE[row % len(HOSTILE)],
            attributes={"A B": text, "L": long},
        )
        for row, text in enumerate((HOSTILE * 5)[:30])
    )
    items = []
    for row, person in enumerate(people):
        for column, one in enumerate(asked):
            option = min(base.answer(f"u{row:02}", f"q{column:02}") or 0, 1)
            text = f"{one.text}: {one.options[option]}"
            items.append(HistoryItem(id=f"{row}/{column}", user=person.id, text=text, question=one.id, option=option))
    store(graph, dataset, World(asked, people, tuple(items)))
    users_before = rows(graph, "MATCH (u:User) RETURN count(u) AS n")
    refine(graph, dataset, embedder=EMBEDDER, settings=EngineSettings(min_holders=2))
    for person in people[:8]:
        for one in asked:
            context = recall(graph, person.id, one.id, dataset=dataset, settings=RecallSettings(size=30, ratio=0.5))
            assert len(context.items) > 3
            assert sources(context)["own"] > 0
    hostile = recall(graph, people[0].id, HOSTILE[0], dataset=dataset, options=HOSTILE[:3], embedder=EMBEDDER)
    assert hostile.question.options == tuple(HOSTILE[:3])
    assert rows(graph, "MATCH (u:User) RETURN count(u) AS n") == users_before


def test_what_is_not_there_is_said(graph: Graph, dataset: str, asked: Asked) -> None:
    """Dataset, Fit, user and question, each by its own error; a batch says it, too."""
    with pytest.raises(UnknownDatasetError):
        recall(graph, "u00", TARGET, dataset=dataset)
    store(graph, dataset, make_world(people=2))
    with pytest.raises(NoFitError):
        recall(graph, "u00", TARGET, dataset=dataset)
    with pytest.raises(UnknownUserError):
        asked.recall("u99")
    topic = recall(asked.graph, "u00", "q99", dataset=asked.dataset, embedder=EMBEDDER)
    assert topic.items == ()
    assert topic.note.startswith("Nothing that u00 said is near this")
    questions, correlations = prepare(open_snapshot(graph, asked.dataset), [("u99", TARGET)])
    with pytest.raises(UnknownUserError):
        recall_many(correlations, questions, settings=RecallSettings(), texts=False)


def test_a_new_question_is_placed_by_meaning(asked: Asked) -> None:
    """Its like with the same options tells most about it; with other words it is another question, and nothing tells
    much: on a scale of correlations, less than 0.05.
    """
    near = asked.world.questions[7]
    options = near.options
    close = recall(
        asked.graph, "u00", f"{near.text} Really?", dataset=asked.dataset, options=options, embedder=EMBEDDER
    )
    assert close.items[0].question == near.id
    far = recall(asked.graph, "u00", "Xyzzy plugh.", dataset=asked.dataset, options=options, embedder=EMBEDDER)
    assert [item for item in far.items if item.question is not None and item.score >= 0.05] == []
    assert close.items[0].score > 0.3


def test_a_new_question_needs_the_datasets_embedder(asked: Asked) -> None:
    """Vectors of two models are not compared; and options there must be two, all different."""

    class Other(HashEmbedder):
        name = "another"

    with pytest.raises(EmbeddingError, match="hash-384"):
        recall(asked.graph, "u00", "New?", dataset=asked.dataset, options=("no", "yes"), embedder=Other())
    for options in (("yes",), ("yes", "yes")):
        with pytest.raises(ConfigError, match="two or more different options"):
            recall(asked.graph, "u00", "New?", dataset=asked.dataset, options=options, embedder=EMBEDDER)
