"""What a model's facts of a dataset come to: `python -m benchmarks.facts --dataset D`.

Counts facts a person, those grounded, labels and copies, and what the calls took; with `--judged FILE` the share judged
right. `--draw 100` draws facts by the seed and writes a file to be judged (verdict `right` or `wrong`, and why);
`--read` prints them with what they rest on, which is no part of the file: the texts are somebody's.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any

from scipy.stats import binomtest

from benchmarks.queries import query_text
from persona_db.chains.language.wording import wrong_wording
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings

__all__ = ["main"]

FIELDS = ("fact", "user", "layer", "key", "text", "verdict", "reason")
Row = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures, or draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.facts", description=__doc__)
    parser.add_argument("--dataset", help="a dataset that a model has refined, or is refining")
    parser.add_argument("--draw", type=int, metavar="N", help="draw so many facts to be judged")
    parser.add_argument("--seed", type=int, default=22)
    parser.add_argument("--out", type=Path, help="where the drawn facts are written")
    parser.add_argument("--read", action="store_true", help="print the drawn facts with what they rest on")
    parser.add_argument("--judged", type=Path, help="judged facts")
    asked = parser.parse_args(arguments)
    if asked.judged is not None:
        _tell_judged(asked.judged)
    if asked.dataset is None:
        return 0
    with Graph.connect(Settings()) as graph:
        facts, people = (_rows(graph, name, asked.dataset) for name in ("facts_and_sources", "refined_people"))
    if asked.draw is None:
        _tell(facts, people)
        return 0
    drawn = Random(asked.seed).sample(facts, min(asked.draw, len(facts)))
    if asked.out is not None:
        _write(asked.out, drawn)
    if asked.read:
        said = {fact["id"]: fact["text"] for fact in facts}
        for number, fact in enumerate(drawn, start=1):
            print(f"\n{number} {fact['id']} {fact['user']} {fact['layer']} {fact['key']}\n  {fact['text']}")
            for source in fact["sources"]:
                print(f"    < {source['text'] or said.get(source['id'], '')}")
    return 0


def _rows(graph: Graph, name: str, dataset: str) -> list[dict[str, Any]]:
    found = graph.driver.execute_query(query_text(name), {"dataset": dataset}, database_=graph.database)
    return [record.data() for record in found.records]


def _tell(facts: Sequence[Row], people: Sequence[Row]) -> None:
    """Print what can be counted, of those of whom a model was asked."""
    asked = {row["user"]: row for row in people if row["runs"]}
    texts = {user: row["texts"] for user, row in asked.items()}
    of_layer = {layer: [fact for fact in facts if fact["layer"] == layer] for layer in ("distilled", "induced")}
    print(f"people: {len(asked)} of {len(people)} who said something")
    for layer, found in of_layer.items():
        counts = [sum(fact["user"] == user for fact in found) for user in asked]
        print(
            f"{layer}: {len(found)} facts; a person: median {median(counts or [0]):g}, least {min(counts or [0])}, "
            f"most {max(counts or [0])}; fewer than three: {sum(count < 3 for count in counts)} people"
        )
    grounded = [fact for fact in facts if fact["sources"] and all(_own(source, fact) for source in fact["sources"])]
    print(f"grounded in what the person said: {len(grounded)} of {len(facts)}")
    names: dict[str, list[str]] = {user: [] for user in texts}
    for fact in of_layer["induced"]:
        names[fact["user"]].append(fact["key"].partition(":")[2])
    wrong = [wrong_wording(fact["text"], said=texts[fact["user"]], names=names[fact["user"]]) for fact in facts]
    for kind in ("labels", "copied", "own words"):
        print(f"{kind}: {sum(kind in one for one in wrong)}")
    for name in ("seconds", "tokens_in", "tokens_out", "calls", "repairs", "quarantined"):
        values = [row[name] for row in asked.values()]
        print(f"{name} a person: median {median(values or [0]):.1f}, mean {mean(values or [0]):.1f}")
    print("prompts:", ", ".join(sorted({prompt for row in asked.values() for prompt in row["prompts"]})))


def _own(source: Row, fact: Row) -> bool:
    return source["user"] == fact["user"] and bool(source["item"] or source["layer"] == "distilled")


def _write(path: Path, drawn: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, FIELDS, lineterminator="\n")
        written.writeheader()
        for fact in drawn:
            row = {"fact": fact["id"], **{name: fact[name] for name in ("user", "layer", "key", "text")}}
            written.writerow({**row, "verdict": "", "reason": ""})


def _tell_judged(path: Path) -> None:
    """Print the share judged right, with a 95 % interval (Wilson)."""
    with path.open(encoding="utf-8", newline="") as file:
        judged = list(csv.DictReader(file))
    for layer in ("", "distilled", "induced"):
        verdicts = [row["verdict"] == "right" for row in judged if not layer or row["layer"] == layer]
        if verdicts:
            low, high = binomtest(sum(verdicts), len(verdicts)).proportion_ci(method="wilson")
            told = f"{sum(verdicts)} of {len(verdicts)} ({mean(verdicts):.2f} [{low:.2f}, {high:.2f}])"
            print(f"judged right{', ' + layer if layer else ''}: {told}")


if __name__ == "__main__":
    raise SystemExit(main())
