"""Distil and induce for one user: the calls, their answers, and what of them is unusable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from persona_db.chains.language.call import Budget, CallContext
from persona_db.chains.language.context_window import halved, in_parts, items_in_parts, room_for
from persona_db.chains.language.facts_and_keys import (
    DEFAULT_SUPPORTS,
    Ideologies,
    distilled_facts,
    induced_facts,
    with_keys_of,
)
from persona_db.chains.language.grounding import check_distillation, check_induction
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.output_schema import count_prompt
from persona_db.chains.language.outputs import Distillation, Induction
from persona_db.chains.language.prompts import Rendered, distil_prompt, induce_prompt
from persona_db.chains.language.structured import Answered, Failed, Problem, ask
from persona_db.chains.persona import Fact, Persona, UserHistory
from persona_db.graph.errors import PromptTooLongError
from persona_db.graph.models import HistoryItem, Model

__all__ = ["Distils", "Step", "distil", "distil_prompts", "induce", "induce_prompts"]

T = TypeVar("T", bound=Model)
_FACT_TOKENS = 5


class Distils(Protocol):
    """What distilling and inducing take of an engine."""

    @property
    def model(self) -> LanguageModel: ...
    @property
    def budget(self) -> Budget | None: ...
    @property
    def ideologies(self) -> Ideologies: ...
    @property
    def supports(self) -> int: ...

    def key(self, personas: Sequence[Persona]) -> list[Persona]: ...


@dataclass(frozen=True)
class Step:
    """A persona after a stage. Without `whole` part of the history could not be read; `failed`: none of it could."""

    persona: Persona
    problems: tuple[Problem, ...] = ()
    whole: bool = True
    failed: bool = False


@dataclass
class _Gathered(Generic[T]):
    """The answers of a stage's calls with their prompts, and the parts that are unusable."""

    answers: list[tuple[Rendered, T]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failed: int = 0

    def take(self, prompt: Rendered, got: Answered[T] | Failed) -> None:
        if isinstance(got, Failed):
            self.failed += 1
            self.problems.append(Problem(f"{got.outcome}: {got.reason}", got.raw))
        else:
            self.problems += got.problems
            self.answers.append((prompt, got.value))

    def step(self, persona: Persona, *more: Problem) -> Step:
        return Step(
            persona, (*self.problems, *more), whole=not self.failed, failed=self.failed > 0 and not self.answers
        )


def distil(
    model: LanguageModel, history: UserHistory, call_context: CallContext, *, supports: int = DEFAULT_SUPPORTS
) -> Step:
    """Distil a history into the facts that it states: one call, or as many as it has parts that fit.

    A fact keeps *supports* of the items that it rests on.
    """
    gathered = _Gathered[Distillation]()
    parts = _parts_of(model, history)
    while parts:
        part = parts.pop(0)
        prompt = distil_prompt(part, history.attributes, max_entries=_max_entries(model, len(part)))
        try:
            got = ask(model, prompt, Distillation, check=check_distillation(prompt), call_context=call_context)
        except PromptTooLongError:
            smaller = halved(part)
            if not smaller:
                raise
            parts[:0] = smaller
            continue
        gathered.take(prompt, got)
    said_at = {item.id: item.at for item in history.items}
    facts = distilled_facts(history.user, gathered.answers, said_at=said_at, supports=supports)
    return gathered.step(Persona(history=history, distilled=facts))


def induce(
    model: LanguageModel,
    persona: Persona,
    call_context: CallContext,
    *,
    ideologies: Ideologies,
    supports: int = DEFAULT_SUPPORTS,
) -> Step:
    """Infer what others may share from a history and its distilled facts; no call where there are none."""
    gathered = _Gathered[Induction]()
    for prompt in induce_prompts(model, persona):
        gathered.take(prompt, ask(model, prompt, Induction, check=check_induction(prompt), call_context=call_context))
    induced, nameless = induced_facts(persona, gathered.answers, ideologies=ideologies, supports=supports)
    distilled = with_keys_of(persona.distilled, induced)
    made = persona.model_copy(update={"distilled": distilled, "induced": induced})
    return gathered.step(made, *nameless)


def distil_prompts(model: LanguageModel, history: UserHistory) -> Iterator[Rendered]:
    """Yield the prompts that distil a history."""
    for part in _parts_of(model, history):
        yield distil_prompt(part, history.attributes, max_entries=_max_entries(model, len(part)))


def induce_prompts(model: LanguageModel, persona: Persona) -> Iterator[Rendered]:
    """Yield the prompts that infer from a persona: one with history and facts where both fit, else facts in parts.

    Facts stand for the history that they were distilled from, so all of it counts.
    """
    facts, history = persona.distilled, persona.history
    if not facts:
        return
    room = _room(model, history, lambda: induce_prompt((), ()), Induction)
    size = _fact_size(model)
    needed = sum(map(size, facts)) + sum(model.count_tokens(item.text) + _FACT_TOKENS for item in history.items)
    max_entries = _max_entries(model, len(facts))
    if needed <= room:
        yield induce_prompt(history.items, facts, history.attributes, max_entries=max_entries)
        return
    for part in in_parts(facts, size=size, room=room):
        yield induce_prompt((), part, history.attributes, max_entries=max_entries)


def _fact_size(model: LanguageModel) -> Callable[[Fact], int]:
    return lambda fact: model.count_tokens(fact.text) + _FACT_TOKENS


def _parts_of(model: LanguageModel, history: UserHistory) -> list[tuple[HistoryItem, ...]]:
    if not history.items:
        return []
    room = _room(model, history, lambda: distil_prompt((), ()), Distillation)
    return items_in_parts(history.items, count=model.count_tokens, room=room)


def _room(
    model: LanguageModel, history: UserHistory, empty: Callable[[], Rendered], output: type[Distillation | Induction]
) -> int:
    key = f"frame of {output.__name__}"
    if key not in model.bound:
        model.bound[key] = count_prompt(model, empty(), output)
    frame: int = model.bound[key]
    return room_for(model, frame=frame + model.count_tokens("; ".join(history.attributes)))


def _max_entries(model: LanguageModel, given: int) -> int:
    """How many facts or traits to ask for: as many as one answer holds, at most two for each text given."""
    return min(model.max_entries, max(4, 2 * given))
