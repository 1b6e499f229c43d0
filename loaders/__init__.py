"""Data sets on disk, one module for each format, and the function that loads them into the graph."""

from persona_db.graph.ids import item_id
from persona_db.loaders.formats import FORMATS, open_source
from persona_db.loaders.jsonl import JsonlSource
from persona_db.loaders.load import load
from persona_db.loaders.opinionqa import OpinionQASource
from persona_db.loaders.polis import PolisSource
from persona_db.loaders.report import LoadReport
from persona_db.loaders.rfpn import RfpnSource
from persona_db.loaders.senate import SenateSource, Vote
from persona_db.loaders.source import Counts, HeldOut, Record, Source, test_answers
from persona_db.loaders.split import Split, read_split, write_split
from persona_db.loaders.tabular import TableOptions, TableSource, from_dataframe

__all__ = [
    "FORMATS",
    "Counts",
    "HeldOut",
    "JsonlSource",
    "LoadReport",
    "OpinionQASource",
    "PolisSource",
    "Record",
    "RfpnSource",
    "SenateSource",
    "Source",
    "Split",
    "TableOptions",
    "TableSource",
    "Vote",
    "from_dataframe",
    "item_id",
    "load",
    "open_source",
    "read_split",
    "test_answers",
    "write_split",
]
