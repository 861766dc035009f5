"""What rooms that know no languages say in English, in the language of the page.

They say it in exceptions and rows, for programs too, so it is known again by its words: `MESSAGES` has them all, and a
test reads the rooms for others.
"""

import re
from functools import cache

from django.utils.formats import number_format
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from cloning.text import LANGUAGES

MESSAGES = (
    # Clips
    gettext_noop("The file is empty."),
    gettext_noop("The file has too many tracks or entries to be read."),
    gettext_noop("The audio in this file can't be decoded; it may be damaged."),
    gettext_noop("The file is a video without sound."),
    gettext_noop("No audio was found in this file."),
    gettext_noop("WAV, MP3, M4A, Ogg, Opus, FLAC, WebM, MP4, AIFF and AMR are understood."),
    gettext_noop("The clip is silent."),
    gettext_noop("The clip is silent but for less than half a second."),
    gettext_noop("The clip is longer than the %(most)s that are allowed."),
    gettext_noop("The clip is %(length)s long; at most %(most)s are allowed."),
    gettext_noop("The clip is %(length)s long; at least %(least)s is needed."),
    gettext_noop("Only %(length)s of the clip is sound, the rest is silence; at least %(least)s is needed."),
    gettext_noop("The reference is silent."),
    gettext_noop("We hear only noise in the reference, or noise so loud that the voice is lost in it."),
    gettext_noop("We hear music or tones in the reference, but no voice."),
    gettext_noop("We hear hardly any voice in the reference; it sounds whispered."),
    gettext_noop("Please use a clip in which one person speaks aloud, without music and with little noise."),
    gettext_noop("A reference clip is shorter than %(length)s."),
    gettext_noop("A reference clip is silent."),
    gettext_noop("A reference clip must be mono with 16 bits."),
    gettext_noop("A reference clip can't be read (%(reason)s)."),
    gettext_noop("A voice needs at least one reference clip."),
    gettext_noop("The reference of this generation was deleted."),
    gettext_noop("The reference's file is gone from the storage."),
    gettext_noop("A reference was deleted in this moment."),
    gettext_noop("A clip was deleted in this moment."),
    gettext_noop("A clip is gone from the storage."),
    gettext_noop("The same clip is being sent and deleted all the time."),
    gettext_noop("The server is busy with other clips. Try again in a few seconds."),
    gettext_noop("The clip can't be checked now. It can be used all the same."),
    gettext_noop("The file can't be searched now. Try again later."),
    gettext_noop("Too many clips at once. Try again in %(seconds)s s."),
    gettext_noop("The spoken notice can't be changed."),
    # Voices
    gettext_noop("There is a voice of this name already. Choose another."),
    gettext_noop("There is no such voice; it may have been deleted."),
    gettext_noop("There is no such voice; it may have been deleted in this moment."),
    gettext_noop("Whoever shared this voice does not any more."),
    gettext_noop("The voice was revoked."),
    gettext_noop("Much is being spoken with it: try again."),
    gettext_noop("This generation has no clip that could be kept."),
    gettext_noop("A voice has at most %(most)s clips: remove one first."),
    gettext_noop("This voice has no such clip, or not any more."),
    gettext_noop("A voice needs a clip: add another first, or delete the voice."),
    gettext_noop(
        "The stock voice “%(voice)s” is not one of %(engine)s, which speaks now. Choose another voice."
    ),
    gettext_noop("%(engine)s has no such voice."),
    gettext_noop("There are %(most)s names already: remove one first."),
    gettext_noop("There is no such consent; it may have been deleted."),
    gettext_noop("The voice “%(voice)s” stands on this consent: delete the voice first."),
    gettext_noop("State how whoever is heard agreed: own, written or public_domain."),
    gettext_noop(
        "This server speaks only with voices that have a recorded statement: make one on the page “Voices”."
    ),
    gettext_noop(
        "The voice “%(voice)s” has no recorded statement that was compared with its clips, as this server requires: "
        "add one on the page of the voice."
    ),
    gettext_noop(
        "Whoever is heard in the voice “%(voice)s” has to have agreed: state how on the page of the voice."
    ),
    gettext_noop(
        "This server requires a recorded statement of whoever is heard: record it, or choose its file."
    ),
    gettext_noop("Record the statement, or choose its file."),
    gettext_noop(
        "The statement is not in the voice of the clips: whoever is heard in all of them has to speak it."
    ),
    gettext_noop("Hardly any speech is heard in the statement: read the whole sentence aloud."),
    gettext_noop("The statement can't be compared with the clips now. Try again later."),
    gettext_noop("This clip is not in the voice of the recorded statement that this voice stands on."),
    gettext_noop("The consent of this voice was changed in this moment."),
    gettext_noop("The clips of this voice were changed in this moment."),
    # Texts
    gettext_noop("There is nothing to speak in this text: it needs at least one letter or number."),
    gettext_noop("Read out, this text is more than %(most)s times as long: write its signs as words."),
    gettext_noop("There is nothing in this text that the preview voice can say."),
    gettext_noop("The preview voice could not read this text."),
    gettext_noop("XTTS v2 does not speak the language “%(language)s”."),
    gettext_noop("XTTS v2 finds nothing in this text that can be spoken."),
    gettext_noop(
        "A sentence is too long for XTTS v2 (%(count)s tokens, at most %(most)s). "
        "Divide it by commas or full stops."
    ),
    gettext_noop("XTTS v2 can't read a part of this text. Try writing its numbers and signs as words."),
    gettext_noop("There are %(most)s pronunciations already: delete one first."),
    gettext_noop("There is a pronunciation of this word already."),
    gettext_noop("With its pronunciations, this text is more than four times as long."),
    gettext_noop("The voice “%(voice)s” is not there any more: choose another."),
    gettext_noop("These are too many changes of the speaker for one file."),
    # Books
    gettext_noop("The file is damaged, or no EPUB."),
    gettext_noop("The file can't be read: it is damaged, or too much work."),
    gettext_noop("The file is damaged, or has no subtitles."),
    gettext_noop("The subtitles are longer than the %(most)s hours that are allowed."),
    gettext_noop("The file has too many chapters."),
    gettext_noop("The file has more than %(most)s chapters."),
    gettext_noop("The text is longer than the %(most)s characters that are allowed."),
    gettext_noop("What is packed in this file is too large."),
    gettext_noop("There is nothing to read out in this file."),
    gettext_noop("The book is copy-protected (DRM), so that it can't be read out."),
    gettext_noop("Other books are being read."),
    gettext_noop("This book was begun already, or is deleted."),
    gettext_noop("The voice of this book is deleted."),
    gettext_noop("The clips of this book's voice are deleted."),
    gettext_noop("A chapter is gone from the storage."),
    gettext_noop("No chapter is spoken yet."),
    gettext_noop("The book could not be made one file."),
    # Limits
    gettext_noop("These are too many requests: at most %(most)s a minute. Try again in %(seconds)s s."),
    gettext_noop("This text has %(count)s characters; of %(most)s a day %(left)s are left."),
    gettext_noop("The %(most)s seconds of speech that there are a day are used up. Try again tomorrow."),
    gettext_noop("As many are waiting as may: %(most)s. Wait until one has ended."),
    gettext_noop("As many are listening as may: %(most)s. Stop one first."),
    gettext_noop("The %(most)s MB that may be stored are full: delete something first."),
    # Keys
    gettext_noop("There are %(most)s keys already: revoke one first."),
    gettext_noop("There are %(most)s webhooks already: delete one first."),
    gettext_noop("The name can't be resolved."),
    gettext_noop("It did not answer in time."),
    gettext_noop("It answered %(status)s."),
    gettext_noop("It answered %(status)s: redirects are not followed."),
    gettext_noop("Tests are waiting to be sent there: wait for them."),
    gettext_noop("Another request was sent with this Idempotency-Key: use a new one for each."),
    gettext_noop("A request with this Idempotency-Key is being worked on."),
    gettext_noop("A key can't make one that may do more than itself: it has no “%(scope)s”."),
    # Speaking
    gettext_noop("Preview (not a clone)"),
    gettext_noop("The engine returned no sound for this text."),
    gettext_noop("The engine made no sound for “%(text)s”. Try other words."),
    gettext_noop("The preview voice could not speak at this speed."),
    gettext_noop("The GPU's memory is full. Close other programs that use it."),
    gettext_noop("A sentence took longer than %(seconds)s seconds and was ended. Try a shorter one."),
    gettext_noop(
        "The worker stopped in the middle of a sentence %(count)s times. The machine may be short of memory."
    ),
    gettext_noop("The worker stopped while it joined the sentences %(count)s times."),
    gettext_noop("The speaking of a sentence broke off. Listen again from the beginning."),
    gettext_noop("Stopped at %(done)s of %(total)s sentences."),
    gettext_noop("Another engine speaks now than spoke this. Generate it anew."),
    gettext_noop("This sentence has not been spoken yet."),
    gettext_noop("This sentence is being spoken again already: wait for that take."),
    gettext_noop("There are %(most)s takes of this sentence already."),
    gettext_noop("The generation was deleted."),
    gettext_noop("It was deleted in this moment."),
    # Sound and files
    gettext_noop("The audio is too damaged to be processed."),
    gettext_noop("The audio took longer than %(length)s to process."),
    gettext_noop("A part of the speech could not be read."),
    gettext_noop("The loudness of the audio could not be measured."),
    gettext_noop("The speech could not be encoded as %(format)s."),
    gettext_noop("The speech could not be encoded any further."),
    gettext_noop("The file could not be signed."),
    gettext_noop("It could not be encoded; the server's log says why."),
    gettext_noop("The file is gone from the storage."),
    gettext_noop("The sound of this sentence is gone from the server's storage."),
    gettext_noop(
        "The audio is gone from the server's storage. Its text and settings are kept: it can be spoken again."
    ),
    # The server
    gettext_noop("FFmpeg is not installed on the server."),
    gettext_noop("FFmpeg could not be started on the server."),
    gettext_noop("The server could not read or write a file."),
    gettext_noop("The server's storage is full; the audio could not be saved."),
    gettext_noop("The server's disk is full. What was spoken before is kept; try again later."),
    gettext_noop("The server's disk is full."),
    gettext_noop("The server's disk is nearly full."),
    gettext_noop("The server's database is busy."),
    gettext_noop("The server's storage does not answer."),
    gettext_noop("The server is being stopped."),
    gettext_noop("Something went wrong on the server; its log says what."),
    gettext_noop("Too many generations are waiting."),
    gettext_noop("Too many texts of batches are waiting."),
    gettext_noop("Too many uploads are waiting."),
    gettext_noop("Too many files are being encoded."),
    gettext_noop("Too many are listening already."),
    gettext_noop("Too much is being uploaded at once."),
    gettext_noop("The request is larger than %(most)s MB."),
    gettext_noop("The request came too slowly."),
    gettext_noop("The request body can't be read."),
    gettext_noop("The fields of the form are too large."),
    gettext_noop("There is nothing here, or not any more."),
)

LANGUAGE_NAMES = (
    gettext_noop("English"),
    gettext_noop("Spanish"),
    gettext_noop("French"),
    gettext_noop("German"),
    gettext_noop("Italian"),
    gettext_noop("Portuguese"),
    gettext_noop("Polish"),
    gettext_noop("Turkish"),
    gettext_noop("Russian"),
    gettext_noop("Dutch"),
    gettext_noop("Czech"),
    gettext_noop("Arabic"),
    gettext_noop("Chinese"),
    gettext_noop("Hungarian"),
    gettext_noop("Korean"),
    gettext_noop("Japanese"),
    gettext_noop("Hindi"),
)
"""Of `text.LANGUAGES`, for sentences; lists have each by its own name."""

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
DECIMAL = re.compile(r"([0-9]{1,9}\.[0-9]{1,9})( s)?")
MAX_CHARS = 1000
"""Of a message that is looked at; those in rows may be of older versions."""


def in_page_language(message: str) -> str:
    """As it is where nobody knows it."""
    if get_language() in (None, "en"):
        return message
    return translate(message) or message


def translate(message: str) -> str | None:
    """Of one message, or of two, one after the other."""
    if whole := translate_one(message):
        return whole
    for end in (match.end() for match in re.finditer(r"\. ", message[:MAX_CHARS])):
        parts = translate_one(message[: end - 1]), translate_one(message[end:])
        if parts[0] and parts[1]:
            return " ".join(parts)  # type: ignore[arg-type]
    return None


def translate_one(message: str) -> str | None:
    if message in MESSAGES:
        return _(message)
    for template, pieces in templates():
        if (values := read_values(message[:MAX_CHARS], pieces)) is not None:
            return _(template) % values
    return None


@cache
def templates() -> list[tuple[str, list[str]]]:
    """Those with values: what stands before, between and after, and every second piece a name."""
    return [(each, PLACEHOLDER.split(each)) for each in MESSAGES if "%(" in each]


def read_values(message: str, pieces: list[str]) -> dict[str, str] | None:
    """By name; None for what is no such message. Looks at each letter once."""
    if not (message.startswith(pieces[0]) and message.endswith(pieces[-1])):
        return None
    values, place = {}, len(pieces[0])
    for index in range(1, len(pieces), 2):
        name, following = pieces[index], pieces[index + 1]
        is_last = index + 2 == len(pieces)
        end = len(message) - len(following) if is_last else message.find(following, place)
        if end < place:
            return None
        values[name] = localize(message[place:end])
        place = end + len(following)
    return values


def localize(value: str) -> str:
    decimal = DECIMAL.fullmatch(value)
    return f"{number_format(decimal[1])}{decimal[2] or ''}" if decimal else value


def unknown_language(code: str) -> str:
    values = {"code": code[:20], "codes": ", ".join(LANGUAGES)}
    return _("“%(code)s” is not one of the languages: %(codes)s.") % values
