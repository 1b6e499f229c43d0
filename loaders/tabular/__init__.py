"""Tables of answers in the formats that survey people have: CSV, Excel, SPSS, Stata, Parquet, Feather, data frames.

A reader a format yields columns of text with what the file says of them; these are understood as a plan, which a
person can edit; the plan and the rows give the records of a source.
"""

from persona_db.loaders.tabular.asked import TableOptions
from persona_db.loaders.tabular.mapping_file import mapping_text, read_mapping
from persona_db.loaders.tabular.open import ENDINGS, Understood, from_dataframe, open_table, understand_table
from persona_db.loaders.tabular.plan import ColumnPlan, TablePlan
from persona_db.loaders.tabular.source import TableSource

__all__ = [
    "ENDINGS",
    "ColumnPlan",
    "TableOptions",
    "TablePlan",
    "TableSource",
    "Understood",
    "from_dataframe",
    "mapping_text",
    "open_table",
    "read_mapping",
    "understand_table",
]
