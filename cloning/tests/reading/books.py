"""Books of tests, made by other people's library, and what attackers send."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

from ebooklib import epub


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG = b"".join(
    (
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", struct.pack(">2I5B", 8, 8, 8, 2, 0, 0, 0)),
        chunk(b"IDAT", zlib.compress(8 * (b"\0" + 8 * b"\x20\x40\x80"))),
        chunk(b"IEND", b""),
    )
)
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="{path}" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def make_epub(path: Path, chapters: list[tuple[str, str]], *, cover: bytes = PNG) -> Path:
    """By EbookLib: titles and bodies."""
    book = epub.EpubBook()
    book.set_identifier("a-test")
    book.set_title("The Long Way")
    book.set_language("en-GB")
    book.add_author("Ada Writer")
    if cover:
        book.set_cover("cover.png", cover, create_page=False)
    items = []
    for number, (title, body) in enumerate(chapters, 1):
        item = epub.EpubHtml(title=title, file_name=f"text/part {number}.xhtml", lang="en")
        item.content = f"<html><head><title/></head><body><h1>{title}</h1>{body}</body></html>"
        book.add_item(item)
        items.append(item)
    book.toc = tuple(items)
    book.spine = ["nav", *items]
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    epub.write_epub(str(path), book)
    return path


def pack(members: dict[str, bytes | str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def pack_book(body: str = "<p>Hello there.</p>", **others: bytes | str) -> bytes:
    """An EPUB 2 of one file, with other members over its own."""
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>Small</dc:title></metadata><manifest>"
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>'
    )
    members = {
        "META-INF/container.xml": CONTAINER.format(path="book.opf"),
        "book.opf": package,
        "a.xhtml": f"<html><body>{body}</body></html>",
    }
    return pack(members | others)
