"""The tools and resources that agents are offered. What goes wrong is told as a tool's error, in our words."""

import base64
import functools
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, Literal, ParamSpec, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from mcp.types import AudioContent, CallToolResult, ResourceLink, TextContent, ToolAnnotations
from pydantic import Field

from cloning.accounts.callers import require_scope
from cloning.agents import speech
from cloning.agents.results import Speech, VoiceList
from cloning.agents.speech import Viewer
from cloning.api.waiting import until_ended
from cloning.errors import GenerationError
from cloning.formats import AudioFormat
from cloning.jobs.acting import Actor, acting
from cloning.jobs.limits import count_request
from cloning.jobs.notifications import Arrivals
from cloning.models import Scope
from cloning.server.broadcasts import explain
from cloning.server.threads import in_thread

logger = logging.getLogger(__name__)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

MAX_WAIT_SECONDS = 300
LOOK_SECONDS = 1.0
INSTRUCTIONS = (
    "Speaks texts with the voices of this server. list_voices tells which there are; speak makes an audio file and "
    "waits for it; what takes longer is looked after with check_generation. All speech is synthetic: say so to "
    "whoever hears it, and speak in somebody's voice only with their consent."
)

GenerationId = Annotated[str, Field(description="The id that speak has given.", max_length=64)]
WaitSeconds = Annotated[float, Field(description="How long to wait for the end.", ge=0, le=MAX_WAIT_SECONDS)]
IncludeAudio = Annotated[bool, Field(description="Whether the sound itself is put into the answer, too.")]


@dataclass(frozen=True)
class Caller:
    actor: Actor
    is_local: bool

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.actor.user, self.is_local)


class Tools:
    """For whoever runs the command, `local`; over HTTP for whom the request names in its scope."""

    def __init__(self, arrivals: Arrivals, local: Actor | None = None) -> None:
        self._arrivals = arrivals
        self._local = local

    async def list_voices(
        self,
        ctx: Context[Any, Any],
        query: Annotated[str, Field(description="A part of the name.", max_length=80)] = "",
        language: Annotated[str, Field(description="A code such as en or de.", max_length=5)] = "",
    ) -> VoiceList:
        """Lists the voices that can speak: saved ones, shared ones, and those of the engine."""
        caller = self._find_caller(ctx)
        return await self._do(caller, Scope.READ, speech.list_voices, query, language)

    async def speak(
        self,
        ctx: Context[Any, Any],
        text: Annotated[str, Field(description="What to say. “[pause 1s]” is a pause.")],
        voice: Annotated[str, Field(description="The id or the name of a voice.", max_length=200)],
        language: Annotated[
            str, Field(description="A code such as en or de; by default the voice's own.", max_length=20)
        ] = "",
        format: Literal["mp3", "wav", "opus", "flac"] = "mp3",
        speed: Annotated[float | None, Field(description="0.5 to 2; 1 by default.")] = None,
        seed: Annotated[int | None, Field(description="The same seed gives the same sound.")] = None,
        wait_seconds: WaitSeconds = 60,
        include_audio: IncludeAudio = False,
    ) -> Annotated[CallToolResult, Speech]:
        """Speaks a text into an audio file. Returns when that is there, or after wait_seconds with what there is."""
        caller = self._find_caller(ctx)
        asked = {
            **{"text": text, "voice": voice, "language": language},
            **{"format": format, "speed": speed, "seed": seed},
        }
        pk = await self._do(caller, Scope.SPEAK, speech.queue, asked)
        return await self._follow(ctx, caller, pk, wait_seconds, include_audio=include_audio)

    async def check_generation(
        self,
        ctx: Context[Any, Any],
        generation_id: GenerationId,
        wait_seconds: WaitSeconds = 0,
        include_audio: IncludeAudio = False,
    ) -> Annotated[CallToolResult, Speech]:
        """Tells how far a generation is, and where its file is."""
        caller = self._find_caller(ctx)
        found = await self._do(caller, Scope.READ, lambda _: speech.describe(caller.viewer, generation_id))
        return await self._follow(ctx, caller, uuid.UUID(found.id), wait_seconds, include_audio=include_audio)

    async def cancel_generation(
        self, ctx: Context[Any, Any], generation_id: GenerationId
    ) -> Annotated[CallToolResult, Speech]:
        """Stops a generation that waits or is spoken; what was spoken stays. One that is over stays as it is."""
        caller = self._find_caller(ctx)
        await self._do(caller, Scope.SPEAK, speech.cancel, generation_id)
        found = await self._look(caller, generation_id)
        return answer(found)

    async def read_audio(
        self, audio_format: AudioFormat, generation_id: str, ctx: Context[Any, Any]
    ) -> bytes:
        caller = self._find_caller(ctx)
        try:
            return await self._do(caller, Scope.READ, speech.read_audio, generation_id, audio_format)
        except ToolError as error:
            cause = error.__cause__
            is_missing = isinstance(cause, GenerationError) and cause.code.status == 404
            raise (ResourceNotFoundError if is_missing else ResourceError)(str(error)) from error

    def _find_caller(self, ctx: Context[Any, Any]) -> Caller:
        if self._local:
            return Caller(self._local, is_local=True)
        request = ctx.request_context.request
        assert request is not None  # as every message has that came over HTTP
        return Caller(request.scope["actor"], is_local=False)

    async def _do(
        self,
        caller: Caller,
        scope: Scope,
        function: Callable[Concatenate[Any, Parameters], Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Calls the function, which is given the user, as a call of the API is. Raises ToolError."""
        try:
            bound = functools.partial(function, caller.actor.user, *args, **kwargs)
            return await in_thread(perform, caller.actor, scope, bound)
        except Exception as error:
            raise tell(error) from error

    async def _look(self, caller: Caller, generation_id: str | uuid.UUID) -> Speech:
        """Without counting it as a call."""
        try:
            return await in_thread(speech.describe, caller.viewer, generation_id)
        except Exception as error:
            raise tell(error) from error

    async def _follow(
        self,
        ctx: Context[Any, Any],
        caller: Caller,
        pk: uuid.UUID,
        wait_seconds: float,
        *,
        include_audio: bool,
    ) -> CallToolResult:
        give_up_at = time.monotonic() + wait_seconds
        found = await self._look(caller, pk)
        told = -1.0
        while found.status in ("queued", "running") and (left := give_up_at - time.monotonic()) > 0:
            if found.progress > told:  # the protocol wants it to grow each time
                await ctx.report_progress(found.progress, 1.0, found.status)
                told = found.progress
            await until_ended(pk, min(left, LOOK_SECONDS), self._arrivals)
            found = await self._look(caller, pk)
        sound = None
        if include_audio and found.resource_uri:
            audio_format = AudioFormat(found.format)
            try:
                sound = await in_thread(speech.read_audio, caller.actor.user, found.id, audio_format)
            except Exception as error:
                raise tell(error) from error
        return answer(found, sound)


def perform(actor: Actor, scope: Scope, function: Callable[[], Result]) -> Result:
    require_scope(actor.key, scope)
    with acting(actor):
        count_request()
        return function()


def tell(error: Exception) -> ToolError:
    known = explain(error)
    again = f" Try again in {known.retry_after_seconds} s." if known.retry_after_seconds else ""
    told = ToolError(f"{known} ({known.code}){again}")
    told.__cause__ = known
    return told


def answer(found: Speech, sound: bytes | None = None) -> CallToolResult:
    """A failed generation is an error of the tool, too."""
    content: list[Any] = [TextContent(type="text", text=found.model_dump_json(exclude_none=True))]
    mime_type = AudioFormat(found.format).content_type
    if found.resource_uri:
        name = f"{found.id}.{found.format}"
        content.append(
            ResourceLink(type="resource_link", uri=found.resource_uri, name=name, mime_type=mime_type)
        )
    if sound is not None:
        data = base64.b64encode(sound).decode()
        content.append(AudioContent(type="audio", data=data, mime_type=mime_type))
    return CallToolResult(
        content=content, structured_content=found.model_dump(mode="json"), is_error=found.status == "failed"
    )


def build_server(tools: Tools) -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer(
        "voiceclone", title="Voice cloning", instructions=INSTRUCTIONS, version="0.1", subscriptions=False
    )
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    server.add_tool(tools.list_voices, annotations=reads)
    server.add_tool(tools.check_generation, annotations=reads)
    server.add_tool(tools.speak, annotations=ToolAnnotations(destructive_hint=False, open_world_hint=False))
    server.add_tool(
        tools.cancel_generation, annotations=ToolAnnotations(destructive_hint=True, idempotent_hint=True)
    )
    for audio_format in AudioFormat:
        offer_audio(server, tools, audio_format)
    return server


def offer_audio(server: MCPServer[Any], tools: Tools, audio_format: AudioFormat) -> None:
    async def read(generation_id: str, ctx: Context[Any, Any]) -> bytes:
        return await tools.read_audio(audio_format, generation_id, ctx)

    server.resource(
        f"speech://{{generation_id}}/audio.{audio_format}",
        name=f"speech_{audio_format}",
        description=f"What was spoken, as {audio_format.label}, where it was asked for in that format.",
        mime_type=audio_format.content_type,
    )(read)
