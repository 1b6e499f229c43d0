"""The people of a dataset as an application reaches for them: add what they say, ask, recall, explain, forget."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from unicodedata import normalize

from pydantic import Field, ValidationError

from persona_db.chains.profile import Profile
from persona_db.chains.profile import profile as profile_of
from persona_db.chains.results import Context, Prediction
from persona_db.chains.retrieval.sharers import Sharers
from persona_db.chains.retrieval.sharers import who_shares as sharers_of
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import (
    ConfigError,
    GraphUnavailableError,
    ModelUnavailableError,
    UnknownQuestionError,
)
from persona_db.graph.ids import derived_item_key, item_id
from persona_db.graph.models import HistoryItem, Model, Person, Question
from persona_db.graph.users import question_of

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelLike

    from persona_db.chains.language.models import LanguageModel
    from persona_db.chains.prediction.trace import Step
    from persona_db.chains.refinement.refine import Refinement
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.erase import Receipt
    from persona_db.graph.erase_item import ItemReceipt
    from persona_db.graph.session import Graph

__all__ = ["Added", "Personas", "Reason", "Why"]

log = logging.getLogger(__name__)

Whose = Literal["own", "others"]
"""Whether something rests on the person's own words and answers, or on other people's."""

_REASONS = 8
_LEAST_POINTS = 0.5
_ITEMS_SHOWN = 3


class Added(Model):
    """What was stored of somebody."""

    user: str
    item: str = Field(description="Id of the history item, by which it can be forgotten.")
    new_user: bool = Field(description="Nobody of that id was there before.")
    folded_in: bool = Field(description="Facts and keys are made of it; False where that waits for `refine`.")


class Reason(Model):
    """One thing that a prediction rests on."""

    whose: Whose
    says: str
    points: float = Field(description="Percentage points that it adds to the winning side; negative: against it.")
    id: str
    rests_on: tuple[str, ...] = Field(default=(), description="What was said, where it may be shown; at most three.")


class Why(Model):
    """Why a prediction is what it is."""

    user: str
    question: str
    answer: str
    outcome: str
    given: str = Field(description="What the person answered themselves; empty where they were not asked.")
    lines: tuple[str, ...] = Field(description="Three lines: what they said, how people like them split, how sure.")
    reasons: tuple[Reason, ...] = Field(description="What moved it most, strongest first; at most eight.")


class Personas:
    """The people of one dataset; nothing it does reads or writes another.

    *embedder* is that of the graph's settings unless given. With *model* a language model predicts, and makes the facts
    of what is added; it has to be the one that refined the dataset. ConfigError and UnknownDatasetError come at once.

    >>> people = Personas(graph, "town")
    >>> people.ask("ada", "buses").answer
    'yes'
    >>> added = people.add("ada", question="buses", option="no")
    >>> people.ask("ada", "buses").given, added.folded_in
    ('no', True)
    >>> people.forget("ada", added.item).left
    0
    """

    def __init__(
        self,
        graph: Graph,
        dataset: str,
        *,
        embedder: Embedder | None = None,
        model: str | LanguageModelLike | LanguageModel | None = None,
    ) -> None:
        require_dataset(graph, dataset)
        self.graph = graph
        self.dataset = dataset
        self._model = model
        self._given_embedder = embedder

    def add(
        self, user: str, *, text: str | None = None, question: str | None = None, option: str | None = None
    ) -> Added:
        """Store what *user* said now: a *text*, or which *option* they chose of a *question* of the dataset.

        It counts in the next call: predictions and recall read what a person said themselves, and their facts, keys and
        segment are made anew before this returns, in the current Fit, with nobody else touched and no refit. Where that
        can't be, `folded_in` is False and the item waits for `refine`: there is no Fit, or one that is being replaced,
        or a language model made it and is not given, or gave nothing to use.

        An unknown user is added and shares `keys`. A later answer counts, and earlier ones stay. UnknownQuestionError
        where the dataset has no such question, ConfigError where that has no such option, or nothing is said,
        EmbeddingError where the dataset is embedded by another model; then nothing is stored.
        """
        if (text is None) == (question is None) or (question is None) != (option is None):
            raise ConfigError("give a text, or a question with an option: one of the two")
        from persona_db.graph.embedding import embed_missing, require_embedder
        from persona_db.graph.ingest import store_items, store_people

        user = _composed(user)
        asked = None if question is None else self._question(_composed(question))
        item = self._item(user, _composed(text or ""), asked, option or "")
        refinement = self._refinement()  # what can't be used is told before anything is stored
        require_embedder(self.graph, self.dataset, self._embedder)
        is_new = not self.graph.read("find_user", dataset=self.dataset, user=user)
        if is_new:
            store_people(self.graph, self.dataset, [Person(id=user)])
        stored = store_items(self.graph, self.dataset, [item])
        if stored.rejected:
            raise ConfigError(f"what {user!r} said was not stored: {stored.rejected[0].reason}")
        if stored.contradicting:
            raise ConfigError(f"what {user!r} said was not stored: it contradicts another item of this second")
        embed_missing(self.graph, self.dataset, self._embedder)
        return Added(user=user, item=item.id, new_user=is_new, folded_in=_folded(refinement, user))

    def ask(self, user: str, question: str, *, options: Sequence[str] = ()) -> Prediction:
        """Return how *user* would answer: an id of the dataset, or the text of a new question with its *options*.

        As `predict`, with its errors; `given` is what they answered themselves.
        """
        from persona_db.chains.prediction.predict import predict

        return predict(
            self.graph, user, question, dataset=self.dataset, options=options, embedder=self._given_embedder,
            model=self._model,
        )  # fmt: skip

    def recall(self, user: str, about: str, k: int = 10) -> Context:
        """Return at most *k* things that *user* said near a topic or question, then what people like them said.

        As `recall`, with its errors: `source` says whose each item is, and others' items are what they share.
        """
        from persona_db.chains.retrieval.recall import RecallSettings, recall

        return recall(
            self.graph, user, about, dataset=self.dataset, settings=RecallSettings(size=k),
            embedder=self._given_embedder,
        )  # fmt: skip

    def who_shares(self, user: str, k: int = 10) -> Sharers:
        """Return up to *k* people who share most with *user* and may be named, and how many more there are."""
        return sharers_of(self.graph, user, dataset=self.dataset, k=k)

    def profile(self, user: str) -> Profile:
        """Return five lines on *user* that a stranger understands, with their strongest facts; one query."""
        return profile_of(self.graph, user, dataset=self.dataset)

    def why(self, asked: Prediction | str, question: str = "", *, options: Sequence[str] = ()) -> Why:
        """Return why a prediction is what it is; of a user and a *question* it is made first.

        Reasons are ordered by how far they moved it, ties as in its evidence. Others are named in none of them, and
        what they said stands there only where they share it. ConfigError when a refit has replaced the Fit.
        """
        from persona_db.chains.prediction.trace import trace

        if isinstance(asked, str) and not question:
            raise ConfigError("name the question: why(user, question), or why(prediction)")
        made = self.ask(asked, question, options=options) if isinstance(asked, str) else asked
        moved = [one for one in made.evidence if abs(one.points) >= _LEAST_POINTS]
        shown = tuple(sorted(moved, key=lambda one: -abs(one.points))[:_REASONS])
        steps = trace(self.graph, made.model_copy(update={"evidence": shown}), dataset=self.dataset).steps
        return Why(
            user=made.user,
            question=made.question,
            answer=made.answer,
            outcome=made.outcome,
            given=made.given,
            lines=tuple(made.explanation.splitlines()),
            reasons=tuple(map(_reason, steps)),
        )

    def forget(self, user: str, item: str | None = None) -> Receipt | ItemReceipt:
        """Remove *user* with everything derived from them, or one *item* of theirs with what rests on it.

        *item* is its id, or the id of a question that they answered once; what is left of them is folded in again at
        once. The next call reads nothing of what was removed; the numbers of the current Fit count it until `refine`
        makes another. UnknownUserError and ConfigError say what is missing. The receipt says what went, and what stays.
        """
        from persona_db.graph.embedding import embedder_of

        cache = embedder_of(self.graph.settings)
        if item is None:
            from persona_db.graph.erase import erase_user

            return erase_user(self.graph, self.dataset, user, cache=cache)
        from persona_db.graph.erase_item import erase_item

        receipt = erase_item(self.graph, self.dataset, user, item, cache=cache)
        _folded(self._refinement(), user)
        return receipt

    @property
    def _embedder(self) -> Embedder:
        from persona_db.graph.embedding import embedder_of

        return self._given_embedder or embedder_of(self.graph.settings)

    def _question(self, question: str) -> Question:
        rows = self.graph.read("find_questions", dataset=self.dataset, ids=[question])
        if not rows or not rows[0]["options"]:
            raise UnknownQuestionError(question, dataset=self.dataset)
        return question_of(rows[0])

    def _item(self, user: str, text: str, asked: Question | None, option: str) -> HistoryItem:
        """Return the item to store; an answer comes after those of the same second."""
        at = _second(datetime.now(UTC))
        try:
            if asked is None:
                return HistoryItem(
                    id=item_id(user, derived_item_key(user, None, text, at)), user=user, text=text.strip(), at=at
                )
            place = _place(asked, option)
            rows = self.graph.read(
                "known_answers", dataset=self.dataset, rows=[{"user": user, "questions": [asked.id]}]
            )
            at = _first_free(at, {row["at"] for row in rows})
            return HistoryItem(
                id=item_id(user, f"{asked.id}@{at}"),
                user=user,
                text=f'Asked "{asked.text}", answered "{asked.options[place]}"',
                question=asked.id,
                option=place,
                at=at,
            )
        except ValidationError as exc:
            wrong = exc.errors(include_url=False, include_input=False)[0]
            raise ConfigError(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from exc

    def _refinement(self) -> Refinement:
        from persona_db.chains.engines import engine_of
        from persona_db.chains.refinement.refine import Refinement

        engine = engine_of(self.graph, self._model, embedder=self._embedder)
        return Refinement(self.graph, self.dataset, engine, embedder=self._embedder)


def _folded(refinement: Refinement, user: str) -> bool:
    """Fold *user* into the current Fit; False where they wait: it was replaced meanwhile, or a model doesn't answer."""
    from persona_db.chains.fit.threads import one_thread

    try:
        with one_thread():
            return refinement.fold([user])
    except (GraphUnavailableError, ModelUnavailableError) as error:
        log.warning("what was said in %s waits for a refinement: %s", refinement.dataset, error)
        return False


def _composed(text: str) -> str:
    """Return a text in the form NFC, in which ids are stored; ConfigError where it has half a character."""
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise ConfigError(f"{text[:80]!r} has half a character; write it again") from exc
    return normalize("NFC", text)


def _place(asked: Question, option: str) -> int:
    """Return the place of an option, written as it is or in other case and blanks where that is one alone."""
    if option in asked.options:
        return asked.options.index(option)
    from persona_db.chains.retrieval.questions import plain_option

    alike = [place for place, one in enumerate(asked.options) if plain_option(one) == plain_option(option)]
    if len(alike) != 1:
        there = ", ".join(map(repr, asked.options[:20]))
        raise ConfigError(f"question {asked.id!r} has no option {option[:80]!r}; there are {there}")
    return alike[0]


def _second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _first_free(at: str, taken: set[str]) -> str:
    moment = datetime.fromisoformat(at)
    while _second(moment) in taken:
        moment += timedelta(seconds=1)
    return _second(moment)


def _reason(step: Step) -> Reason:
    return Reason(
        whose="own" if step.evidence.source == "own" else "others",
        says=step.evidence.shown,
        points=round(step.evidence.points, 1),
        id=step.evidence.id,
        rests_on=tuple(one.text for one in step.rests_on[:_ITEMS_SHOWN]),
    )
