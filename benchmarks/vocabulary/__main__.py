"""Precision and recall of the terms that free text gets: `python -m benchmarks.vocabulary`.

With `--choose` the thresholds are chosen anew and printed as they stand in `chains/fit/lexicon.py`. Judged cases name
texts that are not in the repository: `--texts` names the files of the data set that have them. Thresholds are chosen on
the cases of use `choose` and reported on those that are for nothing else: `test`, `fresh` (judged after
all was chosen), `random` (pairs of a text and a term drawn from those that got no term).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.vocabulary.cases import JUDGED, Found, examples, found, given, judged, texts_of
from persona_db.chains.fit.lexicon import THRESHOLDS, Lexicon
from persona_db.chains.fit.vocabulary import VOCABULARY
from persona_db.graph.embedding import embedder_of
from persona_db.graph.settings import Settings

__all__ = ["chosen", "main"]

PRECISION = 0.8
LEAST_TOGETHER = 10
"""Right cases that the threshold of all terms together lets through."""
LEAST_RAISED = 4
"""Right cases that a threshold must let through that is raised over that one, since it is chosen to look well."""
STEP = 0.01


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; return 1 where a half of the labelled sentences is below the precision."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vocabulary", description=__doc__)
    parser.add_argument("--texts", type=Path, nargs="+", default=[], help="files with the judged texts")
    parser.add_argument("--judged", type=Path, default=JUDGED, help="judged cases: text, term, right, use")
    parser.add_argument("--choose", action="store_true", help="choose thresholds on the cases for choosing")
    parser.add_argument("--list", action="store_true", help="print what the texts get, a text and a term a line")
    asked = parser.parse_args(arguments)
    lexicon = Lexicon(embedder_of(Settings()).embed)
    texts = {name: text for path in asked.texts for name, text in texts_of(path).items()}
    sentences = found(examples(), lexicon)
    others = found(judged(asked.judged, texts), lexicon) if texts else []
    thresholds = dict(THRESHOLDS)
    if asked.choose:
        thresholds = chosen(*([one for one in cases if one.case.use == "choose"] for cases in (sentences, others)))
        print(*(f'    "{key}": {cut:.2f},' for key, cut in thresholds.items()), sep="\n")
    low = False
    for name, cases in (("labelled sentences", sentences), ("judged texts", others)):
        for use in ("choose", "test", "fresh", "random"):
            half = [one for one in cases if one.case.use == use]
            if half:
                low |= _tell(f"{name}, {use}", half, thresholds) < PRECISION and name == "labelled sentences"
    print("never given:", ", ".join(term.name for term in VOCABULARY if term.key not in thresholds))
    if texts:
        _tell_given(texts, others, Lexicon(lexicon.embed, thresholds), listed=asked.list)
    return int(low)


def chosen(sentences: Sequence[Found], others: Sequence[Found]) -> dict[str, float]:
    """Return for each term the least threshold, in steps of 0.01, at which at least 80 % of what passes is right.

    No threshold is under the one at which that holds of the labelled sentences of all terms together, since those of
    one term are few. A term is left out where nothing right passes, or fewer than four at a raised threshold.
    """
    least = _least(sentences, start=0.0, right=LEAST_TOGETHER)
    if least is None:
        return {}
    cuts = {}
    for term in VOCABULARY:
        own = [one for one in (*sentences, *others) if one.case.term == term.name]
        cut = _least(own, start=least, right=1)
        if cut is not None and (cut == least or _right(own, cut) >= LEAST_RAISED):
            cuts[term.key] = cut
    return cuts


def _least(cases: Sequence[Found], *, start: float, right: int) -> float | None:
    for step in range(round(start / STEP), round(1.5 / STEP)):
        passed = [one.case.right for one in cases if one.score >= step * STEP]
        if sum(passed) < right:
            return None
        if sum(passed) >= PRECISION * len(passed):
            return round(step * STEP, 2)
    return None


def _right(cases: Sequence[Found], cut: float) -> int:
    return sum(one.case.right for one in cases if one.score >= cut)


def _tell(name: str, cases: Sequence[Found], thresholds: Mapping[str, float]) -> float:
    key = {term.name: term.key for term in VOCABULARY}
    passed = [one.case for one in cases if one.score >= thresholds.get(key[one.case.term], 9.0)]
    right, wanted = sum(case.right for case in passed), sum(one.case.right for one in cases)
    precision = right / len(passed) if passed else 1.0
    print(f"{name}: precision {precision:.2f} ({right} of {len(passed)}),", end=" ")
    print(f"recall {right / max(wanted, 1):.2f} ({right} of {wanted}) in {len(cases)} cases")
    return precision


def _tell_given(texts: Mapping[str, str], cases: Sequence[Found], lexicon: Lexicon, *, listed: bool) -> None:
    pairs = list(given(texts, lexicon))
    known = {(one.case.text, one.case.term) for one in cases}
    unjudged = [(text, term) for text, term in pairs if (texts[text], term) not in known]
    print(f"{len(texts)} texts get {len(pairs)} terms, {len({text for text, _ in pairs})} of them any;", end=" ")
    print(f"{len(unjudged)} were not judged")
    if listed:
        for text, term in pairs:
            print(f"{text},{term}{' not judged' if (text, term) in unjudged else ''}")


if __name__ == "__main__":
    raise SystemExit(main())
