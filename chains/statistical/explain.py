"""Why a prediction is what it is, in three lines that a stranger reads at once."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.scale import LEAST_PROBABILITY
from persona_db.chains.fit.unseen import told_right
from persona_db.chains.labels.texts import LONGEST_NAME, shortened
from persona_db.chains.results import Context, Recalled, tells_style
from persona_db.graph.attributes import value_label
from persona_db.graph.ids import is_pole

__all__ = ["Estimated", "effects", "explanation", "pooled", "said_by"]

Floats = NDArray[np.float64]
_FOR, _AGAINST = 2, 1  # reasons shown
_NEAREST = 2  # questions named that are near one that nobody was asked
_LEAST_POINTS = 0.01
_WORTH_SAYING = 0.5  # of the strongest reason, for what speaks against it


class Estimated(NamedTuple):
    """What a forecast rests on: probabilities, the mean and variance on the scale, and each item's push of the mean.

    `habit` is the place of the item that tells how often the user answers off the scale, and the log odds that it adds
    to such an answer; None without one. `position` is the place of all their answers together; `alone` are the
    probabilities without it.
    """

    probabilities: Floats
    mean: float
    variance: float
    pushes: tuple[float, ...]
    habit: tuple[int, float] | None = None
    position: int | None = None
    alone: Floats | None = None


def pooled(alone: Floats, together: Floats, weights: tuple[float, float]) -> Floats:
    """Return the logarithmic pool of two distributions over options, or of rows of the first with the second.

    The logs are added with their weights (Genest and Zidek 1986), so that what either calls unlikely stays so.

    >>> pooled(np.array([0.5, 0.5]), np.array([0.2, 0.8]), (1.0, 1.0)).round(2).tolist()
    [0.2, 0.8]
    """
    logs = weights[0] * np.log(np.maximum(alone, LEAST_PROBABILITY)) + weights[1] * np.log(together)
    made = np.exp(logs - logs.max(axis=-1, keepdims=True))
    made = np.maximum(made / made.sum(axis=-1, keepdims=True), LEAST_PROBABILITY)
    return np.asarray(made / made.sum(axis=-1, keepdims=True))


def effects(correlations: CorrelationModel, context: Context, made: Estimated) -> list[float]:
    """Return what each item adds to the probability of the winning side, from -1 to 1: with it less without it.

    The winning side is the likeliest option with those beyond it, in the direction in which all items together move
    the answer. An option off the scale is alone; nothing adds to it but the habit of answering so, and all answers
    together.
    """
    scale = correlations.scales[context.question.id]
    settings = correlations.snapshot.settings
    best = int(made.probabilities.argmax())
    side = [best]
    if best in scale.order and len(scale.order) > 1:
        place = scale.order.index(best)
        beyond = list(scale.order[place:] if made.mean >= 0 else scale.order[: place + 1])
        side = beyond if len(beyond) < len(scale.order) else side
    pushing = [index for index, push in enumerate(made.pushes) if push and best in scale.order]
    means = np.array([made.mean, *(made.mean - made.pushes[index] for index in pushing)])
    rows = scale.distribution(
        means, np.full(len(means), made.variance), spread=settings.spread, disattenuation=settings.disattenuation
    )
    together = None if made.position is None else np.array(context.items[made.position].chances)

    def share(rows: Floats, *, habit: bool = True, position: bool = True) -> Floats:
        if habit and made.habit is not None:
            rows = np.array([scale.with_off(row, scale.log_odds_off + made.habit[1]) for row in rows])
        if position and together is not None:
            rows = pooled(rows, together, settings.together)
        return np.asarray(rows[:, side].sum(axis=1))

    found = [0.0] * len(made.pushes)
    with_all, *without = share(rows).tolist()
    for index, one in zip(pushing, without, strict=True):
        found[index] = with_all - one
    if made.habit is not None:
        found[made.habit[0]] = with_all - float(share(rows[:1], habit=False)[0])
    if made.position is not None:
        found[made.position] = with_all - float(share(rows[:1], position=False)[0])
    return found


def said_by(correlations: CorrelationModel, item: Recalled) -> str:
    """Return what an item says in a few words: an answer by its name, a trait by its key's, a text as it is.

    Of all answers together it says that it is these.
    """
    if item.chances:
        return item.text.partition(":")[0]
    if item.question is not None and item.option is not None and item.source != "summary":
        names = correlations.says.get(item.question, ())
        if item.option < len(names):
            return names[item.option]
    if item.key is not None and item.key in correlations.keys and (item.layer == "cache" or is_pole(item.key)):
        key = correlations.keys[item.key]
        return value_label(key.name, key.kind)
    return item.text


def explanation(correlations: CorrelationModel, context: Context, made: Estimated, points: Sequence[float]) -> str:
    """Return three lines: the nearest that the person said, how people like them split, and how sure it is.

    Before them one says of a question that nobody was asked that this is a guess, and which questions are nearest.

    Reasons come with *points*, what `effects` says that they add to the winning side, in percentage points; none under
    one point is shown. Where nothing said adds one, what the prediction rests on is told instead. What others answered
    is marked as theirs. What everybody answers is said of questions that somebody answered only.
    """
    question = context.question
    best = int(made.probabilities.argmax())
    lines = [_own_line(correlations, context, points, best), _others_line(correlations, context, points, best)]
    sure = f"How sure: {_quoted(question.options[best])} {_percent(float(made.probabilities[best]))}"
    if everybody := correlations.everybody.get(question.id, ()):
        sure += f"; everybody {_percent(everybody[best] / sum(everybody))}"
    if closest := correlations.closest.get(question.id, ()):
        nearest = ", ".join(f"{shortened(label, 40)} ({cosine:.2f})" for label, cosine in closest[:_NEAREST])
        curve = correlations.snapshot.settings.unseen
        right = (
            ""
            if curve is None
            else f" The side is right in {100 * told_right(curve, closest[0][1]):.0f} % of such cases."
        )
        lines.insert(0, f"A guess: nobody was asked this. Nearest: {nearest}.{right}")
    return "\n".join([*lines, f"{sure}."])


def _own_line(correlations: CorrelationModel, context: Context, points: Sequence[float], best: int) -> str:
    """Return what the person said for and against it; how often they take no side comes last where one is predicted."""
    sides = correlations.scales[context.question.id].order
    found = [
        (effect, shortened(said_by(correlations, item), LONGEST_NAME), tells_style(item) and best in sides)
        for item, effect in zip(context.items, points, strict=True)
        if item.source == "own" and abs(effect) >= _LEAST_POINTS and not _is_guess(item) and not item.chances
    ]
    whole = "".join(
        f" {said_by(correlations, item)}: {100 * effect:+.0f}."
        for item, effect in zip(context.items, points, strict=True)
        if item.chances and abs(effect) >= _LEAST_POINTS
    )
    found.sort(key=lambda one: (-abs(one[0]), one[1]))
    for_it = dict.fromkeys((last, f"{text} (+{100 * effect:.0f})") for effect, text, last in found if effect > 0)
    reasons = [text for _, text in sorted(list(for_it)[:_FOR], key=itemgetter(0))]
    least = max((effect for effect, _, _ in found), default=0.0) * _WORTH_SAYING
    contrary = [f"{text} (-{-100 * effect:.0f})" for effect, text, _ in found if effect < -least][:_AGAINST]
    if not reasons and not contrary:
        return _rests_on(correlations, context, points) + whole
    said = "Said: " + "; ".join(reasons) if reasons else "Said: nothing for it"
    return said + (f"; against it: {'; '.join(contrary)}" if contrary else "") + "." + whole


def _rests_on(correlations: CorrelationModel, context: Context, points: Sequence[float]) -> str:
    """Return what the prediction rests on where nothing that the person said moves it by a point alone."""
    pairs = zip(points, context.items, strict=True)
    own = [pair for pair in pairs if pair[1].source == "own" and pair[0] and not pair[1].chances]
    said = [pair for pair in own if not _is_guess(pair[1])]
    for_it = sorted((pair for pair in said if pair[0] > 0), key=lambda one: (-one[0], one[1].id))
    if for_it:
        first = "; ".join(shortened(said_by(correlations, item), LONGEST_NAME) for _, item in for_it[:_FOR])
        return f"Said: nothing moves it by a point alone; {len(for_it)} of {len(said)} answers speak for it: {first}."
    known = sorted(
        (pair for pair in own if _is_guess(pair[1]) and pair[0] >= _LEAST_POINTS), key=lambda one: (-one[0], one[1].id)
    )
    if known:
        told = "; ".join(
            f"{shortened(said_by(correlations, item), LONGEST_NAME)} (+{100 * effect:.0f})"
            for effect, item in known[:_FOR]
        )
        return f"Said: nothing that is near this. It rests on what is known of them: {told}."
    if correlations.everybody.get(context.question.id):
        return "Said: nothing that is near this. It rests on how others answer."
    return "Said: nothing that is near this."


def _is_guess(item: Recalled) -> bool:
    """Whether an item is a trait or a group: it stands in no list of what somebody said.

    How often they answered off the scale is counted, and no guess.
    """
    return item.layer in ("induced", "cache") and not tells_style(item)


def _others_line(correlations: CorrelationModel, context: Context, points: Sequence[float], best: int) -> str:
    """Return how those like the person answered; of summaries the one that adds most and whose holders say the same."""
    options = context.question.options
    total = sum(context.alike)
    if total:
        most = int(np.argmax(context.alike))
        return f"People most like them: {context.alike[most]} of the {total} who answered say {_quoted(options[most])}."
    for effect, item in sorted(zip(points, context.items, strict=True), key=lambda one: (-one[0], one[1].id)):
        if effect < _LEAST_POINTS:
            break
        if item.source == "summary" and item.shares and int(np.argmax(item.shares)) == best:
            holders, name = f"of about {item.holders} who hold", said_by(correlations, item)
            return f"Others: {holders} \u201c{name}\u201d about {item.shares[best]} % say {_quoted(options[best])}."
    return "Others hardly add here."


def _percent(share: float) -> str:
    """Return a share in per cent; one that rounds to 0 or 100 and is neither is said to be under 1 or over 99."""
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def _quoted(option: str) -> str:
    return f"\u201c{shortened(option, 40)}\u201d"
