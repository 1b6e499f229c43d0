"""The engine: what is asked, what is made of it, and that the order in which users finish changes nothing."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, BaseMessage

from persona_db.chains.engine import Refined
from persona_db.chains.language.call import Budget
from persona_db.chains.language.dry_run import estimate
from persona_db.chains.language.engine import LanguageEngine
from persona_db.chains.language.models import LanguageModel, open_model
from persona_db.chains.language.pricing import Price
from persona_db.chains.language.scheduler import refine_people
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.persona import Persona, UserHistory
from persona_db.chains.runnables.stages import Distil, Induce, Key
from persona_db.graph.errors import BudgetError, ConfigError, ModelAnswerError, ModelUnavailableError
from persona_db.graph.ids import demographic_id
from tests.unit.language.scripted import Scripted, asked_of, does_as_told, facts, person

PEOPLE = [person(f"u{n}", attributes=["AGE=30"]) for n in range(6)]


def model_of(
    script: Any, tmp_path: Path | None = None, *, price: Price | None = None, **settings: Any
) -> tuple[LanguageModel, Scripted]:
    chat = Scripted(script=script)
    model = open_model(
        chat, settings=ModelSettings(**{"attempts": 2, **settings}), cache=tmp_path and tmp_path / "calls.sqlite"
    )
    if price is not None:
        object.__setattr__(model, "price", price)
    kept = model.chat
    assert isinstance(kept, Scripted)
    return model, kept


def refined(model: LanguageModel, people: Sequence[UserHistory] = PEOPLE, **more: Any) -> dict[str, Refined]:
    return {one.user: one for one in refine_people(LanguageEngine(model), people, **more)}


def test_two_calls_refine_a_user() -> None:
    """Facts rest on items, traits on facts, keys on traits; demographics are keys too."""
    model, chat = model_of(does_as_told)
    made = refined(model)
    assert len(chat.asked) == 2 * len(PEOPLE)
    for history in PEOPLE:
        one = made[history.user]
        assert (one.error, one.quarantined, one.complete) == (None, (), True)
        assert [call.stage for call in one.calls] == ["distil", "induce"]
        persona = one.persona
        assert persona is not None
        ids = {item.id for item in history.items}
        assert len(persona.distilled) == 3
        assert {support.id for fact in persona.distilled for support in fact.supports} <= ids
        below = {fact.id for fact in persona.distilled}
        assert {support.id for fact in persona.induced for support in fact.supports} <= below
        assert {key.key for key in persona.keys} == {f.key for f in persona.induced} | {demographic_id("AGE=30")}
        for key in persona.keys:
            evidence = {support.id for support in key.evidence}
            assert evidence <= below | {fact.id for fact in persona.induced}
            assert bool(evidence) == (key.kind != "demographic")


def test_the_order_in_which_users_finish_changes_nothing() -> None:
    """Equal personas, whatever the delays."""

    def slow(messages: Sequence[BaseMessage]) -> str:
        time.sleep(random.random() / 50)
        return does_as_told(messages)

    first, second = (refined(model_of(script, concurrency=4)[0]) for script in (does_as_told, slow))
    assert {user: one.persona for user, one in first.items()} == {user: one.persona for user, one in second.items()}


def test_the_stages_make_the_same_of_it() -> None:
    """Distil, Induce and Key as Runnables."""
    model, _ = model_of(does_as_told)
    engine = LanguageEngine(model)
    chain = Distil(engine=engine) | Induce(engine=engine) | Key(engine=engine)
    assert chain.batch(PEOPLE) == [refined(model)[one.user].persona for one in PEOPLE]


def test_nobody_is_asked_about_someone_who_said_nothing() -> None:
    """Their attributes are keys all the same."""
    model, chat = model_of(does_as_told)
    persona = refined(model, [person("quiet", items=0, attributes=["AGE=30"])])["quiet"].persona
    assert chat.asked == []
    assert persona is not None
    assert [key.kind for key in persona.keys] == ["demographic"]


def test_a_second_run_makes_no_call_and_one_more_item_those_of_its_user(tmp_path: Path) -> None:
    """The cache knows what is the same."""
    model, chat = model_of(does_as_told, tmp_path)
    first = refined(model)
    budget = Budget()
    again = refined(model, budget=budget)
    assert len(chat.asked) == 12
    assert (budget.calls, budget.cached) == (0, 12)
    assert {u: one.persona for u, one in again.items()} == {u: one.persona for u, one in first.items()}
    changed = [person("u0", items=4, attributes=["AGE=30"]), *PEOPLE[1:]]
    refined(model, changed)
    assert len(chat.asked) == 14


def test_facts_that_are_not_grounded_are_repaired_and_else_quarantined() -> None:
    """Ids there are not and words that were not said; what is good stays."""
    bad = facts(
        ("Good", [("i1", "Statement 0 of u1")]),
        ("No such item", [("i9", "Statement")]),
        ("Not said", [("i2", "I adore taxes")]),
    )
    said: list[Sequence[BaseMessage]] = []

    def script(messages: Sequence[BaseMessage]) -> str:
        said.append(messages)
        if asked_of(messages).task == "distil":
            return bad.replace("Good", f"Good {len(said)}")
        return does_as_told(messages)

    one = refined(model_of(script)[0], [person()])["u1"]
    assert one.persona is not None
    assert [fact.text for fact in one.persona.distilled] == ["Good 2"]
    assert [q.reason for q in one.quarantined] == [
        "facts.1: there is no item i9",
        "facts.2: the quote does not stand in i2 word for word",
    ]
    assert [(call.outcome, call.repair) for call in one.calls] == [
        ("invalid", False), ("invalid", True), ("answered", False),
    ]  # fmt: skip
    assert "there is no item i9" in str(said[1][-1].content)
    assert "adore" not in str(said[1][-1].content)


def test_an_entry_of_no_form_is_left_out_and_the_others_count() -> None:
    """After the repairs; what was left out is in quarantine."""

    def script(messages: Sequence[BaseMessage]) -> str:
        told = json.loads(does_as_told(messages))
        entry = next(iter(told.values()))[0]
        entry |= {"kind": "opinion"} if "quote" in str(entry) else {"weight": 7}
        return json.dumps(told)

    one = refined(model_of(script)[0], [person()])["u1"]
    assert one.persona is not None
    assert (len(one.persona.distilled), [fact.key for fact in one.persona.induced]) == (2, ["topic:statement"])
    assert [q.reason.partition(":")[0] for q in one.quarantined] == ["facts.0.kind", "traits.0.ValueTrait.weight"]
    assert len(one.calls) == 4


def test_a_trait_that_rests_on_nothing_or_is_named_by_a_sentence_is_left_out() -> None:
    """Others see names: what somebody said is not theirs to see. Of one name the clearest counts."""

    def script(messages: Sequence[BaseMessage]) -> str:
        if asked_of(messages).task == "distil":
            return does_as_told(messages)
        traits = [
            ("topic", "The Trees", 0.4, ["f1"]),
            ("topic", "trees", 0.7, ["f2", "i1"]),
            ("topic", "statement 0 of u1 word0 word1 word2", 0.9, ["f1"]),
            ("topic", "buses", 0.9, ["f9"]),
            ("topic", "!", 0.9, ["f1"]),
            ("role", "nurse", 0.0, ["f1"]),
        ]
        keys = ("kind", "name", "weight", "facts")
        return json.dumps({"traits": [{**dict(zip(keys, one, strict=True)), "text": "Likes it."} for one in traits]})

    one = refined(model_of(script)[0], [person()])["u1"]
    assert one.persona is not None
    assert [(fact.key, fact.strength, fact.n_support) for fact in one.persona.induced] == [("topic:trees", 0.7, 3)]
    assert sorted(q.reason for q in one.quarantined) == [
        "a topic without a name", "traits.2: a name has one to four words", "traits.3: there is no f9",
    ]  # fmt: skip
    assert [fact.key for fact in one.persona.distilled] == ["topic:trees", "topic:trees", ""]


@pytest.mark.parametrize(
    ("broken", "outcome"),
    [
        (lambda good: good[: len(good) // 2], "invalid"),
        (lambda good: "", "empty"),
        (lambda good: "I'm sorry, I can't do that.", "refused"),
        (lambda good: json.dumps({"type": "object", "properties": {"facts": {"type": "array"}}}), "invalid"),
        (lambda good: json.dumps({"facts": "many"}), "invalid"),
        (lambda good: AIMessage(good, response_metadata={"finish_reason": "length"}), "truncated"),
    ],
)
def test_an_answer_that_cannot_be_used_leaves_the_user_waiting_and_is_asked_for_again(
    tmp_path: Path, broken: Any, outcome: str
) -> None:
    """Nothing is written of it; after the fault is gone the next run completes."""
    faulty = True

    def script(messages: Sequence[BaseMessage]) -> Any:
        good = does_as_told(messages)
        return broken(good) if faulty and "u1" in str(messages) else good

    model, chat = model_of(script, tmp_path)
    made = refined(model, [person("u1"), person("v2")])
    bad = made["u1"]
    assert (bad.persona, bad.complete, bad.error) == (None, False, None)
    assert {call.outcome for call in bad.calls} == {outcome}
    assert len(bad.calls) == (1 if outcome == "refused" else 2)  # the third question would be the second again
    assert [q.stage for q in bad.quarantined] == ["distil"]
    assert made["v2"].persona is not None
    faulty = False
    before = len(chat.asked)
    good = refined(model, [person("u1"), person("v2")])
    assert good["u1"].persona is not None
    assert good["u1"].complete
    assert len(chat.asked) == before + 2


def test_prose_around_an_answer_is_passed_over() -> None:
    """One JSON object is one."""
    model, _ = model_of(lambda messages: f"Sure! ```json\n{does_as_told(messages)}\n``` Anything else?")
    assert all(one.complete and len(one.calls) == 2 for one in refined(model).values())


def test_a_failed_inference_leaves_what_was_distilled() -> None:
    """And says that the user is not complete."""

    def script(messages: Sequence[BaseMessage]) -> str:
        return "no" if asked_of(messages).task == "induce" else does_as_told(messages)

    one = refined(model_of(script)[0], [person(attributes=["AGE=30"])])["u1"]
    assert one.persona is not None
    assert len(one.persona.distilled) == 3
    assert one.persona.induced == ()
    assert [key.kind for key in one.persona.keys] == ["demographic"]
    assert (one.complete, [q.stage for q in one.quarantined]) == (False, ["induce"])
    engine = LanguageEngine(model_of(script)[0])
    stages = Distil(engine=engine) | Induce(engine=engine)
    with pytest.raises(ModelAnswerError, match="induce"):
        stages.invoke(person())


def test_a_history_longer_than_the_context_is_read_in_parts_and_nothing_is_left_out() -> None:
    """Each item is in one prompt, a long one in pieces; equal facts become one."""
    model, chat = model_of(does_as_told, context_tokens=2048, max_tokens_out=256)
    history = person(items=30, words=40)
    long = history.items[3].model_copy(update={"text": " ".join(f"long{k}" for k in range(1500))})
    history = history.model_copy(update={"items": (*history.items[:3], long, *history.items[4:])})
    one = refined(model, [history])["u1"]
    shown = [line for messages in chat.asked for line in str(messages[1].content).splitlines() if line[0] == "i"]
    read = " ".join(line.split("|", 1)[1] for line in shown if "Statement" in line or "long" in line)
    assert all(f"Statement {n} of u1" in read for n in range(30) if n != 3)
    assert all(f"long{k} " in f"{read} " for k in range(1500))
    assert one.persona is not None
    assert {s.id for fact in one.persona.distilled for s in fact.supports} == {item.id for item in history.items}
    assert all(model.count_tokens(str(messages)) < 2048 for messages in chat.asked)
    assert len(one.calls) > 3


def test_the_setting_of_provenance_edges_counts() -> None:
    """A fact names two of the items that it rests on, and a key two facts; how many there are stays on record."""

    def script(messages: Sequence[BaseMessage]) -> str:
        if asked_of(messages).task == "distil":
            quoted = [(f"i{n + 1}", f"Statement {n} of u1") for n in range(6)]
            return facts(("All of it", quoted), *((f"Fact {n}", [one]) for n, one in enumerate(quoted)))
        trait = {"kind": "topic", "name": "trees", "text": "Likes it.", "weight": 0.7}
        return json.dumps({"traits": [{**trait, "facts": [f"f{n + 1}" for n in range(6)]}]})

    def made(**settings: Any) -> Persona:
        engine = LanguageEngine(model_of(script)[0], **settings)
        [one] = refine_people(engine, [person(items=6)])
        chain = Distil(engine=engine) | Induce(engine=engine) | Key(engine=engine)
        assert chain.invoke(person(items=6)) == one.persona
        assert one.persona is not None
        return one.persona

    for kept, persona in ((5, made()), (2, made(supports=2))):
        assert [len(fact.supports) for fact in persona.distilled] == [kept, 1, 1, 1, 1, 1, 1]
        assert [len(fact.supports) for fact in persona.induced] == [kept]
        assert [len(key.evidence) for key in persona.keys] == [kept]
        assert (persona.distilled[0].n_support, persona.induced[0].n_support) == (6, 6)


def test_a_context_without_room_is_refused() -> None:
    """With what to set."""
    model, _ = model_of(does_as_told, context_tokens=1024, max_tokens_out=900)
    with pytest.raises(ConfigError, match="context_tokens"):
        refined(model)


class StoppedError(Exception):
    status_code = 503


def test_faults_of_the_transport_are_tried_again_and_then_reported() -> None:
    """A user whose calls fail stays waiting; the others are refined."""
    left = 1

    def once(messages: Sequence[BaseMessage]) -> Any:
        nonlocal left
        left -= 1
        return httpx.ConnectError("gone") if left >= 0 else does_as_told(messages)

    one = refined(model_of(once)[0], [person()])["u1"]
    assert one.complete
    assert one.calls[0].attempts == 2
    never = refined(
        model_of(lambda m: StoppedError("503") if "u1/" not in str(m) and "of u1:" in str(m) else does_as_told(m))[0],
        PEOPLE,
    )
    assert isinstance(never["u1"].error, ModelUnavailableError)
    assert [(call.outcome, call.attempts) for call in never["u1"].calls] == [("failed", 2)]
    assert sum(one.persona is not None for one in never.values()) == 5


def test_a_provider_that_answers_nobody_stops_the_run() -> None:
    """Those begun are reported; nobody else is begun."""
    model, _ = model_of(lambda messages: StoppedError("503"), attempts=1, concurrency=1)
    people = [person(f"u{n}") for n in range(50)]
    made = refined(model, people)
    assert 3 <= len(made) < 10
    assert all(isinstance(one.error, ModelUnavailableError) for one in made.values())


class NotAllowedError(Exception):
    status_code = 401


def test_a_wrong_key_ends_the_run() -> None:
    """As an error of configuration, after what was done has been yielded."""
    model, _ = model_of(lambda messages: NotAllowedError("sk-123"), concurrency=1)
    with pytest.raises(ConfigError, match="key"):
        refined(model)


def test_a_budget_ends_the_run_and_what_was_paid_is_kept(tmp_path: Path) -> None:
    """Never exceeded, and spent on whole users; the next run goes on where it stopped and pays nothing twice."""
    price = Price(tokens_in=1_000, tokens_out=1_000)
    model, chat = model_of(does_as_told, tmp_path, price=price, concurrency=2, max_tokens_out=256)
    people = [person(f"u{n}") for n in range(12)]
    budget = Budget(budget_usd=6.0)
    made = refined(model, people, budget=budget)
    done = [one for one in made.values() if one.persona is not None]
    assert 0 < len(done) < 12
    assert budget.cost_usd <= 6.0
    assert any(isinstance(one.error, BudgetError) for one in made.values())
    assert sum(call.cost_usd or 0 for one in made.values() for call in one.calls) == pytest.approx(budget.cost_usd)
    paid = len(chat.asked)
    assert len(done) >= (paid - 2) / 2  # of two at once, each may have been half way
    whole = refined(model, people)
    assert all(one.complete for one in whole.values())
    assert len(chat.asked) == 24
    assert paid < 24


def test_a_budget_needs_a_price() -> None:
    """Else nothing could be held."""
    model, chat = model_of(does_as_told)
    with pytest.raises(ConfigError, match="PERSONA_DB_PRICES"):
        refined(model, budget=Budget(budget_usd=1.0))
    assert chat.asked == []


def test_an_estimate_makes_no_call_and_comes_near(tmp_path: Path) -> None:
    """Within 15 % of the tokens before anything is known; nothing is left when all is cached."""
    model, chat = model_of(does_as_told, tmp_path, price=Price(tokens_in=1, tokens_out=1))
    people = [person(f"u{n}", items=8, words=20, attributes=["AGE=30"]) for n in range(10)]
    told = estimate(LanguageEngine(model), people)
    assert chat.asked == []
    assert (told.users, told.calls, told.cached) == (10, 20, 0)
    budget = Budget()
    refined(model, people, budget=budget)
    paid = budget.tokens_in + budget.tokens_out
    assert told.tokens_in + told.tokens_out == pytest.approx(paid, rel=0.15)
    after = estimate(LanguageEngine(model), people)
    assert (after.calls, after.cached, after.tokens_in, after.cost_usd) == (0, 20, 0, 0.0)
