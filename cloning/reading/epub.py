"""EPUB 2 and 3. Nothing in it is ever a path on a disk, and what is read is bounded before it is read.

Chapters are what the table of contents names, to its second level; without one, each file of the reading order.
"""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from cloning.errors import ErrorCode, GenerationError
from cloning.reading.document import Chapters, Cover, Document, clean_title
from cloning.reading.markup import Anchor, Paragraph, read_markup, split_by_headings

MAX_MEMBERS = 10_000
MAX_MEMBER_BYTES = 16 * 1024**2
MAX_ALL_BYTES = 64 * 1024**2
MAX_COVER_BYTES = 8 * 1024**2
MAX_TOC_DEPTH = 2
MAX_TOC_ENTRIES = 5_000
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, OverflowError, RuntimeError),
    *(ValueError, struct.error, ParseError, DefusedXmlException, LookupError),
)
"""What readers of archives and of XML raise for what they can't read."""
FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Fonts are scrambled in books that anybody may read."""
COVERS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n": ".png"}


@dataclass(frozen=True)
class Item:
    name: str
    media_type: str
    properties: str


@dataclass(frozen=True)
class Contents:
    """An entry of the table of contents."""

    file: str
    anchor: str
    title: str


class Archive:
    def __init__(self, source: Path) -> None:
        self._zip = zipfile.ZipFile(source)
        self._left = MAX_ALL_BYTES
        if len(self._zip.infolist()) > MAX_MEMBERS:
            raise unreadable()

    def has(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def read(self, name: str, max_bytes: int = MAX_MEMBER_BYTES) -> bytes:
        """Whatever the directory claims of its size."""
        with self._zip.open(name) as member:
            content = member.read(min(max_bytes, self._left) + 1)
        if len(content) > min(max_bytes, self._left):
            raise GenerationError(ErrorCode.BOOK_TOO_LONG, "What is packed in this file is too large.")
        self._left -= len(content)
        return content

    def read_xml(self, name: str) -> Element:
        root: Element = fromstring(self.read(name))
        return root


def read_epub(source: Path, max_chars: int) -> Document:
    """Raises GenerationError."""
    try:
        archive = Archive(source)
        require_unprotected(archive)
        return Package(archive).read(max_chars)
    except BROKEN as error:
        raise unreadable() from error


def unreadable() -> GenerationError:
    return GenerationError(ErrorCode.BOOK_UNREADABLE, "The file is damaged, or no EPUB.")


def require_unprotected(archive: Archive) -> None:
    name = "META-INF/encryption.xml"
    if not archive.has(name):
        return
    methods = [
        each.get("Algorithm", "")
        for data in children_named(archive.read_xml(name), "EncryptedData")
        for each in children_named(data, "EncryptionMethod")
    ]
    if any(method not in FONTS for method in methods):
        raise GenerationError(
            ErrorCode.BOOK_PROTECTED, "The book is copy-protected (DRM), so that it can't be read out."
        )


class Package:
    """What the OPF file says."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        container = archive.read_xml("META-INF/container.xml")
        paths = [each.get("full-path", "") for each in children_named(container, "rootfile")]
        self._path = paths[0]
        self._root = archive.read_xml(self._path)
        self._items: dict[str, Item] = {}
        for each in children_named(self._root, "item"):
            name = resolve(self._path, each.get("href", ""))
            self._items[each.get("id", "")] = Item(
                name, each.get("media-type", ""), each.get("properties", "")
            )

    def read(self, max_chars: int) -> Document:
        return Document(
            self.read_chapters(max_chars),
            title=self.describe("title"),
            author=self.describe("creator"),
            language=self.describe("language")[:20],
            cover=self.find_cover(),
        )

    def describe(self, name: str) -> str:
        found = next(iter(children_named(self._root, name)), None)
        return clean_title("".join(found.itertext())) if found is not None else ""

    def list_files(self) -> list[str]:
        """In reading order."""
        spine = children_named(self._root, "itemref")
        ids = [each.get("idref", "") for each in spine if each.get("linear", "yes") != "no"]
        items = [self._items[each] for each in dict.fromkeys(ids) if each in self._items]
        return [
            each.name
            for each in items
            if "html" in each.media_type
            and "nav" not in each.properties.split()
            and self._archive.has(each.name)
        ]

    def read_chapters(self, max_chars: int) -> list[Any]:
        files = self.list_files()
        contents = [each for each in self.list_contents() if each.file in files]
        if not contents and len(files) == 1:
            return split_by_headings(self.read_file(files[0], {}), max_chars)[0].finish()
        chapters = Chapters(max_chars)
        for file in files:
            anchors = {each.anchor: each.title for each in reversed(contents) if each.file == file}
            if "" in anchors or not contents:
                chapters.begin(anchors.get("") or self.first_heading(file) * (not contents))
            for each in self.read_file(file, anchors):
                if isinstance(each, Anchor):
                    chapters.begin(anchors[each.name])
                else:
                    chapters.add(each.text, is_heading=bool(each.level))
        return chapters.finish()

    def read_file(self, name: str, anchors: dict[str, str]) -> Iterator[Paragraph | Anchor]:
        return read_markup(decode_markup(self._archive.read(name)), set(anchors) - {""})

    def first_heading(self, name: str) -> str:
        found = (each for each in self.read_file(name, {}) if isinstance(each, Paragraph) and each.level)
        heading = next(found, None)
        return heading.text if heading else ""

    def list_contents(self) -> list[Contents]:
        """Of EPUB 3's navigation, else of EPUB 2's; none where there is neither, or it can't be read."""
        for item in self._items.values():
            if "nav" in item.properties.split() and self._archive.has(item.name):
                try:
                    return list(read_navigation(item.name, self._archive.read_xml(item.name)))
                except (ParseError, DefusedXmlException):
                    break
        for item in self._items.values():
            if item.media_type == "application/x-dtbncx+xml" and self._archive.has(item.name):
                return list(read_ncx(item.name, self._archive.read_xml(item.name)))
        return []

    def find_cover(self) -> Cover | None:
        named = {
            each.get("content", "")
            for each in children_named(self._root, "meta")
            if each.get("name") == "cover"
        }
        for key, item in self._items.items():
            if "cover-image" in item.properties.split() or key in named:
                if not self._archive.has(item.name):
                    continue
                try:
                    content = self._archive.read(item.name, MAX_COVER_BYTES)
                except GenerationError:  # a book is read without it
                    return None
                suffix = next((COVERS[each] for each in COVERS if content.startswith(each)), None)
                return Cover(content, suffix) if suffix else None
        return None


def read_navigation(base: str, root: Element) -> Iterator[Contents]:
    navs = [each for each in root.iter() if local_name(each) == "nav"]
    tocs = [each for each in navs if "toc" in (each.get("{http://www.idpf.org/2007/ops}type") or "").split()]
    for nav in (tocs or navs)[:1]:
        for ordered in children_of(nav, "ol")[:1]:
            yield from read_list(base, ordered, 1)


def read_list(base: str, ordered: Element, depth: int) -> Iterator[Contents]:
    for entry in children_of(ordered, "li")[:MAX_TOC_ENTRIES]:
        for link in children_of(entry, "a")[:1]:
            yield point_to(base, link.get("href", ""), "".join(link.itertext()))
        if depth < MAX_TOC_DEPTH:
            for inner in children_of(entry, "ol")[:1]:
                yield from read_list(base, inner, depth + 1)


def read_ncx(base: str, root: Element) -> Iterator[Contents]:
    for navigation in children_named(root, "navMap")[:1]:
        yield from read_points(base, navigation, 1)


def read_points(base: str, parent: Element, depth: int) -> Iterator[Contents]:
    for point in children_of(parent, "navPoint")[:MAX_TOC_ENTRIES]:
        labels, contents = children_of(point, "navLabel"), children_of(point, "content")
        if labels and contents:
            yield point_to(base, contents[0].get("src", ""), "".join(labels[0].itertext()))
        if depth < MAX_TOC_DEPTH:
            yield from read_points(base, point, depth + 1)


def point_to(base: str, href: str, title: str) -> Contents:
    file, anchor = urldefrag(href)
    return Contents(resolve(base, file), unquote(anchor), clean_title(title))


def resolve(base: str, href: str) -> str:
    """The name of a member, as another names it. One that leads out of the archive is none that it has."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(urldefrag(href)[0])))


def local_name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def children_named(root: Element, name: str) -> list[Element]:
    """At any depth."""
    return [each for each in root.iter() if local_name(each) == name]


def children_of(parent: Element, name: str) -> list[Element]:
    return [each for each in parent if local_name(each) == name]


def decode_markup(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    declaration = content[:200].decode("ascii", "replace")
    if "encoding=" in declaration:
        name = declaration.partition("encoding=")[2][1:].partition(declaration.partition("encoding=")[2][:1])[
            0
        ]
        try:
            return content.decode(name, "replace")
        except LookupError:
            pass
    return content.decode("utf-8-sig", "replace")
