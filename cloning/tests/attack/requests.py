"""Fields, headers and paths that strangers send, as hypothesis strategies."""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from cloning.tests.attack.exchange import BOUNDARY, GENERATE, Case, Part, multipart, post_form, request
from cloning.tests.attack.texts import NUMBERS, encode, texts

# fmt: off
LANGUAGES = ["en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh", "hu", "ko", "ja", "hi"]
FIELDS = ["text", "language", "format", "speed", "temperature", "seed", "voice", "reference", "name", "archive"]
VALUES = [
    "", " ", "NaN", "inf", "-inf", "1e999", "-1e-999", "0x10", "1_0", "١٢", "true", "null", "[]", "{}", "on", "\x00",
    "a\x00b", "-1", "4294967296", "9" * 400, "1.0000000000000000001", "+1", "1,5", "en-US", "zh-cn", "zh_CN", "EN",
    "wav\n", "..", "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "urn:uuid:",
    "Ω" * 50_000,
]
FILE_NAMES = [
    None, "", "a.wav", "../../../etc/passwd", "C:\\a.wav", "\u202egpj.exe", "a" * 3_000, ".", "..", "con", "a/b.flac",
    "a.m3u8", "'; rm -rf /", "a\\\".wav", "a\x00.wav", "<b>.wav", "a;b=c", "=?utf-8?q?a?=", "👨\u200d👩\u200d👧.mp3",
]
CONTENTS = [b"", b"RIFF", b"fLaC", b"OggS", b"ID3", b"#EXTM3U\n", b"\x1aE\xdf\xa3", b"\0" * 70_000]
PART_TYPES = ["application/octet-stream", "audio/wav", "text/html", "", "multipart/mixed; boundary=b", "a" * 500]
IDS = ["0", "-1", "NULL", "A" * 36, "1" * 3_000, "%00", "%C3%A9", "é", "..", "%2e%2e"]
PATH_PIECES = [
    "api", "v1", "generations", "files", "languages", "health", "openapi.json", "voice-clone", "generate", "admin",
    "static", "", ".", "..", "%2e%2e", "%2f", "%00", "%ff%fe", "%", "%zz", ";a=b", "storage", "db.sqlite3", "incoming",
]
FILE_ENDS = ["wav", "mp3", "srt", "vtt", "exe", "", "WAV"]
INDEXES = ["0", "0", "0", "1", "00", "-1", "999999", "9" * 99, "%D9%A1", "x", ""]
SEGMENT_ENDS = [
    "", "/takes", "/takes", "/takes/1", ".wav", ".mp3", ".wav?take=1", ".mp3?take=" + "9" * 99, ".wav?take=%00", ".exe",
]
JSON_BODIES = [
    b"{}", b'{"take": 1}', b'{"take": 99999999999999999999}', b'{"take": true}', b'{"seed": 1e999}', b'{"seed": NaN}',
    b'{"seed": -1}', b'{"text": ""}', b'{"text": "\\ud800"}', b'{"text": "a\\u0000b"}', b'{"text": "Good morning."}',
    b'{"text": "' + b"a" * 20_000 + b'"}', b'{"text": 1}', b"[" * 100_000, b'{"take": ' + b"9" * 5_000 + b"}", b"null",
    b'{"text": "\xff"}', b'"', b'{"take": 1, "take": 2}',
]
PAGE_NUMBERS = ["0", "-1", "1", "2", "NaN", "1e9", "9" * 99, "%00", "", "a", "1&page=2", "%D9%A1"]
QUERIES = [
    "", "?download", "?download=%0d%0aSet-Cookie:a=b", "?seen=" + "x" * 3_000, "?" + "a=1&" * 900, "?%", "?\xff",
    *(f"?page={number}" for number in PAGE_NUMBERS),
]
PAGES = [
    "/", "/admin/", "/admin/login/", "/voices/", "/api/v1/generations", "/api/v1/languages", "/api/v1/openapi.json",
    "/api/v1/health", "/api/v1/voices", GENERATE,
]
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
RANGES = [
    "bytes=-0", "bytes=-1", "bytes=-" + "9" * 18, "bytes=0-0,1-1", "bytes=" + "0-," * 900, "bytes=-", "bytes=a-b",
    "bytes=5-1", "items=0-5", "bytes = 0 - 5", "", "bytes=0-" + "9" * 3_000,
]
HEADER_VALUES: dict[str, Sequence[str]] = {
    "Range": RANGES,
    "If-Range": ['"x"', "Wed, 21 Oct 2015 07:28:00 GMT"],
    "If-None-Match": ["*", "W/" * 1_500, '"' * 3_000],
    "Prefer": ["respond-async", "RESPOND-ASYNC", "wait=1e9", "respond-async, respond-async", "é"],
    "Host": ["localhost", "evil.example", "localhost:99999", "[::1", "a" * 3_000, "", "localhost@x", "é"],
    "Origin": ["null", "http://evil.example", "http://localhost:5173", "http://localhost", "", "é", "a" * 3_000],
    "Content-Type": [
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 3_000,
        "multipart/form-data; boundary=é", "multipart/form-data; boundary=a; charset=rot13", "", "/", ";" * 1_000,
        "multipart/form-data; charset=x; boundary=attack-boundary", "application/json", "text/plain; charset=idna",
        "application/x-www-form-urlencoded; charset=utf-7", "a" * 3_000,
    ],
    "Cookie": ["sessionid=" + "a" * 3_000, "csrftoken=é", "messages=x", "a;" * 1_500],
    "Accept": ["*/*;q=" + "9" * 400, "text/html", ""],
    "Accept-Language": ["xx-" * 900, "*", "en;q=a"],
    "Accept-Encoding": ["gzip, br, zstd, identity;q=0", "*;q=0"],
    "HX-Request": ["true"],
    "HX-Current-URL": ["http://[", "javascript:a", "%00"],
    "Referer": ["http://["],
    "Authorization": ["Basic é", "Basic " + "A" * 3_000, "Bearer"],
    "Sec-Fetch-Site": ["cross-site", "same-origin", "x"],
    "X-Forwarded-Proto": ["https", "https, http", "x"],
    "X-Forwarded-Host": ["evil.example", "["],
    "X-HTTP-Method-Override": ["DELETE"],
    "If-Modified-Since": ["x", "Wed, 99 Oct 2015 07:28:00 GMT"],
    "X-" + "A" * 200: [""],
}
# fmt: on
CSRF_TOKEN = "a" * 32  # whoever sets the cookie may choose it; it lets the attack through to the form behind
CSRF_COOKIE = [("Cookie", f"csrftoken={CSRF_TOKEN}")]
token = Part("csrfmiddlewaretoken", CSRF_TOKEN.encode())


@st.composite
def text_posts(draw: DrawFn) -> Case:
    """Without a clip, so that none of them is accepted: what a request costs before that is the question."""
    return text_post(draw(texts()), draw(st.sampled_from(LANGUAGES)), on_page=draw(st.booleans()))


def text_post(text: str, language: str, *, on_page: bool = False) -> Case:
    parts = [Part("text", encode(text)), Part("language", language.encode())]
    if on_page:
        return Case("text on the page", post_form("/", [*parts, token], CSRF_COOKIE), "/", "POST")
    return Case("text", post_form(GENERATE, parts), GENERATE, "POST")


@st.composite
def parts(draw: DrawFn) -> list[Part]:
    """Missing, duplicated, misplaced and unknown fields, each with a wrong value or a right one."""
    right = {"text": "Good morning.", "language": "en", "format": "wav", "speed": "1", "seed": "7"}
    chosen: list[Part] = []
    for name in draw(
        st.lists(st.sampled_from([*FIELDS, "engine", "", "text[]", 'a"b', "é"]), min_size=1, max_size=10)
    ):
        kind = draw(st.sampled_from(PART_TYPES))
        if name == "reference" or draw(st.integers(0, 9)) == 9:
            content = draw(st.one_of(st.sampled_from(CONTENTS), st.binary(max_size=300)))
            chosen.append(Part(name, content, draw(st.sampled_from(FILE_NAMES)), kind))
        else:
            value = draw(
                st.one_of(
                    st.just(right.get(name, "")), st.sampled_from(VALUES), NUMBERS, st.text(max_size=50)
                )
            )
            chosen.append(Part(name, encode(value)))
    return chosen


@st.composite
def field_posts(draw: DrawFn) -> Case:
    sent = draw(parts())
    if draw(st.integers(0, 3)):
        return Case("fields", post_form(GENERATE, sent), GENERATE, "POST")
    page = draw(st.sampled_from(["/", "/admin/login/", "/voices/", "/voices/import/"]))
    return Case("fields on a page", post_form(page, [token, *sent], CSRF_COOKIE), page, "POST")


@st.composite
def paths(draw: DrawFn, known: str) -> str:
    """`known` is the id of a finished generation."""
    shape = draw(st.sampled_from(["page", "file", "generation", "segment", "action", "voice", "pieces"]))
    query = draw(st.sampled_from(QUERIES))
    if shape == "page":
        return draw(st.sampled_from(PAGES)) + query
    identifier = draw(st.one_of(st.just(known), st.uuids().map(str), st.sampled_from(IDS)))
    if shape == "file":
        return f"/api/v1/files/{identifier}.{draw(st.sampled_from(FILE_ENDS))}{query}"
    if shape == "generation":
        return f"/api/v1/generations/{identifier}{draw(st.sampled_from(['', '/cancel', '/resume']))}{query}"
    if shape == "segment":
        index, end = draw(st.sampled_from(INDEXES)), draw(st.sampled_from(SEGMENT_ENDS))
        return f"/api/v1/generations/{identifier}/segments/{index}{end}"
    if shape == "action":
        return f"/generations/{identifier}/{draw(st.sampled_from(['', 'voice/', 'x/', 'cancel', 'resume/']))}{query}"
    if shape == "voice":
        start = draw(st.sampled_from(["/voices/", "/api/v1/voices/"]))
        end = draw(
            st.sampled_from(
                ["", "/", "/export", "/references", "/clips/", "/delete/", "/restore/", "/sample/"]
            )
        )
        return f"{start}{identifier}{end}{query}"
    visible = st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="?#\x7f\x85\xa0")
    pieces = draw(
        st.lists(st.one_of(st.sampled_from(PATH_PIECES), st.text(visible, max_size=12)), max_size=6)
    )
    return draw(st.sampled_from(["/", "/api/", "/api/v1/", "//"])) + "/".join(pieces) + query


PRINTABLE = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f\x85"), max_size=60
)


@st.composite
def headers(draw: DrawFn) -> list[tuple[str, str]]:
    names = draw(st.lists(st.sampled_from(list(HEADER_VALUES)), max_size=6))
    positions = st.one_of(st.just(""), st.integers(0, 10**20).map(str))
    values = {"Range": st.builds("bytes={}-{}".format, positions, positions)}
    return [
        (name, draw(st.one_of(st.sampled_from(HEADER_VALUES[name]), values.get(name, PRINTABLE))))
        for name in names
    ]


@st.composite
def header_requests(draw: DrawFn, known: str) -> Case:
    path, method, sent = draw(paths(known)), draw(st.sampled_from(METHODS)), draw(headers())
    if known in path and method == "DELETE":
        method = "GET"  # the next ones need it
    body = b""
    if method in ("POST", "PUT", "PATCH"):
        body = draw(
            st.one_of(
                st.just(b""), st.binary(max_size=200), parts().map(multipart), st.sampled_from(JSON_BODIES)
            )
        )
    if body and not any(name == "Content-Type" for name, _ in sent):
        sent.append(("Content-Type", f"multipart/form-data; boundary={BOUNDARY}"))
    return Case(
        "path and headers", request(method, path, sent, body), path, method, reaches_site(path, method, sent)
    )


def reaches_site(path: str, method: str, sent: list[tuple[str, str]]) -> bool:
    """Whether it is HTTP at all, rather than an error of the web server's parser."""
    return (
        method not in ("TRACE", "PROPFIND")
        and path.isascii()
        and len(path) < 3_900
        and not path.startswith("//")
        and sum(name == "Content-Type" for name, _ in sent) < 2
        and all(name not in ("Host", "X-Forwarded-Proto") and value.isascii() for name, value in sent)
    )
