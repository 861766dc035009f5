"""Many texts at once: a table as CSV, or a JSON object a line. All rows are checked before any is stored."""

import csv
import io
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.askers import WithUser
from cloning.forms.cast import find_cast_voice
from cloning.forms.errors import form_errors
from cloning.forms.generations import GenerationForm
from cloning.forms.members import read_generation_fields, read_member
from cloning.forms.texts import PlainTextField
from cloning.jobs.batches.changes import MAX_ROWS
from cloning.models import MAX_BATCH_NAME_CHARS, Batch, Channel, Generation, Voice, choose_owner

MAX_BATCH_BYTES = 2 * 1024**2
MAX_ERRORS = 20
"""After so many the rest is not looked at."""
COLUMNS = ("voice", "text", "language", "format", "speed", "temperature", "seed", "name")
DELIMITERS = ",;\t"

AnyVoice = Voice | StockVoice | None

checking = threading.BoundedSemaphore(1)
"""A thousand rows take a second or more, in which this process answers others slowly."""


@dataclass(frozen=True)
class RowError:
    line: int
    field: str | None
    code: ErrorCode
    message: str

    @property
    def sentence(self) -> str:
        values = {"line": self.line, "field": self.field, "message": self.message}
        if self.field:
            return _("Line %(line)s, %(field)s: %(message)s") % values
        return _("Line %(line)s: %(message)s") % values


class BatchRowForm(GenerationForm):
    """One text, spoken by a voice that is named or given by its id."""

    def __init__(self, data: Mapping[str, str], voices: dict[str, AnyVoice], **kwargs: Any) -> None:
        super().__init__({name: value for name, value in data.items() if name != "voice"}, **kwargs)
        self._asked, self._voices = data.get("voice", ""), voices

    def check_one_voice(self, cleaned: dict[str, Any]) -> None:
        asked = self._asked.strip()
        if asked not in self._voices:  # most rows have the same few
            self._voices[asked] = find_cast_voice(asked, self.user) if asked else None
        cleaned["voice"] = self._voices[asked]
        if not asked:
            self.add_error("voice", ValidationError(_("Say which voice speaks it."), code="voice_unknown"))
        elif cleaned["voice"] is None:
            message = _("There is no such voice; it may have been deleted.")
            self.add_error("voice", ValidationError(message, code="voice_unknown"))

    def require_room(self) -> None:
        """Rows wait outside of the queue."""


class BatchForm(WithUser, forms.Form):
    """A file of rows and what the batch is called. Once valid, `batch` and `rows` are what `hand_in` takes.

    What is wrong with rows is in `row_errors`. `is_valid` raises GenerationError (SERVER_BUSY).
    """

    file = forms.FileField(
        label=gettext_lazy("Table"),
        required=False,
        allow_empty_file=True,  # whose fault is found below
        help_text=gettext_lazy(
            "CSV with a first line of names: voice, text and, if you like, language, format, speed, temperature, seed, "
            "name. Or a JSON object a line."
        ),
        widget=forms.FileInput({"accept": ".csv,.tsv,.jsonl,.ndjson,.json,.txt"}),
    )
    name = PlainTextField(
        label=gettext_lazy("Name"),
        required=False,
        widget=forms.TextInput(
            attrs={"dir": "auto", "autocomplete": "off", "maxlength": MAX_BATCH_NAME_CHARS}
        ),
    )

    def __init__(
        self,
        *args: Any,
        content: bytes | None = None,
        objects: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """`content` is that of the file, where none was uploaded; or there are objects in place of lines."""
        super().__init__(*args, **kwargs)
        self._content, self._objects = content, objects
        self.rows: list[Generation] = []
        self.row_errors: list[RowError] = []
        self.batch = Batch(owner=choose_owner(self.user))

    def clean_name(self) -> str:
        value: str = self.cleaned_data["name"]
        if len(value) > MAX_BATCH_NAME_CHARS:
            message = _("At most %(most)s characters.") % {"most": MAX_BATCH_NAME_CHARS}
            raise ValidationError(message, code="name_too_long")
        return value

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if self.errors:
            return cleaned
        self.batch.name = cleaned["name"]
        if not checking.acquire(blocking=False):
            message = _("Another batch is being looked at. Try again in a few seconds.")
            raise GenerationError(ErrorCode.SERVER_BUSY, message)
        try:
            self.check_rows(self.read_rows(cleaned.get("file")))
        except ValidationError as error:
            self.add_error("file", error)
        except GenerationError as error:
            self.add_error("file", ValidationError(str(error), code=error.code))
        finally:
            checking.release()
        if self.row_errors:
            first = self.row_errors[0]
            self.add_error("file", ValidationError(first.sentence, code="batch_invalid"))
        return cleaned

    def read_rows(self, uploaded: Any) -> Iterator[tuple[int, dict[str, str]]]:
        if self._objects is not None:
            return ((number, read_object(each, number)) for number, each in enumerate(self._objects, 1))
        return read_rows(self.read_file(uploaded))

    def read_file(self, uploaded: Any) -> str:
        if self._content is None and not uploaded:
            raise ValidationError(_("Choose a file."), code="batch_invalid")
        content = self._content if self._content is not None else uploaded.read(MAX_BATCH_BYTES + 1)
        if len(content) > MAX_BATCH_BYTES:
            raise ValidationError(_("The file is larger than 2 MB."), code="batch_too_large")
        try:
            return str(content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ValidationError(_("The file is no text in UTF-8."), code="batch_invalid") from error

    def check_rows(self, rows: Iterator[tuple[int, dict[str, str]]]) -> None:
        voices: dict[str, AnyVoice] = {}
        for line, fields in rows:
            if len(self.rows) >= MAX_ROWS:
                message = _("A batch has at most %(most)s rows.") % {"most": MAX_ROWS}
                raise ValidationError(message, code="batch_too_large")
            form = BatchRowForm(fields, voices, user=self.user)
            name = " ".join(fields.get("name", "").split())
            if not form.is_valid():
                wrong = [RowError(line, each.field, each.code, each.message) for each in form_errors(form)]
                self.row_errors += wrong
            elif len(name) > MAX_BATCH_NAME_CHARS or not name.isprintable():
                message = _("At most %(most)s characters.") % {"most": MAX_BATCH_NAME_CHARS}
                self.row_errors.append(RowError(line, "name", ErrorCode.NAME_TOO_LONG, message))
            else:
                row = form.build_generation(Channel.BATCH)
                row.batch_name = name
                self.rows.append(row)
            if len(self.row_errors) >= MAX_ERRORS:
                return
        if not self.rows and not self.row_errors:
            raise ValidationError(_("There is no row in it."), code="batch_invalid")


def read_rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The number of its first line, and the fields of each row. Raises ValidationError."""
    return read_json_lines(text) if text.lstrip().startswith("{") else read_csv(text)


def read_json_lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            members = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise wrong_line(number, _("This is no JSON object.")) from error
        yield number, read_object(members, number)


def read_object(members: Any, number: int) -> dict[str, str]:
    """Of a row. Raises ValidationError."""
    if not isinstance(members, dict):
        raise wrong_line(number, _("This is no JSON object."))
    check_columns(list(members), number)
    try:
        name = read_member(members, "name", str)
        return read_generation_fields(members) | ({"name": name} if name else {})
    except GenerationError as error:
        raise wrong_line(number, str(error)) from error


def read_csv(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        check_columns(names, 1)
        end = reader.line_num
        for cells in reader:
            number, end = end + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                values = {"count": len(cells), "wanted": len(names)}
                message = _("There are %(count)s values for %(wanted)s columns.") % values
                raise wrong_line(number, message)
            yield number, {name: cell for name, cell in zip(names, cells, strict=True) if cell}
    except csv.Error as error:
        raise wrong_line(reader.line_num, _("This is no row of CSV.")) from error


def check_columns(names: Sequence[str], line: int) -> None:
    for name in names:
        if name not in COLUMNS:
            values = {"name": name[:40], "names": ", ".join(COLUMNS)}
            message = _("“%(name)s” is not one of the columns: %(names)s.") % values
            raise wrong_line(line, message)
    if len(set(names)) < len(names):
        raise wrong_line(line, _("A column is there twice."))


def wrong_line(line: int, message: str) -> ValidationError:
    return ValidationError(
        RowError(line, None, ErrorCode.BATCH_INVALID, message).sentence, code="batch_invalid"
    )
