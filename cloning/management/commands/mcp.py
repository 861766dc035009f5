"""Tools for agents, by the Model Context Protocol. Standard output is the protocol's, and nothing else goes there."""

import asyncio
from argparse import ArgumentParser
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cloning.management.accounts import find_account
from cloning.management.commands.serve import try_port

USUAL_PORT = 8010


class Command(BaseCommand):
    help = "Offers agents to list voices and to speak, by MCP: on standard input and output, or with --http at /mcp."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", help="the account in whose name is spoken; with --http a key says who")
        parser.add_argument(
            "--http", action="store_true", help="serve over HTTP; with REQUIRE_LOGIN with an API key"
        )
        parser.add_argument("--host", default="127.0.0.1", help="with --http: the address to listen on")
        parser.add_argument("--port", type=int, default=USUAL_PORT, help="with --http")

    def handle(self, *args: Any, user: str | None, http: bool, host: str, port: int, **options: Any) -> None:
        if find_spec("mcp") is None:
            raise CommandError(
                "The packages are missing; install them with `python3 infrastructure/install.py agents`."
            )
        from cloning.agents.transports import serve_http, serve_stdio

        if http:
            if user:
                raise CommandError("With --http an API key says who asks, and not --user.")
            if error := try_port(host, port):
                raise CommandError(f"Port {port} of {host} can't be used: {error.strerror}.")
            self.stderr.write(f"MCP: http://{host}:{port}/mcp")
            serving = serve_http(host, port)
        else:
            if settings.REQUIRE_LOGIN and not user:
                raise CommandError("With REQUIRE_LOGIN, say in whose name: --user NAME.")
            serving = serve_stdio(find_account(user) if user else None)
        with suppress(KeyboardInterrupt):
            asyncio.run(serving)
