"""Every error code, once: which field it stands beside, which HTTP status answers it, and so whose fault it is."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """The value is what programs read. Codes are stored with generations and promised by the API: never rename one."""

    status: int
    field: str | None
    retry_after_seconds: int | None

    def __new__(
        cls, code: str, status: int = 500, field: str | None = None, retry_after_seconds: int | None = None
    ) -> "ErrorCode":
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = status
        member.field = field
        member.retry_after_seconds = retry_after_seconds
        return member

    REFERENCE_MISSING = "reference_missing", 422, "reference"
    REFERENCE_UNREADABLE = "reference_unreadable", 422, "reference"
    REFERENCE_TOO_SHORT = "reference_too_short", 422, "reference"
    REFERENCE_TOO_LONG = "reference_too_long", 422, "reference"
    REFERENCE_TOO_LARGE = "reference_too_large", 413, "reference"
    REFERENCE_TOO_MANY = "reference_too_many", 422, "reference"
    REFERENCE_SILENT = "reference_silent", 422, "reference"
    REFERENCE_UNUSABLE = "reference_unusable", 422, "reference"
    TEXT_MISSING = "text_missing", 422, "text"
    TEXT_TOO_LONG = "text_too_long", 422, "text"
    TEXT_UNSPEAKABLE = "text_unspeakable", 422, "text"
    PAUSE_INVALID = "pause_invalid", 422, "text"
    LANGUAGE_UNSUPPORTED = "language_unsupported", 422, "language"
    VOICE_UNKNOWN = "voice_unknown", 422, "voice"
    VOICE_AMBIGUOUS = "voice_ambiguous", 422, "voice"
    SPEAKER_MISSING = "speaker_missing", 422, "text"
    CAST_INVALID = "cast_invalid", 422, "cast"
    NAME_MISSING = "name_missing", 422, "name"
    NAME_TOO_LONG = "name_too_long", 422, "name"
    NAME_TAKEN = "name_taken", 409, "name"
    NOTES_TOO_LONG = "notes_too_long", 422, "notes"
    WORD_INVALID = "word_invalid", 422, "word"
    WORD_TAKEN = "word_taken", 409, "word"
    SPELLING_INVALID = "spelling_invalid", 422, "spelling"
    TOO_MANY_PRONUNCIATIONS = "too_many_pronunciations", 409
    LAST_REFERENCE = "last_reference", 409, "reference"
    SCOPES_INVALID = "scopes_invalid", 422, "scopes"
    BATCH_INVALID = "batch_invalid", 422, "file"
    BATCH_TOO_LARGE = "batch_too_large", 413, "file"
    URL_INVALID = "url_invalid", 422, "url"
    EVENTS_INVALID = "events_invalid", 422, "events"
    TOO_MANY_WEBHOOKS = "too_many_webhooks", 409
    TOO_MANY_KEYS = "too_many_keys", 409
    ARCHIVE_UNREADABLE = "archive_unreadable", 422, "archive"
    CONSENT_REQUIRED = "consent_required", 422, "consent"
    CONSENT_INVALID = "consent_invalid", 422, "consent"
    CONSENT_MISMATCH = "consent_mismatch", 422, "statement"
    CONSENT_SILENT = "consent_silent", 422, "statement"
    CONSENT_IN_USE = "consent_in_use", 409
    PROMPT_UNSUPPORTED = "prompt_unsupported", 422, "type"
    ALIAS_INVALID = "alias_invalid", 422, "name"
    TOO_MANY_ALIASES = "too_many_aliases", 409
    BOOK_MISSING = "book_missing", 422, "file"
    BOOK_UNREADABLE = "book_unreadable", 422, "file"
    BOOK_PROTECTED = "book_protected", 422, "file"
    BOOK_TOO_LONG = "book_too_long", 422, "file"
    CHAPTERS_INVALID = "chapters_invalid", 422, "chapters"
    OUT_OF_RANGE = "out_of_range", 422  # of whichever field holds the number
    CANCELLED = "cancelled", 409
    NOT_SPOKEN_YET = "not_spoken_yet", 409
    TAKE_IN_PROGRESS = "take_in_progress", 409
    TOO_MANY_TAKES = "too_many_takes", 409
    ENGINE_CHANGED = "engine_changed", 409
    NOT_STOPPED = "not_stopped", 409
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", 409
    IDEMPOTENCY_KEY_IN_USE = "idempotency_key_in_use", 409, None, 2

    BAD_REQUEST = "bad_request", 400
    REQUEST_UNREADABLE = "request_unreadable", 400
    IDEMPOTENCY_KEY_INVALID = "idempotency_key_invalid", 400
    LOGIN_REQUIRED = "login_required", 401
    KEY_INVALID = "key_invalid", 401
    SCOPE_MISSING = "scope_missing", 403
    ORIGIN_NOT_ALLOWED = "origin_not_allowed", 403
    NOT_OFFERED = "not_offered", 403
    NOT_FOUND = "not_found", 404
    GENERATION_UNKNOWN = "generation_unknown", 404
    BOOK_UNKNOWN = "book_unknown", 404
    BOOK_STARTED = "book_started", 409
    FILE_UNKNOWN = "file_unknown", 404
    SEGMENT_UNKNOWN = "segment_unknown", 404
    TAKE_UNKNOWN = "take_unknown", 404, "take"
    VOICE_GONE = "voice_gone", 404
    REFERENCE_UNKNOWN = "reference_unknown", 404
    PRONUNCIATION_UNKNOWN = "pronunciation_unknown", 404
    BATCH_UNKNOWN = "batch_unknown", 404
    WEBHOOK_UNKNOWN = "webhook_unknown", 404
    KEY_UNKNOWN = "key_unknown", 404
    CONSENT_UNKNOWN = "consent_unknown", 404
    PAGE_UNKNOWN = "page_unknown", 404, "page"
    METHOD_NOT_ALLOWED = "method_not_allowed", 405
    REQUEST_TIMEOUT = "request_timeout", 408
    LIMIT_REACHED = "limit_reached", 429, None, 60
    TOO_OFTEN = "too_often", 429, None, 5
    REQUEST_TOO_LARGE = "request_too_large", 413
    NOT_MULTIPART = "not_multipart", 415

    QUEUE_FULL = "queue_full", 503, None, 60
    STORAGE_FULL = "storage_full", 503, None, 300
    STORAGE_UNAVAILABLE = "storage_unavailable", 503, None, 5
    DATABASE_BUSY = "database_busy", 503, None, 5
    PROBING_BUSY = "probing_busy", 503, None, 5
    SERVER_BUSY = "server_busy", 503, None, 5
    STORAGE_FAILED = "storage_failed", 500
    FFMPEG_MISSING = "ffmpeg_missing", 500
    SPEECH_SILENT = "speech_silent", 500
    ENCODING_FAILED = "encoding_failed", 500
    SYNTHESIS_FAILED = "synthesis_failed", 500
    WORKER_LOST = "worker_lost", 500
    DEADLINE_EXCEEDED = "deadline_exceeded", 500
    INTERNAL_ERROR = "internal_error", 500

    @property
    def is_users_fault(self) -> bool:
        """Whether another reference or text would help, rather than another try."""
        return self.status < 500


class GenerationError(Exception):
    """Why something can't be done: the code is for programs, the message for the person who asked."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        field: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.field = field or code.field
        self.retry_after_seconds = retry_after_seconds or code.retry_after_seconds
