"""The page where a question is asked: the predicted distribution, and the evidence with its path to history items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from persona_db.chains.fit.threads import one_thread
from persona_db.explorer.site import form_of, needed, site_of
from persona_db.explorer.tables import as_csv
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import ConfigError, UnknownQuestionError
from persona_db.graph.explore import explore, words_to_find
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from persona_db.chains.prediction.trace import Step
    from persona_db.chains.results import Prediction
    from persona_db.graph.session import Graph

__all__ = ["Answered", "answer", "ask", "evidence", "predict"]

_SIDES = ("own", "borrowed")
_SHOWN = 15
_FOUND = 6
"""Questions that have the words given: the best is asked, and the others are offered."""


@dataclass(frozen=True)
class Answered:
    """A prediction as the page shows it."""

    question: str
    prediction: Prediction
    sides: Mapping[str, tuple[Step, ...]]
    left_out: Mapping[str, int]


def ask(request: Request) -> Response:
    """Return the form, filled in from the address, with its prediction if that is still kept.

    Of questions found by words the others that have them are offered too.
    """
    site = site_of(request)
    graph, dataset, user = site.connection.graph(), needed(request, "dataset"), needed(request, "user")
    params = request.query_params
    known = require_user(graph, dataset, user)
    question, words = params.get("question", ""), params.get("words", "")
    found = graph.read("find_questions", dataset=dataset, ids=[question]) if question else []
    also = [row for row in _with_words(graph, dataset, words) if row["question"] != question]
    made = params.get("made", "")
    answered = site.kept(made)
    return site.page(
        request,
        "ask.html",
        person=known,
        question=question,
        known_text=found[0]["text"] if found else "",
        words=words,
        also=also,
        text=params.get("text", ""),
        options=params.get("options", ""),
        answered=answered,
        kept_as=made,
        gone=bool(made) and answered is None,
    )


def evidence(request: Request) -> Response:
    """Return the evidence of a prediction that is still kept, as CSV: what moved it, and by how many points."""
    answered = site_of(request).kept(needed(request, "made"))
    if answered is None:
        raise HTTPException(404, "that prediction is not kept any more; make it again")
    rows = [(one.id, one.source, round(one.points, 1), one.shown) for one in answered.prediction.evidence]
    return as_csv("evidence", ("id", "source", "points", "text"), rows)


async def predict(request: Request) -> Response:
    """Predict the answer to the form's question, and redirect to the page that shows it."""
    from starlette.concurrency import run_in_threadpool

    form = form_of(await request.body())
    return await run_in_threadpool(_predict, request, form)


def _predict(request: Request, form: Mapping[str, str]) -> Response:
    site = site_of(request)
    site.require_token(form)
    graph = site.connection.graph()
    dataset, user = form.get("dataset", ""), form.get("user", "")
    question, text = form.get("question", "").strip(), form.get("text", "").strip()
    options = tuple(line.strip() for line in form.get("options", "").splitlines() if line.strip())
    if bool(question) == bool(text):
        raise ConfigError("choose a question of the dataset, or write a new one with its options; one of the two")
    words = ""
    if question and not graph.read("find_questions", dataset=dataset, ids=[question]):
        words, question = question, _meant(graph, dataset, question)
    if text and len(options) < 2:
        raise ConfigError("a new question needs two or more options, in order, one a line")
    with one_thread():
        answered = answer(graph, user, question or text, dataset=dataset, options=options if text else ())
    site.freeze_garbage("a new question" if text else "a known question")
    asked = {"dataset": dataset, "user": user, "question": question, "words": words, "text": text}
    if text:
        asked["options"] = "\n".join(options)
    given = {name: value for name, value in asked.items() if value}
    return RedirectResponse("/ask?" + urlencode({**given, "made": site.keep(answered)}), status_code=303)


def _meant(graph: Graph, dataset: str, words: str) -> str:
    """Return the id of the question that has these words, the best first; UnknownQuestionError where none has."""
    require_dataset(graph, dataset)
    found = _with_words(graph, dataset, words)
    if not found:
        remedy = "none has this id or these words; try fewer words"
        raise UnknownQuestionError(words[:200], dataset=dataset, remedy=remedy)
    id_: str = found[0]["question"]
    return id_


def _with_words(graph: Graph, dataset: str, words: str) -> list[dict[str, Any]]:
    found = words_to_find(words)
    return explore(graph, "find_asked", dataset=dataset, words=found, limit=_FOUND) if found else []


def answer(graph: Graph, user: str, question: str, *, dataset: str, options: tuple[str, ...] = ()) -> Answered:
    """Predict, and follow the evidence of both sides back to history items."""
    from persona_db.chains.fit.snapshot import open_snapshot
    from persona_db.chains.prediction.predict import as_asked, cannot_tell, unknown
    from persona_db.chains.prediction.trace import trace
    from persona_db.chains.retrieval.questions import prepare
    from persona_db.chains.retrieval.recall import RecallSettings, recall_many
    from persona_db.chains.statistical.predict import predict_contexts

    holder = require_user(graph, dataset, user)
    asked, correlations = prepare(open_snapshot(graph, dataset), [(user, question)], options=options, holder=holder)
    context = recall_many(correlations, asked, settings=RecallSettings(), texts=True)[0]
    why = cannot_tell(correlations, context.question)
    if why:
        return Answered(
            question=context.question.text, prediction=unknown(correlations, context, why, options=options),
            sides={side: () for side in _SIDES}, left_out=dict.fromkeys(_SIDES, 0),
        )  # fmt: skip
    made = predict_contexts(correlations, [context], explain=True)[0]
    sides = {side: [one for one in made.evidence if (one.source == "own") == (side == "own")] for side in _SIDES}
    shown = tuple(one for side in _SIDES for one in sides[side][:_SHOWN])
    steps = trace(graph, made.model_copy(update={"evidence": shown}), dataset=dataset).steps
    return Answered(
        question=context.question.text,
        prediction=as_asked(made, options),
        sides={
            side: tuple(step for step in steps if (step.evidence.source == "own") == (side == "own")) for side in _SIDES
        },
        left_out={side: max(len(found) - _SHOWN, 0) for side, found in sides.items()},
    )
