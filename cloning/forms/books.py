"""A book as a file, and how it is to be read out."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.forms.generations import INITIAL, GenerationForm
from cloning.forms.messages import in_page_language
from cloning.forms.texts import PlainTextField
from cloning.jobs.books import require_draft
from cloning.models import MAX_BOOK_TITLE_CHARS, Book
from cloning.reading import SUFFIXES, Document, read_document
from cloning.storage.uploads import TemporaryUpload
from cloning.text import UnspeakableText, check_speakable, resolve_language
from cloning.text.pauses import without_pauses

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

MAX_BOOK_MB = 50


class BookFileForm(forms.Form):
    """Once valid, `document` is what is in the file. Raises GenerationError where it can't be read now."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ",".join(SUFFIXES), "aria-describedby": "id_file_helptext"}),
        help_text=gettext_lazy(
            "EPUB without copy protection, Markdown, plain text, or subtitles (SRT), which keep their times."
        ),
    )
    document: Document | None = None

    def clean_file(self) -> TemporaryUpload:
        upload: TemporaryUpload | None = self.cleaned_data["file"]
        if upload is None:
            raise ValidationError(_("Choose a file."), code=ErrorCode.BOOK_MISSING)
        if not upload.size:
            raise ValidationError(_("The file is empty."), code=ErrorCode.BOOK_UNREADABLE)
        if upload.size > MAX_BOOK_MB * 1024**2:
            raise ValidationError(
                _("The file is larger than %(most)d MB.") % {"most": MAX_BOOK_MB},
                code=ErrorCode.BOOK_TOO_LONG,
            )
        if self.find_suffix(upload) is None:
            raise ValidationError(
                _("This is none of the files that can be read: .epub, .md, .txt or .srt."),
                code=ErrorCode.BOOK_UNREADABLE,
            )
        return upload

    def find_suffix(self, upload: TemporaryUpload) -> str | None:
        dot = (upload.name or "").rfind(".")
        return SUFFIXES.get((upload.name or "")[dot:].lower()) if dot >= 0 else None

    def clean(self) -> dict[str, Any]:
        """Last, as it is the dear part."""
        upload = self.cleaned_data.get("file")
        if not self.errors and upload and (suffix := self.find_suffix(upload)):
            try:
                self.document = read_document(upload.path, suffix, settings.MAX_BOOK_CHARS)
            except GenerationError as error:
                if error.code.field != "file":
                    raise
                self.add_error("file", ValidationError(in_page_language(str(error)), code=error.code))
        return self.cleaned_data


class IndexesField(forms.Field):
    """Indexes of chapters: several values, each of one or of more with commas. None for all."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> list[int]:
        texts = ",".join([value] if isinstance(value, str) else value or []).split(",")
        words = [each.strip() for each in texts if each.strip()]
        if not all(each.isascii() and each.isdigit() and len(each) < 7 for each in words):
            raise ValidationError(_("There is no such chapter."), code=ErrorCode.CHAPTERS_INVALID)
        return sorted({int(each) for each in words})


class BookForm(GenerationForm):
    """How a draft is read out. Once valid, `indexes`, `build_generation` and `uploads` are what `books.start` takes.

    The text that is checked with the other fields is that of the first chapter that is chosen.
    """

    title = PlainTextField(label=gettext_lazy("Title"), required=False)
    author = PlainTextField(label=gettext_lazy("Author"), required=False)
    chapters = IndexesField(required=False)

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        book: Book,
        user: "AnyUser | None",
        must_choose: bool = False,
    ) -> None:
        self.book = book
        self.rows = list(book.chapters.order_by("index").defer("text"))
        self.must_choose = must_choose
        self.indexes: list[int] = []
        if data is not None:
            data = self.with_text(data)
        initial = {**INITIAL, "format": AudioFormat.MP3.value, "title": book.title, "author": book.author}
        super().__init__(data, files, initial=initial | {"language": find_language(book)}, user=user)
        for name in ("title", "author"):
            self.fields[name].widget.attrs.update({"maxlength": MAX_BOOK_TITLE_CHARS, "dir": "auto"})

    def with_text(self, data: Any) -> QueryDict:
        """What was sent, without what only a text has, and with the text of the first chapter that is chosen."""
        copy = QueryDict(mutable=True)
        for name in data:
            if name not in ("text", "dialogue", "cast", "stream", "on_disconnect"):
                copy.setlist(name, data.getlist(name))
        copy.setdefault("format", AudioFormat.MP3.value)
        copy.setdefault("language", find_language(self.book))
        known = {row.index for row in self.rows}
        sent = {int(each) for each in ",".join(data.getlist("chapters")).split(",") if each.strip().isdigit()}
        first = min(sent & known or known)
        copy["text"] = self.book.chapters.get(index=first).text
        return copy

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].split())[:MAX_BOOK_TITLE_CHARS] or self.book.title

    def clean_author(self) -> str:
        return " ".join(self.cleaned_data["author"].split())[:MAX_BOOK_TITLE_CHARS] or self.book.author

    def clean_chapters(self) -> list[int]:
        chosen: list[int] = self.cleaned_data["chapters"]
        known = {row.index for row in self.rows}
        if not chosen and self.must_choose:
            raise ValidationError(_("Choose a chapter."), code=ErrorCode.CHAPTERS_INVALID)
        if not known.issuperset(chosen):
            raise ValidationError(_("There is no such chapter."), code=ErrorCode.CHAPTERS_INVALID)
        return chosen or sorted(known)

    def clean(self) -> dict[str, Any]:
        require_draft(self.book)
        if not self.errors:
            self.check_chapters()
        cleaned = super().clean()
        self.indexes = cleaned.get("chapters", [])
        self.book.title, self.book.author = cleaned.get("title", ""), cleaned.get("author", "")
        return cleaned

    def check_chapters(self) -> None:
        chosen, language = self.cleaned_data["chapters"], self.cleaned_data["language"]
        for chapter in self.book.chapters.filter(index__in=chosen).order_by("index").iterator(chunk_size=20):
            try:
                check_speakable(without_pauses(chapter.text), language)
            except UnspeakableText:
                message = _("There is nothing to speak in chapter %(chapter)s: leave it out.")
                self.add_error(
                    "chapters",
                    ValidationError(message % {"chapter": chapter}, code=ErrorCode.CHAPTERS_INVALID),
                )
                return


def find_language(book: Book) -> str:
    """Of the languages that can be spoken, by what the file says."""
    try:
        return resolve_language(book.language)
    except ValueError:
        return "en"
