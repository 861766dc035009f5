"""HTML as it is read out: paragraphs, headings and where they begin. What is only to be looked at is left out."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from cloning.reading.document import Chapters

NOT_READ = {
    *("script", "style", "head", "title", "template", "noscript", "svg", "math", "nav", "iframe", "object"),
    *("audio", "video", "canvas", "form", "button", "select", "textarea", "rt", "rp", "img"),
}
BLOCKS = {
    *(
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "aside",
        "blockquote",
        "ul",
        "ol",
        "li",
        "dl",
    ),
    *(
        "dt",
        "dd",
        "table",
        "tr",
        "caption",
        "figure",
        "figcaption",
        "pre",
        "hr",
        "body",
        "address",
        "details",
    ),
    *("summary", "h1", "h2", "h3", "h4", "h5", "h6"),
}
HEADINGS = {f"h{level}": level for level in range(1, 7)}
NOTES = ("footnote", "endnote", "rearnote", "noteref", "pagebreak")
SELF_CLOSED = re.compile(
    r"<(title|script|style|textarea|iframe|noscript|noembed|noframes|xmp|a|span|div|p|i|b|em)(\s[^<>]*)?/>",
    re.IGNORECASE,
)
"""XHTML's, which HTML takes for the beginning of something that swallows the rest."""


@dataclass(frozen=True)
class Paragraph:
    text: str
    level: int = 0
    """Of a heading, 1 to 6."""


@dataclass(frozen=True)
class Anchor:
    """Where something that is pointed to begins."""

    name: str


def read_markup(markup: str, anchors: Collection[str] = ()) -> Iterator[Paragraph | Anchor]:
    """In reading order. Without recursion: what is nested without end is bounded by the process's time alone."""
    words: list[str] = []
    level = 0

    def flush() -> Iterator[Paragraph]:
        text = re.sub(r"[ \t\r\n\f\xa0]+", " ", "".join(words)).replace(" \v ", "\v").replace("\v", "\n")
        words.clear()
        if text.strip():
            yield Paragraph(text.strip(), level)

    node: Any = LexborHTMLParser(SELF_CLOSED.sub(r"<\1\2></\1>", markup)).root
    stack = [(node, False)] if node is not None else []
    while stack:
        node, is_left = stack.pop()
        tag = node.tag or ""
        if is_left:
            yield from flush()
            level = 0 if tag in HEADINGS else level
            continue
        if (following := node.next) is not None:
            stack.append((following, False))
        if tag == "-text":
            words.append(node.text_content or "")
            continue
        if tag.startswith(("-", "!", "_")) or tag in NOT_READ:
            continue
        attributes = node.attributes
        if (name := attributes.get("id") or attributes.get("name")) and name in anchors:
            yield from flush()
            yield Anchor(name)
        if not is_read(tag, attributes, node):
            continue
        if tag in ("td", "th"):
            while words and not words[-1].strip():
                words.pop()
            words += [", "] if words else []
        elif tag == "br":
            words.append("\v")
        elif tag in BLOCKS:
            yield from flush()
            level = HEADINGS.get(tag, level)
            stack.append((node, True))
        if (child := node.child) is not None:
            stack.append((child, False))
    yield from flush()


def is_read(tag: str, attributes: dict[str, str | None], node: Any) -> bool:
    if "hidden" in attributes:
        return False
    kind = f"{attributes.get('epub:type') or ''} {attributes.get('role') or ''}".replace("doc-", "")
    if any(each in kind for each in NOTES):
        return False
    if tag == "pre":  # a program; a poem has no element for code in it
        return not (node.child is not None and node.child.tag == "code")
    if tag == "sup":  # the number of a note
        return not (node.text(deep=True).strip(" \n[]()*†‡").isdigit() or node.css_first("a") is not None)
    return True


def split_by_headings(paragraphs: Iterable[Paragraph | Anchor], max_chars: int) -> tuple[Chapters, str]:
    """Chapters, and the title of the whole where a first heading stands alone above those of the chapters.

    They begin at headings of the highest level of which there are two, and at those above it.
    """
    found = [each for each in paragraphs if isinstance(each, Paragraph)]
    counts = [sum(each.level == level for each in found) for level in range(1, 7)]
    level = next((index + 1 for index, count in enumerate(counts) if count > 1), 6)
    chapters = Chapters(max_chars)
    for paragraph in found:
        is_heading = 0 < paragraph.level <= level
        if is_heading:
            chapters.begin(paragraph.text)
        chapters.add(paragraph.text, is_heading=is_heading)
    first = next((each for each in found if each.level), None)
    return chapters, first.text if first and first is found[0] and first.level < level else ""
