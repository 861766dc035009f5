"""A page as a test looks at it."""

from html.parser import HTMLParser
from typing import Any

HTMX = {"HX-Request": "true"}

ATTACK = "<script>alert(1)</script>"


class Page(HTMLParser):
    """What of a page a test looks at: controls, labels, and texts by element id."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.controls: list[dict[str, str | None]] = []
        self.label_targets: set[str | None] = set()
        self.ids: list[str] = []
        self.forms: dict[str, dict[str, str | None]] = {}
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(response.content.decode())

    def control_of_value(self, value: str) -> dict[str, str | None]:
        return next(control for control in self.controls if control.get("value") == value)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("input", "select", "textarea", "audio", "progress") and found.get("type") != "hidden":
            self.controls.append({"tag": tag, **found})
        if tag == "form":
            self.forms[found.get("id") or ""] = found
        if tag == "label":
            self.label_targets.add(found["for"])
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag not in ("input", "meta", "link", "img", "path", "use", "br"):
            self._open.append(str(found.get("id", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "use") and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for name in filter(None, self._open):
            self.texts[name] = self.texts.get(name, "") + data
