"""What was read: chapters, and what the file says of itself."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloning.errors import ErrorCode, GenerationError

MAX_TITLE_CHARS = 200
MAX_CHAPTERS = 1_000


@dataclass(frozen=True)
class Cue:
    """Of subtitles."""

    start_seconds: float
    end_seconds: float
    text: str


@dataclass(frozen=True)
class Chapter:
    title: str
    """Empty where nothing says how it is called."""
    text: str
    cues: Sequence[Cue] = ()
    """Of subtitles: what the text is made of, and when it is to be heard."""


@dataclass(frozen=True)
class Cover:
    content: bytes
    suffix: str


@dataclass(frozen=True)
class Document:
    chapters: Sequence[Chapter]
    title: str = ""
    author: str = ""
    language: str = ""
    """As the file has it: any text."""
    cover: Cover | None = None

    def dump(self) -> dict[str, Any]:
        return {
            "chapters": [
                [each.title, each.text, [[cue.start_seconds, cue.end_seconds, cue.text] for cue in each.cues]]
                for each in self.chapters
            ],
            "title": self.title,
            "author": self.author,
            "language": self.language,
            "cover": self.cover and [base64.b64encode(self.cover.content).decode("ascii"), self.cover.suffix],
        }

    @classmethod
    def load(cls, answer: dict[str, Any]) -> "Document":
        cover = answer["cover"]
        return cls(
            [Chapter(title, text, [Cue(*cue) for cue in cues]) for title, text, cues in answer["chapters"]],
            answer["title"],
            answer["author"],
            answer["language"],
            Cover(base64.b64decode(cover[0]), cover[1]) if cover else None,
        )


@dataclass
class Draft:
    """A chapter that is still read."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    is_heading_alone: bool = True
    """Nothing was added to it but headings."""


class Chapters:
    """Chapters that are read one paragraph after another. Raises GenerationError where the text gets too long."""

    def __init__(self, max_chars: int) -> None:
        self._left = max_chars
        self._max_chars = max_chars
        self._drafts: list[Draft] = []

    def begin(self, title: str) -> None:
        if len(self._drafts) >= 20 * MAX_CHAPTERS:
            raise GenerationError(ErrorCode.BOOK_UNREADABLE, "The file has too many chapters.")
        self._drafts.append(Draft(clean_title(title)))

    def add(self, paragraph: str, *, is_heading: bool = False) -> None:
        if not (paragraph := paragraph.strip()):
            return
        self._left -= len(paragraph)
        if self._left < 0:
            raise GenerationError(
                ErrorCode.BOOK_TOO_LONG,
                f"The text is longer than the {self._max_chars:,} characters that are allowed.",
            )
        if not self._drafts:
            self.begin("")
        draft = self._drafts[-1]
        draft.paragraphs.append(paragraph)
        draft.is_heading_alone &= is_heading

    def finish(self) -> list[Chapter]:
        """What is nothing but a heading is read at the beginning of what follows; what has no word is left out."""
        chapters: list[Chapter] = []
        headings: list[str] = []
        for draft in self._drafts:
            if draft.is_heading_alone:
                headings += draft.paragraphs
                continue
            text = "\n\n".join([*headings, *draft.paragraphs])
            headings = []
            if any(map(str.isalnum, text)):
                chapters.append(Chapter(draft.title, text))
        if not chapters and any(any(map(str.isalnum, each)) for each in headings):
            chapters = [Chapter("", "\n\n".join(headings))]
        if len(chapters) > MAX_CHAPTERS:
            raise GenerationError(
                ErrorCode.BOOK_UNREADABLE, f"The file has more than {MAX_CHAPTERS:,} chapters."
            )
        return chapters


def clean_title(title: str) -> str:
    printable = "".join(each if each.isprintable() else " " for each in title[: 4 * MAX_TITLE_CHARS])
    return re.sub(r"\s+", " ", printable).strip()[:MAX_TITLE_CHARS]


def one_chapter(paragraphs: Iterable[str], max_chars: int) -> list[Chapter]:
    chapters = Chapters(max_chars)
    for each in paragraphs:
        chapters.add(each)
    return chapters.finish()
