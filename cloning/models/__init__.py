"""The rows. What happens to them is in `cloning.jobs`."""

from cloning.models.api_key import MAX_KEY_NAME_CHARS, ApiKey, Scope
from cloning.models.audit import AuditEntry, Deed
from cloning.models.batch import MAX_BATCH_NAME_CHARS, Batch
from cloning.models.book import (
    MAX_BOOK_TITLE_CHARS,
    Book,
    BookStatus,
    Chapter,
    book_file,
    cover_file,
)
from cloning.models.conditioning import (
    StoredConditioning,
    VoiceGain,
    conditioning_file,
    identify_set,
    identify_stock_voice,
    is_set_used,
)
from cloning.models.consent import (
    MAX_CONSENT_NAME_CHARS,
    MAX_TAG_CHARS,
    STATED,
    STATED_FOR_ONCE,
    Agreement,
    VoiceConsent,
    consent_file,
)
from cloning.models.departure import Departure
from cloning.models.encoding import Encoding, encoding_file
from cloning.models.fingerprint import Fingerprint, FingerprintKey
from cloning.models.generation import (
    MAX_ATTEMPTS,
    Channel,
    Generation,
    NoticePlace,
    Stage,
    Status,
    generated_file,
    random_seed,
)
from cloning.models.idempotency import IdempotencyKey
from cloning.models.lease import Leased
from cloning.models.limits import Charge, ListeningPlace, RoleLimits, Tried, Usage
from cloning.models.ownership import OwnedQuerySet, choose_owner, is_owner
from cloning.models.pronunciation import MAX_SPELLING_CHARS, MAX_WORD_CHARS, Pronunciation
from cloning.models.reference import Reference, normalized_file, reference_file
from cloning.models.segment import Segment, SoundChunk, Take, take_file
from cloning.models.speaker import MAX_SPEAKER_CHARS, Speaker
from cloning.models.voice import (
    MAX_AGREEMENT_NOTE_CHARS,
    MAX_NAME_CHARS,
    MAX_NOTES_CHARS,
    MAX_SPEAKER_NAME_CHARS,
    REVOKED_AT,
    Voice,
    fold_name,
)
from cloning.models.voice_alias import VoiceAlias
from cloning.models.webhook import PING, Delivery, DeliveryStatus, Webhook, WebhookEvent
from cloning.models.worker import Worker
from cloning.models.xtts_settings import XttsSettings

__all__ = [
    "MAX_AGREEMENT_NOTE_CHARS",
    "MAX_ATTEMPTS",
    "MAX_BATCH_NAME_CHARS",
    "MAX_BOOK_TITLE_CHARS",
    "MAX_CONSENT_NAME_CHARS",
    "MAX_KEY_NAME_CHARS",
    "MAX_NAME_CHARS",
    "MAX_NOTES_CHARS",
    "MAX_SPEAKER_CHARS",
    "MAX_SPEAKER_NAME_CHARS",
    "MAX_SPELLING_CHARS",
    "MAX_TAG_CHARS",
    "MAX_WORD_CHARS",
    "PING",
    "REVOKED_AT",
    "STATED",
    "STATED_FOR_ONCE",
    "Agreement",
    "ApiKey",
    "AuditEntry",
    "Batch",
    "Book",
    "BookStatus",
    "Channel",
    "Chapter",
    "Charge",
    "Deed",
    "Delivery",
    "DeliveryStatus",
    "Departure",
    "Encoding",
    "Fingerprint",
    "FingerprintKey",
    "Generation",
    "IdempotencyKey",
    "Leased",
    "ListeningPlace",
    "NoticePlace",
    "OwnedQuerySet",
    "Pronunciation",
    "Reference",
    "RoleLimits",
    "Scope",
    "Segment",
    "SoundChunk",
    "Speaker",
    "Stage",
    "Status",
    "StoredConditioning",
    "Take",
    "Tried",
    "Usage",
    "Voice",
    "VoiceAlias",
    "VoiceConsent",
    "VoiceGain",
    "Webhook",
    "WebhookEvent",
    "Worker",
    "XttsSettings",
    "book_file",
    "choose_owner",
    "conditioning_file",
    "consent_file",
    "cover_file",
    "encoding_file",
    "fold_name",
    "generated_file",
    "identify_set",
    "identify_stock_voice",
    "is_owner",
    "is_set_used",
    "normalized_file",
    "random_seed",
    "reference_file",
    "take_file",
]
