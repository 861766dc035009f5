"""What the source says to people: what is marked for translation, and what is not."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from django.template import NodeList
from django.template.base import FilterExpression, Node
from django.template.loader import get_template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils.functional import Promise

PROJECT = Path(__file__).parents[2]
TEMPLATES = PROJECT / "templates"
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
UNSEEN = {"Http404", "BadRequest", "error_response", "ConnectionError", "UnsupportedOperation", "ValueError"}
"""Whose words no page shows: the last three are for programmers."""
LOGGING = {"debug", "info", "warning", "error", "exception", "log"}


@dataclass(frozen=True)
class Message:
    text: str
    plural: str = ""


@dataclass(frozen=True)
class Sentence:
    """In Python, with a 7 for every value."""

    text: str
    place: str
    is_marked: bool


def python_files(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in sorted((PROJECT / room).rglob("*.py"))]


def name_of(call: ast.AST) -> str:
    function = getattr(call, "func", None)
    return str(getattr(function, "id", None) or getattr(function, "attr", ""))


def marked_in_python(path: Path) -> Iterator[Message]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and name_of(node) in MARKS:
            texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if texts:
                yield Message(*texts[: 2 if name_of(node).startswith("n") else 1])


def nodes_of(nodes: NodeList) -> Iterator[Node]:
    """In a template, at any depth."""
    for node in nodes:
        yield node
        for attribute in ("nodelist", *getattr(node, "child_nodelists", ())):
            yield from nodes_of(getattr(node, attribute, None) or NodeList())


def marked_in_template(path: Path) -> Iterator[Message]:
    template = get_template(str(path.relative_to(TEMPLATES))).template
    for node in nodes_of(template.nodelist):
        if isinstance(node, TranslateNode):
            yield Message(node.filter_expression.var.literal)
        elif isinstance(node, BlockTranslateNode):
            singular, plural = (node.render_token_list(tokens)[0] for tokens in (node.singular, node.plural))
            yield Message(singular, plural)
        for value in getattr(node, "extra_context", {}).values():
            if isinstance(value, FilterExpression) and isinstance(value.var, Promise):
                yield Message(str(value.var))


def sentences(path: Path) -> Iterator[Sentence]:
    """What could be said to somebody: no documentation, no line of a log."""
    tree = ast.parse(path.read_text())
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        text = text_of(node)
        if not re.match(r"(?s)[A-Z“7].* .*[.?!…]\W?$", text) or isinstance(
            parents[node], ast.Expr | ast.JoinedStr
        ):
            continue
        around = list(ancestors(node, parents))
        if any(name_of(each) in UNSEEN for each in around):
            continue
        if any(name_of(each) in LOGGING and "logger" in ast.unparse(each)[:8] for each in around):
            continue
        if any(
            isinstance(each, ast.keyword) and each.arg == "help_text" for each in around
        ) and "models" in str(path):
            continue
        marks = any(isinstance(each, ast.Call) and name_of(each) in MARKS for each in around)
        yield Sentence(text, f"{path.relative_to(PROJECT)}:{node.lineno}", marks)


def ancestors(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    while node in parents:
        node = parents[node]
        yield node


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "7" for each in node.values)
    return ""


class Words(HTMLParser):
    """What of a page somebody reads or hears."""

    SPOKEN = ("aria-label", "placeholder", "title", "alt", "content")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.is_code = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.is_code = tag in ("code", "kbd")
        for name, value in attributes:
            is_spoken = name in self.SPOKEN and tag != "meta"
            is_sentence = name.startswith("data-") and re.match(r"[A-Z]\w+ \w", value or "")
            if value and (is_spoken or is_sentence):
                self.found.append(value)

    def handle_endtag(self, tag: str) -> None:
        self.is_code = False

    def handle_data(self, data: str) -> None:
        if not self.is_code:
            self.found.append(data)


def unmarked_in_template(path: Path) -> list[str]:
    text = path.read_text()
    text = re.sub(r"(?s){% comment %}.*?{% endcomment %}|{#.*?#}", "", text)
    text = re.sub(r"(?s){% blocktranslate\b.*?{% endblocktranslate %}", "", text)
    text = re.sub(r"(?s){%.*?%}|{{.*?}}", "", text)
    text = re.sub(r'[\w-]+=""', "", text)
    words = Words()
    words.feed(text)
    return [each.strip() for each in words.found if re.search(r"[^\W\d_]{2}", each)]
