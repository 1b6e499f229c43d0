"""Labels and the audit from the command line: exported, edited, imported, and what keys are called then."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from .command_line import CommandLine, load_and_refine

if TYPE_CHECKING:
    from tests.language_server import LanguageServer


def test_edited_labels_name_the_keys(cli: CommandLine, tmp_path: Path) -> None:
    """A label and a stance of one's own replace those by rule at the next refit; a bad row is reported and left out."""
    dataset = load_and_refine(cli, "end-to-end-labels")
    file = tmp_path / "labels.csv"
    assert cli.json("labels", "export", file, "--dataset", dataset) == {"questions": 12, "file": str(file)}
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 36
    assert all(row["label"] and not row["stance"] for row in rows)
    for row in rows:
        if row["question"] == "wind":
            row["label"], row["stance"] = "Wind power", {"yes": "For wind power"}.get(row["option"], "")
    rows.append({**rows[0], "option": "perhaps"})
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    report = cli.json("labels", "import", file, "--dataset", dataset)
    assert (report["questions"], report["changed"]) == (12, 12)
    [bad] = report["quarantined"]
    assert bad["row"] == 38
    assert "'perhaps' is no option" in bad["reason"]
    assert cli.json("labels", "import", file, "--dataset", dataset)["changed"] == 0

    assert cli("refine", "--dataset", dataset, "--refit").status == 0
    names = {row["key"]: row["name"] for row in cli.json("query", "popular_keys", "-p", f"dataset={dataset}")}
    assert names["stance:wind=2"] == "For wind power"
    audited = cli.json("audit", "--dataset", dataset)
    assert audited["holds"] is True
    assert audited["said"] == audited["asked"] > 100
    assert cli("audit", "--dataset", dataset).out.count("100.0 %") >= 1


def test_labels_say_what_is_wrong(cli: CommandLine, tmp_path: Path) -> None:
    """A dataset or a file that is not there, and an import without a file, are named with a remedy."""
    dataset = load_and_refine(cli, "end-to-end-labels")
    assert "no dataset 'nothing'" in cli("labels", "export", "--dataset", "nothing").err
    assert "labels export FILE" in cli("labels", "import", "--dataset", dataset).err
    missing = cli("labels", "import", tmp_path / "none.csv", "--dataset", dataset)
    assert missing.status == 1
    assert "none.csv" in missing.err
    unrefined = "end-to-end-unrefined"
    file = tmp_path / "one.jsonl"
    file.write_text('{"user": "a", "text": "I like trees."}\n', encoding="utf-8")
    assert cli("load", "jsonl", file, "--dataset", unrefined).status == 0
    assert "refine" in cli("audit", "--dataset", unrefined).err


def test_a_model_reads_each_question_once(cli: CommandLine, language_server: LanguageServer, tmp_path: Path) -> None:
    """Two calls a question, all on record; reading again makes none; what a person gave stays; a budget can end it."""
    dataset = load_and_refine(cli, "end-to-end-read")
    file = tmp_path / "mine.csv"
    file.write_text("question,option,label,stance,kind\nwind,yes,My label,For wind,opinion\n", encoding="utf-8")
    assert cli.json("labels", "import", file, "--dataset", dataset)["changed"] == 1
    read = ("labels", "read", "--dataset", dataset, "--model", "openai:scripted")
    planned = cli.json(*read, "--dry-run")
    assert (planned["questions"], planned["calls"], len(language_server.calls)) == (11, 22, 0)
    made = cli.json(*read)
    assert (made["questions"], made["calls"], made["waiting"]) == (11, len(language_server.calls), 0)
    assert made["labels"] > 0  # of questions that are too long to name themselves
    assert made["stances"] > 0
    assert made["stances"] + len([one for one in made["rejected"] if "stance" in one]) <= made["options"]
    [spent] = [row for row in cli.json("status")["datasets"] if row["dataset"] == dataset]
    [stage] = [row for row in spent["ledger"] if row["stage"] == "label"]
    assert (stage["calls"], stage["tokens_in"], stage["tokens_out"]) == (
        made["calls"], made["tokens_in"], made["tokens_out"],
    )  # fmt: skip
    again = cli.json(*read)
    assert (again["questions"], again["calls"], again["cached"]) == (0, 0, 0)
    exported = cli("labels", "export", "--dataset", dataset).out
    assert "wind,yes,My label,For wind,opinion" in exported
    assert exported.count("Says ") == made["stances"]
    refined = cli.json("refine", "--dataset", dataset, "--label-model", "openai:scripted")
    assert (refined["labels"]["questions"], refined["refitted"]) == (0, False)
    missing = cli("labels", "read", "--dataset", dataset)
    assert missing.status == 1
    assert "--model" in missing.err


def test_a_refinement_reads_labels_first(cli: CommandLine, language_server: LanguageServer) -> None:
    """The statistical engine names keys by what the model read, in a new Fit; a dry run makes no call."""
    dataset = load_and_refine(cli, "end-to-end-label-model")
    refine = ("refine", "--dataset", dataset, "--label-model", "openai:scripted")
    planned = cli.json(*refine, "--dry-run")
    assert (planned["questions"], len(language_server.calls)) == (12, 0)
    made = cli.json(*refine)
    assert (made["labels"]["questions"], made["refitted"], made["engine"]) == (12, True, "statistical")
    assert any("Says " in row["name"] for row in cli.json("query", "popular_keys", "-p", f"dataset={dataset}"))
    bounded = cli("refine", "--dataset", dataset, "--budget-usd", "1")
    assert "--budget-usd is for a language model" in bounded.err
