"""`manage.py mcp` as agents start it, with a real worker, by the official client over both transports."""

import asyncio
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import httpx2
import soundfile
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import PROJECT, LiveSite, free_port, running, serving
from cloning.tests.waiting import wait_until

PING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()


def variables_of(site: LiveSite, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "STORAGE_ROOT": str(site.storage_root),
        "DATABASE_URL": f"sqlite:///{site.storage_root}/db.sqlite3",
        "ENGINE": "preview",
        "PREVIEW_VOICE": "espeak",
        **more,
    }


def manage(site: LiveSite, script: str) -> str:
    """What a piece of Python prints in `manage.py shell`."""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", script]
    ended = subprocess.run(
        command, cwd=PROJECT, env=variables_of(site), capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def make_key(site: LiveSite, *scopes: str) -> str:
    return manage(
        site,
        "from django.contrib.auth.models import User\n"
        "from cloning.jobs.keys import make\n"
        "user, _ = User.objects.get_or_create(username='ann')\n"
        f"print(make(user, 'agent', {list(scopes)!r})[1])",
    )


def save_voice(site: LiveSite, key: str = "") -> None:
    fields = {"name": "Alice", "consent": "own"}
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    body += '--b\r\nContent-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
    request = urllib.request.Request(
        f"{site.url}/api/v1/voices",
        data=body.encode() + MALE_CLIP.read_bytes() + b"\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b", "Authorization": f"Bearer {key}"},
    )
    urllib.request.urlopen(request).close()


async def speak(client: Client) -> CallToolResult:
    [voice] = (await client.call_tool("list_voices", {"query": "Alice"})).structured_content["voices"]
    arguments = {"text": "Good morning.", "voice": voice["id"], "format": "wav", "wait_seconds": 200}
    return await client.call_tool("speak", arguments)


def test_over_standard_input_and_output(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        save_voice(site)
        server = StdioServerParameters(
            command=sys.executable,
            args=["manage.py", "mcp"],
            cwd=PROJECT,
            env=variables_of(site, LOG_LEVEL="DEBUG"),
        )

        async def main() -> CallToolResult:
            async with Client(server, read_timeout_seconds=240) as client:
                return await speak(client)

        found = asyncio.run(main()).structured_content
        assert found["status"] == "succeeded"
        assert soundfile.info(found["path"]).duration > 0.3
        assert site.get(f"/api/v1/generations/{found['id']}")["text"] == "Good morning."


def post(port: int, **headers: str) -> int:
    sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/mcp", data=PING, headers=sent)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_over_http_with_keys(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, REQUIRE_LOGIN="true") as site:
        secret = make_key(site, "read", "speak", "voices")
        save_voice(site, secret)
        with running("mcp", "--http", "--port", str(port), folder=tmp_path, REQUIRE_LOGIN="true") as server:
            wait_until(lambda: re.search("MCP: http", server.log.read_text()) and answers(port))
            assert post(port) == 401
            assert post(port, Authorization="Bearer vc_wrong") == 401
            key = {"Authorization": f"Bearer {secret}"}
            assert post(port, **key) == 200
            assert post(port, **key, Host="evil.example") == 421
            assert post(port, **key, Origin="https://evil.example") == 403

            async def main(conversation: Any) -> Any:
                async with (
                    httpx2.AsyncClient(headers=key, timeout=240) as http,
                    Client(
                        streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http),
                        read_timeout_seconds=240,
                    ) as client,
                ):
                    return await conversation(client)

            found = asyncio.run(main(speak)).structured_content
            assert found["status"] == "succeeded"
            assert found["path"] is None, "others need not know where files are"
            owner = "from cloning.models import Generation; print(Generation.objects.listed().get().owner)"
            assert manage(site, owner) == "ann"


def answers(port: int) -> bool:
    try:
        post(port)
    except OSError:
        return False
    return True
