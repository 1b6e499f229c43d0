"""A neighbourhood as a file: a figure, a page with it, or a graph for other programs."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persona_db.chains.figure import PALETTES, WIDTH, Theme, figure_of, words_of
from persona_db.chains.figure_svg import write_svg
from persona_db.graph.errors import ConfigError

if TYPE_CHECKING:
    import networkx

__all__ = ["FORMATS", "export_neighbourhood", "file_format", "page"]

FORMATS = ("svg", "pdf", "png", "html", "graphml", "gexf", "json")
_FIGURES = FORMATS[:4]
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""An exported page fetches nothing and runs nothing, whatever is written in it."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def file_format(path: Path) -> str:
    """Return what the file's name ends in; ConfigError when it is none of ours."""
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise ConfigError(f"{path.name!r} ends in none of .{', .'.join(FORMATS)}: the ending says what is written")
    return ending


def export_neighbourhood(
    made: networkx.Graph[str], path: Path, *, width: int = WIDTH, theme: Theme = "light"
) -> dict[str, int]:
    """Write the neighbourhood to *path*, in the format that its name ends in; figures in this *width* and *theme*.

    What the file shows is returned, and how many of each: of a figure people, values and lines, of a graph
    collaborators, keys and facts.
    """
    kind = file_format(path)
    try:
        path.write_bytes(_written(made, kind, width, theme))
    except OSError as exc:
        raise ConfigError(f"{path} can't be written: {exc.strerror or exc}") from exc
    if kind in _FIGURES:
        figure = figure_of(made, width=width)
        return {
            "people": figure.count("collaborator"), "values": figure.count("key"),
            "lines between them": len(figure.links),
        }  # fmt: skip
    roles = [data["role"] for _, data in made.nodes(data=True)]
    return {f"{name}s": roles.count(name) for name in ("collaborator", "key", "fact")}


def _written(made: networkx.Graph[str], kind: str, width: int, theme: Theme) -> bytes:
    import networkx as nx

    match kind:
        case "svg":
            text = write_svg(figure_of(made, width=width), theme=theme)
        case "pdf" | "png":
            from persona_db.chains.figure_print import write_printed

            return write_printed(figure_of(made, width=width), "pdf" if kind == "pdf" else "png", theme=theme)
        case "html":
            text = page(made, width=width, theme=theme)
        case "json":
            text = json.dumps(nx.node_link_data(made, name="node", edges="edges"), ensure_ascii=False, indent=1)
        case "graphml":
            text = "\n".join(nx.generate_graphml(_for_xml(made)))
        case _:
            text = "\n".join(nx.generate_gexf(_for_xml(made)))
    return text.encode("utf-8", errors="backslashreplace")


def page(made: networkx.Graph[str], *, width: int = WIDTH, theme: Theme = "light") -> str:
    """Return the figure and the same in words as one page, which fetches nothing; texts are shown as text."""
    figure, colour = figure_of(made, width=width), PALETTES[theme]
    people = "".join(
        f"<li><bdi>{escape(name)}</bdi> <small>{score:.2f}</small>"
        f"<ul>{_sides('agree on', agree)}{_sides('differ on', differ)}</ul></li>"
        for _, name, score, agree, differ in words_of(made)
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(figure.name)}: who shares their values</title>"
        f"<style>body{{font:15px/1.5 system-ui,sans-serif;margin:1rem;"
        f"color:{colour['ink']};background:{colour['paper']}}}"
        "h1{font-size:1.2rem}svg{max-width:100%;height:auto}</style>"
        f"<h1>Who shares the values of <bdi>{escape(figure.name)}</bdi></h1>{write_svg(figure, theme=theme)}"
        f"<h2>In words</h2><ol>{people}</ol></html>\n"
    )


def _sides(how: str, names: list[str]) -> str:
    return f"<li>{how}: {'; '.join(f'<bdi>{escape(name)}</bdi>' for name in names)}</li>" if names else ""


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
