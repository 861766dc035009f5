"""What the tools give back, as their output schemas say."""

from typing import Literal

from pydantic import BaseModel, Field


class VoiceItem(BaseModel):
    id: str = Field(description="What `speak` takes as `voice`; the name will do as well.")
    name: str
    language: str = Field(description="What it speaks where nothing else is asked for; empty: any.")
    is_stock: bool = Field(description="Whether it comes with the engine, and is nobody's clone.")


class VoiceList(BaseModel):
    engine: str
    is_clone: bool = Field(
        description="Whether saved voices are cloned; else it is a preview that only leans toward them."
    )
    voices: list[VoiceItem]
    is_complete: bool = Field(description="Whether these are all that fit; else ask for a part of the name.")


class Speech(BaseModel):
    id: str
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: float = Field(description="0 to 1.")
    text: str
    language: str
    format: str
    duration_seconds: float | None = None
    likeness: Literal["very like", "like", "hardly like"] | None = Field(
        default=None, description="How much it sounds like the reference of its voice."
    )
    understood: float | None = Field(
        default=None,
        description="0 to 1: how much of the text a recogniser heard; none where it was not asked.",
    )
    audio_url: str | None = Field(default=None, description="Where the web server of the site has the file.")
    resource_uri: str | None = Field(default=None, description="The same as a resource of this server.")
    path: str | None = Field(
        default=None, description="The same on this machine, which is not to be changed."
    )
    error: str | None = None
    hint: str = ""
