"""A neighbourhood as a file: a page to look at, or a graph for other programs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persona_db.chains.neighbourhoods import picture
from persona_db.graph.errors import ConfigError

if TYPE_CHECKING:
    import networkx

__all__ = ["FORMATS", "export_neighbourhood", "file_format"]

FORMATS = ("html", "graphml", "gexf", "json")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def file_format(path: Path) -> str:
    """Return what the file's name ends in; ConfigError when it is none of ours."""
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise ConfigError(f"{path.name!r} ends in none of .{', .'.join(FORMATS)}: the ending says what is written")
    return ending


def export_neighbourhood(made: networkx.Graph[str], path: Path) -> None:
    """Write the neighbourhood to *path*, in the format that its name ends in."""
    import networkx as nx

    match file_format(path):
        case "html":
            text = picture(made)
        case "json":
            text = json.dumps(nx.node_link_data(made, name="node", edges="edges"), ensure_ascii=False, indent=1)
        case "graphml":
            text = "\n".join(nx.generate_graphml(_for_xml(made)))
        case _:
            text = "\n".join(nx.generate_gexf(_for_xml(made)))
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as exc:
        raise ConfigError(f"{path} can't be written: {exc.strerror or exc}") from exc


def _for_xml(made: networkx.Graph[str]) -> networkx.Graph[str]:
    """Return a copy whose texts have only characters that XML can hold, and whose nodes are named by them too."""
    import networkx as nx

    copy: networkx.Graph[str] = nx.Graph(**{name: _clean(value) for name, value in made.graph.items()})
    for node, data in made.nodes(data=True):
        attributes = {("key_id" if name == "id" else name): _clean(value) for name, value in data.items()}
        copy.add_node(_clean(node), **{**attributes, "label": str(attributes["name"]), "type": str(data["label"])})
    for source, target, data in made.edges(data=True):
        # `type` is a word of GEXF's own, for directed and undirected.
        attributes = {("relationship" if name == "type" else name): value for name, value in data.items()}
        copy.add_edge(_clean(source), _clean(target), **attributes)
    return copy


def _clean(value: Any) -> Any:
    return _NOT_XML.sub("�", value) if isinstance(value, str) else value
