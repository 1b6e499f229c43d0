"""persona-db mcp: the people of a dataset as tools of an agent, over the Model Context Protocol."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["mcp"]


def mcp(
    *,
    dataset: Annotated[str, typer.Option(help="The dataset that the tools are about; they see no other.")],
    user: Annotated[
        str | None,
        typer.Option(help="The one person whom the tools are about; the model can name nobody else."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Offer remember and forget too; without it nothing can be changed.")
    ] = False,
    http: Annotated[
        bool,
        typer.Option(
            "--http",
            help="Serve over HTTP on this machine, not on stdin and stdout. Clients send a bearer token: PERSONA_DB_MCP_TOKEN, or one that is made and printed on stderr.",
        ),
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port for --http; 0 for any free one.")] = 8643,
) -> None:
    """Serve tools about the people of a dataset to an agent: who_is, predict, who_shares, recall, why."""
    from importlib.util import find_spec

    from persona_db.cli.console import progress_bar, read_settings
    from persona_db.graph.errors import ConfigError

    if find_spec("mcp") is None:
        raise ConfigError("`persona-db mcp` needs the extra mcp: pip install 'persona-db[mcp]'")
    from persona_db.agents.server import build_server
    from persona_db.agents.serving import serve_http, serve_stdio
    from persona_db.agents.tools import Tools
    from persona_db.explorer.connection import Connection

    settings = read_settings()
    connection = Connection(settings)
    with progress_bar() as progress:
        connection.open(progress=progress)
    try:
        server = build_server(Tools(connection.graph, dataset, user=user, write=write))
        if http:
            token = settings.mcp_token
            serve_http(server, port=port, token=None if token is None else token.get_secret_value())
        else:
            serve_stdio(server)
    finally:
        connection.close()
