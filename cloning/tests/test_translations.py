"""The catalogues of the languages of the page: complete, compiled, and of what the source says."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation

from cloning.forms.messages import LANGUAGE_NAMES, in_page_language, translate
from cloning.tests.catalogues import (
    PROJECT,
    TEMPLATES,
    marked_in_python,
    marked_in_template,
    python_files,
    sentences,
    unmarked_in_template,
)
from cloning.text import LANGUAGES

TRANSLATED = [code for code, _name in settings.LANGUAGES if code != "en"]
PLACEHOLDERS = re.compile(r"%\(\w+\)[.\d]*[a-z]|\{\w+\}|</?\w[^>]*>")
PAGES = sorted(path for path in TEMPLATES.rglob("*") if path.suffix in (".html", ".txt"))  # .txt: mails
SCRIPTS = sorted(path for path in (PROJECT / "static").glob("*.js") if path.name != "app.js")

ROOMS_WITHOUT_LANGUAGES = (
    "audio",
    "text",
    "engines",
    "storage",
    "jobs",
    "server",
    "coach",
    "provenance",
    "reading",
)
FOR_OPERATORS = (
    "engines/xtts/fetch.py", "engines/xtts/weights.py", "engines/xtts/linear.py", "engines/xtts/gpt.py",
    "engines/preview/kokoro.py", "jobs/backups.py", "jobs/fleet/worker.py", "jobs/signing.py",
)  # fmt: skip
SPOKEN = (
    "text/samples.py", "text/notices.py", "text/statements.py", "text/reading_scripts.py", "text/normalising/",
    "engines/preview/espeak_voice.py", "engines/preview/search.py",
)  # fmt: skip


def catalogue(language: str, ending: str) -> Path:
    return PROJECT / "cloning" / "locale" / language / "LC_MESSAGES" / f"django.{ending}"


def texts_of(entry: polib.POEntry | polib.MOEntry) -> list[str]:
    return [entry.msgstr_plural[form] for form in sorted(entry.msgstr_plural)] or [entry.msgstr]


@cache
def marked() -> set[tuple[str, str]]:
    sources = [path for path in python_files("cloning") if "tests" not in path.parts]
    found = [message for path in sources for message in marked_in_python(path)]
    found += [message for path in PAGES for message in marked_in_template(path)]
    return {(message.text, message.plural) for message in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_of_the_source_is_translated_and_no_other(language):
    known = {(entry.msgid, entry.msgid_plural) for entry in polib.pofile(str(catalogue(language, "po")))}
    wanted = marked()
    wanted = wanted - {
        (text, "") for text, plural in wanted if plural
    }  # marked with and without a count: one entry
    assert sorted(wanted - known) == [], "run `make messages` and translate these"
    assert sorted(known - wanted) == [], "run `make messages`: nothing says these any more"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_missing_uncertain_or_of_other_values(language):
    wrong = []
    for entry in polib.pofile(str(catalogue(language, "po"))):
        texts = texts_of(entry)
        if entry.obsolete or entry.fuzzy or not all(text.strip() for text in texts):
            wrong.append(entry.msgid)
        for original, text in zip([entry.msgid, entry.msgid_plural], texts, strict=False):
            if Counter(PLACEHOLDERS.findall(original)) != Counter(PLACEHOLDERS.findall(text)):
                wrong.append(text)
        if '"' not in entry.msgid and any('"' in text for text in texts):  # they stand in attributes, too
            wrong.append(entry.msgid)
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_the_written_one(language):
    compiled, written = (
        {(entry.msgid, entry.msgid_plural): texts_of(entry) for entry in entries}
        for entries in (
            polib.mofile(str(catalogue(language, "mo"))),
            polib.pofile(str(catalogue(language, "po"))),
        )
    )
    assert compiled == written, "run `make messages`"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_template_says_nothing_that_is_not_marked(path):
    allowed = {
        "Good morning. The train to Edinburgh leaves from platform four at half past nine."
    }  # is spoken
    assert set(unmarked_in_template(path)) - allowed == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_script_says_nothing_of_its_own(path):
    code = re.sub(r"(?m)^\s*//.*$|\s// .*$", "", path.read_text())
    code = re.sub(r"\$\{[^{}]*\}", "", code)
    literals = [match[2] for match in re.finditer(r"""(["'`])((?:\\.|(?!\1)[^\n\\])*)\1""", code)]
    said = [text for text in literals if re.match(r"[A-Z][a-z']* [a-z]", text)]
    said += re.findall(
        r"""(?:textContent|title|label|alt) ?[=:] ?["'`]([^"'`]*[A-Za-z]{2}[^"'`]*)["'`]""", code
    )
    assert said == []


@pytest.mark.parametrize("path", python_files("cloning/forms", "cloning/views"), ids=lambda path: path.name)
def test_forms_and_views_say_nothing_that_is_not_marked(path):
    assert [f"{each.place}: {each.text}" for each in sentences(path) if not each.is_marked] == []


def is_known(text: str) -> bool:
    """The last value may be a sentence itself."""
    return bool(translate(text) or translate(text.removesuffix(" 7.")))


def test_what_other_rooms_say_is_known():
    said = [
        each
        for path in python_files(*(f"cloning/{room}" for room in ROOMS_WITHOUT_LANGUAGES))
        if not any(part in str(path) for part in (*FOR_OPERATORS, *SPOKEN))
        for each in sentences(path)
        if not each.is_marked
    ]
    assert len(said) > 80
    with translation.override("de"):
        assert [
            f"{each.place}: {each.text}"
            for each in said
            if not (translate(each.text) or translate(each.text.removesuffix(" 7.")))
        ] == []


def test_languages_have_names_in_sentences():
    assert set(LANGUAGE_NAMES) == set(LANGUAGES.values())


def test_message_of_a_row_is_shown_in_the_language_of_the_page():
    message = "Only 0.52 s of the clip is sound, the rest is silence; at least 1 s is needed."
    assert in_page_language(message) == message
    with translation.override("de"):
        assert in_page_language(message).startswith("Nur 0,52 s des Clips")
        two = "We hear music or tones in the reference, but no voice. The clip is silent."
        assert in_page_language(two).endswith("Der Clip ist stumm.")
        assert in_page_language("What an older version said.") == "What an older version said."
        assert in_page_language("The clip is " * 50_000) == "The clip is " * 50_000
