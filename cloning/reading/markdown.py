"""Markdown, by way of the HTML that it becomes. Programs in it are left out; tables are read row by row."""

import re

from markdown_it import MarkdownIt

from cloning.reading.document import Document, clean_title
from cloning.reading.markup import read_markup, split_by_headings
from cloning.reading.plain import decode

FRONT_MATTER = re.compile(r"\A---\n(?:[^\n]*\n){0,200}?(?:---|\.\.\.)\n")


def read_markdown(content: bytes, max_chars: int) -> Document:
    text = decode(content).replace("\r\n", "\n")
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    chapters, title = split_by_headings(read_markup(parser.render(FRONT_MATTER.sub("", text))), max_chars)
    return Document(chapters.finish(), title=clean_title(title))
