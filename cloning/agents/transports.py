"""How agents reach the tools: as a child process of theirs, by standard input and output, or over HTTP."""

import json
import signal
from collections.abc import Callable
from typing import Any

import uvicorn
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from mcp.server.transport_security import TransportSecuritySettings

from cloning.accounts.addresses import name_address, parse_address
from cloning.agents.tools import Tools, build_server
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.acting import Actor
from cloning.jobs.keys import find_key, note_use
from cloning.jobs.notifications import Arrivals
from cloning.server.broadcasts import explain
from cloning.server.threads import in_thread

Asgi = Callable[..., Any]

MAX_CONNECTIONS = 200
KEEP_ALIVE_SECONDS = 15
LEAVING_SECONDS = 5
CHALLENGE = b'Bearer realm="mcp"'


async def serve_stdio(user: User | None) -> None:
    """Until standard input ends. Nothing else is written to standard output meanwhile: mcp sends it to the log."""
    with Arrivals() as arrivals:
        await build_server(Tools(arrivals, Actor(user or AnonymousUser()))).run_stdio_async()


async def serve_http(host: str, port: int) -> None:
    """At /mcp, until SIGTERM or Ctrl-C."""
    with Arrivals() as arrivals:
        app = build_server(Tools(arrivals)).streamable_http_app(
            stateless_http=True,  # nothing is kept between two requests, so that each says who asks
            max_request_body_size=12 * settings.MAX_TEXT_CHARS + 64 * 1024,
            transport_security=find_security(host, port),
            host=host,
        )
        config = uvicorn.Config(
            Identifying(app),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.TRUSTED_PROXIES),
            forwarded_allow_ips=[str(each) for each in settings.TRUSTED_PROXIES],
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=LEAVING_SECONDS,
        )
        signal.signal(
            signal.SIGTERM, lambda *_: None
        )  # uvicorn sends itself the signal again once it has ended
        await uvicorn.Server(config).serve()


def find_security(host: str, port: int) -> TransportSecuritySettings:
    """Against pages that reach this machine by a name of their own (DNS rebinding)."""
    names = {"localhost", "127.0.0.1", "[::1]", host, *settings.ALLOWED_HOSTS}
    names = {name for name in names if name not in ("*", "0.0.0.0", "::")}  # noqa: S104 - of no request
    hosts = sorted({entry for name in names for entry in (name, f"{name}:*")})
    origins = [f"http://{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")]
    if settings.BASE_URL:
        origins.append(settings.BASE_URL)
    return TransportSecuritySettings(
        allowed_hosts=hosts, allowed_origins=[*origins, *settings.TRUSTED_ORIGINS]
    )


class Identifying:
    """Before the server: `actor` of the request's scope is the owner of its key. With accounts, none is refused."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Asgi, send: Asgi) -> None:
        if scope["type"] == "http":
            try:
                scope["actor"] = await in_thread(identify, dict(scope["headers"]), scope.get("client"))
            except Exception as error:
                await refuse(explain(error), send)
                return
        await self._app(scope, receive, send)


def identify(headers: dict[bytes, bytes], client: tuple[str, int] | None) -> Actor:
    """Raises GenerationError (LOGIN_REQUIRED, KEY_INVALID)."""
    address = name_address(parse_address(client[0])) if client else ""
    if not settings.REQUIRE_LOGIN:
        return Actor(AnonymousUser(), None, address)
    scheme, _, secret = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise GenerationError(ErrorCode.LOGIN_REQUIRED, "Send a key: “Authorization: Bearer vc_…”.")
    if (key := find_key(secret.strip())) is None:
        raise GenerationError(
            ErrorCode.KEY_INVALID, "This key is not known, or it was revoked or has expired."
        )
    note_use(key)
    return Actor(key.owner, key, address)


async def refuse(error: GenerationError, send: Asgi) -> None:
    body = json.dumps({"error": {"code": error.code, "message": str(error), "field": None}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if error.code.status == 401:
        headers.append((b"www-authenticate", CHALLENGE))
    await send({"type": "http.response.start", "status": error.code.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
