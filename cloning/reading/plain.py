"""Plain text. A chapter begins at a heading with a blank line around it, else at a form feed, else there is one."""

import codecs
import re

from cloning.reading.document import Chapters, Document

MAX_HEADING_CHARS = 120
MIN_CHAPTERS = 2
MAX_FORM_FEEDS = 200
"""More are the pages of something printed."""
NUMBER = (
    r"(?:\d{1,4}|[ivxlcdm]{1,8}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|eins|zwei|drei|vier|"
    r"fünf|sechs|sieben|acht|neun|zehn|un|uno|deux|dos|trois|tres|quatre|cuatro|cinq|cinco|the \w{1,12})"
)
HEADING = re.compile(
    rf"(?:(?:chapter|kapitel|chapitre|cap[íi]tulo|capitolo|hoofdstuk|rozdzia[łl]|kapitola|fejezet|bölüm|глава|part|"
    rf"teil|partie|parte|book|buch|livre|libro)[ .:]{{1,3}}{NUMBER}(?![\w])|"
    r"(?:prologue?|prolog|epilogue?|epilog|pr[óo]logo|ep[íi]logo|introduction|preface|foreword|vorwort|nachwort)"
    r"(?![\w])|第.{1,8}[章回話])",
    re.IGNORECASE,
)


def read_plain(content: bytes, max_chars: int) -> Document:
    text = decode(content).replace("\r\n", "\n").replace("\r", "\n")
    paragraphs = [each.strip("\n") for each in re.split(r"\n[ \t]*(?=\n)|(?=\f)", text)]
    chapters = Chapters(max_chars)
    headings = sum(map(is_heading, paragraphs))
    pages = sum(each.startswith("\f") for each in paragraphs)
    by_page = headings < MIN_CHAPTERS and 0 < pages <= MAX_FORM_FEEDS
    if by_page:
        chapters.begin("")
    for paragraph in paragraphs:
        is_title = headings >= MIN_CHAPTERS and is_heading(paragraph)
        if is_title or (by_page and paragraph.startswith("\f")):
            chapters.begin(paragraph if is_title else "")
        chapters.add(paragraph.replace("\f", ""), is_heading=is_title)
    return Document(chapters.finish())


def is_heading(paragraph: str) -> bool:
    paragraph = paragraph.strip()
    return len(paragraph) <= MAX_HEADING_CHARS and HEADING.match(paragraph) is not None


def decode(content: bytes) -> str:
    """UTF-8, UTF-16 where it says so, else as Windows writes Western languages."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
