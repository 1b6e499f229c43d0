"""The statistical engine: every fact rests on what the person said, every key on the facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable, Signals
from persona_db.chains.fit.learn import Learned, fingerprint, learn
from persona_db.chains.fit.lexicon import Lexicon
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.fit.vocabulary import VOCABULARY
from persona_db.chains.persona import Fact, Persona, UserHistory
from persona_db.chains.statistical.engine import StatisticalEngine
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.models import HistoryItem
from tests.synthetic import World, histories, make_world, signals_of

embed = HashEmbedder().embed


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(people=60, dated=True)


@pytest.fixture(scope="module")
def learned(world: World) -> Learned:
    return learn(signals_of(world), EngineSettings(), seed=0)


def refined(engine: StatisticalEngine, people: list[UserHistory]) -> list[Persona]:
    return engine.key(engine.induce(engine.distil(people)))


def facts_of(persona: Persona) -> list[Fact]:
    return [*persona.distilled, *persona.induced]


def test_facts_rest_on_what_the_person_said(world: World, learned: Learned) -> None:
    """Supports are items of that person's history or their distilled facts; the strongest first, shares at most 1."""
    engine = StatisticalEngine.of(learned)
    personas = refined(engine, histories(world))
    assert all(persona.distilled for persona in personas)
    assert any(persona.induced for persona in personas)
    for persona in personas:
        items = {item.id for item in persona.history.items}
        distilled = {fact.id for fact in persona.distilled}
        for fact in facts_of(persona):
            supports = [support.id for support in fact.supports]
            shares = [support.share for support in fact.supports]
            assert supports
            assert set(supports) <= (items if fact.layer == "distilled" else items | distilled)
            assert len(set(supports)) == len(supports) <= engine.population.settings.supports
            assert shares == sorted(shares, reverse=True)
            assert 0 < sum(shares) <= 1 + 1e-5
            assert fact.n_support >= len(supports)
            assert 0 < fact.strength <= 1


def test_keys_rest_on_facts(world: World, learned: Learned) -> None:
    """Weights in (0, 1]; evidence is facts of the person for that key; groups have none."""
    for persona in refined(StatisticalEngine.of(learned), histories(world)):
        about = {fact.id: fact.key for fact in facts_of(persona)}
        assert len({held.key for held in persona.keys}) == len(persona.keys)
        for held in persona.keys:
            assert 0 < held.weight <= 1
            assert all(about[support.id] == held.key for support in held.evidence)
            assert sum(support.share for support in held.evidence) <= 1 + 1e-5
            assert (not held.evidence) == (held.kind == "demographic")


def test_keys_are_few(world: World, learned: Learned) -> None:
    """Nobody holds both poles of a trait, nor more poles and stances than the settings allow."""
    settings = learned.population.settings
    for persona in refined(StatisticalEngine.of(learned), histories(world)):
        kinds = [held.kind for held in persona.keys]
        poles = [held.key[:-1] for held in persona.keys if held.kind == "trait"]
        assert len(set(poles)) == len(poles) <= settings.traits_held
        assert kinds.count("stance") <= settings.stances_held


def test_only_the_newest_answer_counts(world: World, learned: Learned) -> None:
    """Someone who changed their mind is refined as if they had always said what they say now."""
    [person] = [one for one in histories(world) if one.user == "u00"]
    newest = max(person.items, key=lambda item: item.at)
    before = newest.model_copy(update={"id": "u00/old", "at": "1999-01-01", "option": 1 - min(newest.option or 0, 1)})
    changed = person.model_copy(update={"items": (before, *person.items)})
    [plain, after] = refined(StatisticalEngine.of(learned), [person, changed])
    assert after.model_copy(update={"history": person}) == plain


def test_people_are_refined_one_by_one(world: World, learned: Learned) -> None:
    """A batch gives what each alone would have."""
    people = histories(world)[:6]
    together = refined(StatisticalEngine.of(learned), people)
    assert together == [refined(StatisticalEngine.of(learned), [one])[0] for one in people]


def test_nothing_said_is_an_empty_persona(learned: Learned) -> None:
    """But for the groups one belongs to."""
    nobody = UserHistory(user="x", attributes=("PARTY=left", "SHOE=41"))
    [persona] = refined(StatisticalEngine.of(learned), [nobody])
    assert facts_of(persona) == []
    assert [held.key for held in persona.keys] == ["demographic:PARTY=left"]
    assert not any(persona.traits)


def test_learning_is_deterministic(world: World) -> None:
    """The same people and seed give the same engine, summaries and fingerprint; another seed another fingerprint."""
    signals = signals_of(world)
    one, other = (learn(signals, EngineSettings(), seed=5) for _ in range(2))
    assert one.summaries == other.summaries
    assert one.keys == other.keys
    assert one.population.settings == other.population.settings
    prints = [fingerprint(signals, EngineSettings(), seed=seed, through="2010") for seed in (5, 5, 6)]
    assert prints[0] == prints[1] != prints[2]


def test_any_change_of_the_signals_is_another_fit(world: World) -> None:
    """One answer, one attribute, one text, one setting or the date."""
    plain = signals_of(world)
    flipped = plain.table.choice.copy()
    flipped[0, 0] = -1 if flipped[0, 0] >= 0 else 0
    asked = tuple(one.model_copy(update={"text": one.text + "!"}) for one in plain.table.questions)
    others = [
        replace(plain, table=replace(plain.table, choice=flipped)),
        replace(plain, table=replace(plain.table, questions=asked)),
        replace(plain, attributes=(("PARTY=other",), *plain.attributes[1:])),
    ]
    prints = {fingerprint(one, EngineSettings(), seed=0, through="") for one in (plain, *others)}
    prints.add(fingerprint(plain, EngineSettings(links=3), seed=0, through=""))
    prints.add(fingerprint(plain, EngineSettings(), seed=0, through="2011"))
    assert len(prints) == 6


def texts(user: str, *said: str) -> UserHistory:
    items = tuple(HistoryItem(id=f"{user}/{row}", user=user, text=text) for row, text in enumerate(said))
    return UserHistory(user=user, items=items, version=1)


def test_free_text_speaks_for_the_vocabulary() -> None:
    """Those who speak for nature and for tradition hold those terms, by the very texts that do."""
    by_key = {term.key: term.description for term in VOCABULARY}
    people = [texts(f"g{n}", by_key["ideology:environmentalist"], "Nice weather today.") for n in range(5)]
    people += [texts(f"t{n}", by_key["value:tradition"], "Nice weather today.") for n in range(5)]
    lexicon = Lexicon(embed, {"ideology:environmentalist": 0.9, "value:tradition": 0.9})
    scores = np.array([lexicon.weights([item.text for item in person.items]).max(axis=0) for person in people])
    table = AnswerTable(tuple(person.user for person in people), (), np.zeros((10, 0), dtype=np.int16))
    signals = Signals(table, ((),) * 10, None, {}, scores)
    engine = StatisticalEngine.of(learn(signals, EngineSettings(), seed=0), lexicon=lexicon)
    for persona in refined(engine, people):
        wanted = "ideology:environmentalist" if persona.user.startswith("g") else "value:tradition"
        [held] = persona.keys
        [spoken] = persona.induced
        [distilled] = persona.distilled
        assert held.key == spoken.key == distilled.key == wanted
        assert spoken.text == f"Speaks for the {held.kind} of {wanted.split(':', 1)[1]}"
        assert distilled.text == by_key[wanted]
        assert [support.id for support in spoken.supports] == [distilled.id]
        assert held.evidence[0].id == spoken.id


def test_what_others_write_changes_no_term() -> None:
    """A person speaks for the same terms, as clearly, among people who all speak for them and among none who do."""
    person = texts("x", VOCABULARY[0].examples[1], "Nice weather today.")
    lexicon = Lexicon(embed, {term.key: 0.9 for term in VOCABULARY})
    found = []
    for others in (VOCABULARY[0].examples, ("The bus was late.", "It rained.")):
        people = [person, *(texts(f"o{n}", said) for n, said in enumerate(others))]
        terms = np.array([lexicon.weights([item.text for item in one.items]).max(axis=0) for one in people])
        table = AnswerTable(tuple(one.user for one in people), (), np.zeros((len(people), 0), dtype=np.int16))
        signals = Signals(table, ((),) * len(people), None, {}, terms)
        engine = StatisticalEngine.of(learn(signals, EngineSettings(), seed=0), lexicon=lexicon)
        found.append(refined(engine, [person])[0].induced)
    assert found[0] == found[1]
    assert [fact.key for fact in found[0]] == [VOCABULARY[0].key]


def test_the_lexicon_embeds_its_terms_only_when_there_is_text(world: World) -> None:
    """Survey answers need no model."""
    calls: list[int] = []

    def counted(said: Sequence[str]) -> NDArray[np.float32]:
        calls.append(len(said))
        return embed(said)

    engine = StatisticalEngine.of(learn(signals_of(world), EngineSettings(), seed=0), lexicon=Lexicon(counted))
    refined(engine, histories(world)[:3])
    assert calls == []
