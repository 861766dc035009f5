"""Reads a book, as a process of its own: `starting.py` starts and bounds it.

Arguments: the file, its ending, the most characters. Writes JSON to standard output: the document, or
`{"error": {"code", "message"}}`.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from cloning.errors import ErrorCode, GenerationError
from cloning.reading.document import Document
from cloning.reading.epub import read_epub
from cloning.reading.markdown import read_markdown
from cloning.reading.plain import read_plain
from cloning.reading.subtitles import read_subtitles

READERS: dict[str, Callable[[bytes, int], Document]] = {
    ".txt": read_plain,
    ".md": read_markdown,
    ".srt": read_subtitles,
}


def read(source: Path, suffix: str, max_chars: int) -> Document:
    document = (
        read_epub(source, max_chars) if suffix == ".epub" else READERS[suffix](source.read_bytes(), max_chars)
    )
    if not document.chapters:
        raise GenerationError(ErrorCode.BOOK_UNREADABLE, "There is nothing to read out in this file.")
    return document


def main(source: str, suffix: str, max_chars: str) -> None:
    try:
        answer = read(Path(source), suffix, int(max_chars)).dump()
    except GenerationError as error:
        answer = {"error": {"code": error.code, "message": str(error)}}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
