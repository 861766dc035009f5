"""Books of every kind, read by the process that reads them on a site."""

from dataclasses import replace

import ebooklib
import pytest
from ebooklib import epub

from cloning.errors import GenerationError
from cloning.reading import document, read_document, starting
from cloning.reading.epub import read_epub
from cloning.reading.markdown import read_markdown
from cloning.reading.plain import read_plain
from cloning.tests.reading.books import CONTAINER, PNG, make_epub, pack, pack_book

MOST = 100_000
TITLES = ["Setting out", "On the road", "Home"]


@pytest.fixture
def read_bytes(tmp_path):
    def read(content: bytes, max_chars: int = MOST) -> document.Document:
        (tmp_path / "book").write_bytes(content)
        return read_epub(tmp_path / "book", max_chars)

    return read


def test_an_epub_of_another_library_has_its_chapters_and_what_it_says_of_itself(tmp_path) -> None:
    bodies = [(title, f"<p>This is {title}.</p><p>It&nbsp;goes <em>on</em>.</p>") for title in TITLES]
    path = make_epub(tmp_path / "book.epub", bodies)
    found = read_document(path, ".epub", MOST)
    assert [each.title for each in found.chapters] == TITLES
    assert found.chapters[1].text == "On the road\n\nThis is On the road.\n\nIt goes on."
    assert (found.title, found.author, found.language) == ("The Long Way", "Ada Writer", "en-GB")
    assert found.cover == document.Cover(PNG, ".png")
    theirs = epub.read_epub(str(path)).get_items_of_type(ebooklib.ITEM_DOCUMENT)
    texts = [each.get_body_content().decode() for each in theirs if "part" in each.get_name()]
    assert all(
        title in text for title, text in zip(TITLES, texts, strict=True)
    )  # in the order that they read it in


def test_one_file_is_cut_where_the_contents_point(read_bytes) -> None:
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        '<item id="n" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        '<item id="a" href="t/a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine toc="n"><itemref idref="a"/></spine></package>'
    )
    points = "".join(
        f'<navPoint><navLabel><text>{title}</text></navLabel><content src="t/a.xhtml#c{index}"/></navPoint>'
        for index, title in enumerate(TITLES)
    )
    ncx = (
        '<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
        f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
    )
    body = "".join(f'<div><a id="c{index}"/><p>Text {index}.</p></div>' for index in range(3))
    found = read_bytes(
        pack(
            {
                "META-INF/container.xml": CONTAINER.format(path="o/book.opf"),
                "o/book.opf": package,
                "o/toc.ncx": ncx,
                "o/t/a.xhtml": f"<html><body>{body}</body></html>",
            }
        )
    )
    assert [(each.title, each.text) for each in found.chapters] == [
        (title, f"Text {index}.") for index, title in enumerate(TITLES)
    ]


def test_what_is_to_be_looked_at_is_not_read(read_bytes) -> None:
    body = (
        "<p>Rain<sup><a href='#n'>1</a></sup> fell.<br/>Hard.</p><script>x()</script>"
        "<aside epub:type='footnote'>Note</aside>"
        "<table><tr><td>Day</td><td>Rain</td></tr><tr><td>Monday</td><td>much</td></tr></table>"
        "<pre><code>print(1)</code></pre><p hidden='hidden'>Not this</p><img alt='a picture'/>"
    )
    [chapter] = read_bytes(pack_book(body)).chapters
    assert chapter.text == "Rain fell.\nHard.\n\nDay, Rain\n\nMonday, much"


def test_markdown_is_read_as_people_see_it() -> None:
    text = (
        "---\ntitle: x\n---\n# The Book\n\n## One\n\nA [link](http://example.org) and `code`.\n\n```py\nx = 1\n```\n\n"
        "### Within\n\n| a | b |\n|---|---|\n| c | d |\n\n## Two\n\n- first\n- **second**\n"
    )
    found = read_markdown(text.encode(), MOST)
    assert [each.title for each in found.chapters] == ["One", "Two"]
    assert found.chapters[0].text == "The Book\n\nOne\n\nA link and code.\n\nWithin\n\na, b\n\nc, d"
    assert found.chapters[1].text == "Two\n\nfirst\n\nsecond"
    assert found.title == "The Book"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("Chapter 1\n\nIt began.\n\nChapter 2. The End\n\nIt ended.", ["Chapter 1", "Chapter 2. The End"]),
        ("Kapitel I\r\n\r\nEs begann.\r\n\r\nEpilog\r\n\r\nEs endete.", ["Kapitel I", "Epilog"]),
        ("It began.\n\fIt ended.", ["", ""]),
        ("Part of it was lost.\n\nPart of it was found.", [""]),
        ("Contents\n\nChapter 1\n\nChapter 2\n\nChapter 1\n\nText.", ["", "Chapter 1"]),
    ],
)
def test_chapters_of_plain_text(text, titles) -> None:
    assert [each.title for each in read_plain(text.encode(), MOST).chapters] == titles


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_how_a_text_is_written_makes_no_difference(encoding) -> None:
    [chapter] = read_plain("Grüße aus Köln".encode(encoding), MOST).chapters
    assert chapter.text == "Grüße aus Köln"


def encrypted(algorithm: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        f'<e:EncryptedData><e:EncryptionMethod Algorithm="{algorithm}"/></e:EncryptedData></encryption>'
    )


def test_a_protected_book_is_refused_and_one_with_scrambled_fonts_is_not(read_bytes) -> None:
    name = "META-INF/encryption.xml"
    protected = pack_book(**{name: encrypted("http://www.w3.org/2001/04/xmlenc#aes128-cbc")})
    with pytest.raises(GenerationError, match="copy-protected") as refused:
        read_bytes(protected)
    assert refused.value.code == "book_protected"
    assert read_bytes(pack_book(**{name: encrypted("http://www.idpf.org/2008/embedding")})).chapters


BILLION = (
    '<!DOCTYPE package [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<package><metadata><title>&b;</title></metadata></package>"
)
HOSTILE = {
    "no zip": (b"PK\x03\x04" + b"\0" * 100, "book_unreadable"),
    "empty zip": (pack({}), "book_unreadable"),
    "entities": (pack_book(**{"book.opf": BILLION}), "book_unreadable"),
    "a way out": (
        pack_book(**{"META-INF/container.xml": CONTAINER.format(path="../../../etc/passwd")}),
        "book_unreadable",
    ),
    "a bomb": (pack_book(**{"a.xhtml": bytes(20 * 1024**2)}), "book_too_long"),
    "too much text": (pack_book("<p>word </p>" * 30_000), "book_too_long"),
    "no words": (pack_book("<p>—</p>"), "book_unreadable"),
    "broken inside": (pack_book()[:-300] + b"\0" * 300, "book_unreadable"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_attackers_send_is_an_error_that_says_why(name, tmp_path) -> None:
    content, code = HOSTILE[name]
    (tmp_path / "upload").write_bytes(content)
    with pytest.raises(GenerationError) as refused:
        read_document(tmp_path / "upload", ".epub", MOST)
    assert refused.value.code == code


def test_what_takes_too_long_is_ended(tmp_path, monkeypatch) -> None:
    """Elements in each other without an end take a time that grows with the square of their number."""
    monkeypatch.setattr(starting, "BOUNDS", replace(starting.BOUNDS, cpu_seconds=1))
    (tmp_path / "upload").write_bytes(pack_book("<div>" * 300_000))
    with pytest.raises(GenerationError) as refused:
        read_document(tmp_path / "upload", ".epub", MOST)
    assert refused.value.code == "book_unreadable"


SUBTITLES = (
    "1\n00:00:05,000 --> 00:00:06,500\n<i>Second</i>\nline\n\n2\n00:00:01,000 --> 00:00:02,000\nFirst\n\n"
    "3\n00:00:09,000 --> 00:00:10,000\n♪♪\n"
)


def test_subtitles_come_in_the_order_of_their_times(tmp_path) -> None:
    (tmp_path / "upload").write_text(SUBTITLES)
    [chapter] = read_document(tmp_path / "upload", ".srt", MOST).chapters
    assert chapter.cues == [document.Cue(1.0, 2.0, "First"), document.Cue(5.0, 6.5, "Second line")]


@pytest.mark.parametrize("content", [b"", b"no times", b"\0" * 1000, b"1\n99:99:99,999 --> x\n" * 1000])
def test_what_is_no_subtitles_is_refused(content, tmp_path) -> None:
    (tmp_path / "upload").write_bytes(content)
    with pytest.raises(GenerationError) as refused:
        read_document(tmp_path / "upload", ".srt", MOST)
    assert refused.value.code == "book_unreadable"


def test_subtitles_that_begin_next_week_store_no_silence(tmp_path) -> None:
    (tmp_path / "upload").write_text("1\n99:00:00,000 --> 99:00:01,000\nLate\n")
    with pytest.raises(GenerationError) as refused:
        read_document(tmp_path / "upload", ".srt", MOST)
    assert refused.value.code == "book_too_long"
