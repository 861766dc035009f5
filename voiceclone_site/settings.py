"""All settings, from the environment or a root `.env`. README.md and `.env.example` list them (a test compares)."""

import os
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import dj_database_url
from corsheaders.defaults import default_headers
from environs import Env
from environs.exceptions import EnvError
from marshmallow.validate import OneOf, Range, Regexp
from pythonjsonlogger.core import RESERVED_ATTRS

from cloning.api.xtts_server import calls as xtts_server
from cloning.engines.registry import ENGINES
from cloning.quantities import Kind, Limits, parse_limits
from voiceclone_site.networks import default_proxies, read_networks
from voiceclone_site.private_files import FOLDERS, keep_credentials, kept_secret_key, sqlite_files, tighten

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)


def env_folder(name: str, default: str) -> Path:
    """A folder; a relative one counts from the project's root, whatever the working directory."""
    folder = BASE_DIR / env.path(name, Path(default)).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvError(f"{name}: {folder} can't be made ({error.strerror}).") from error
    return folder


def read_limits(kind: Kind, value: str) -> Limits:
    try:
        return parse_limits(value, kind)
    except ValueError as error:
        raise EnvError(f"LIMITS_{kind.upper()}: {error}") from error


# Where things are kept
STORAGE_ROOT = env_folder("STORAGE_ROOT", "./storage")
with suppress(PermissionError):  # somebody else's, who has set it up as it is to be
    STORAGE_ROOT.chmod(0o700)
tighten([*(STORAGE_ROOT / name for name in FOLDERS), STORAGE_ROOT / "secret_key", STORAGE_ROOT / "c2pa.pem"])
MODEL_CACHE = env_folder("MODEL_CACHE", "./model_cache")
STATIC_ROOT = BASE_DIR / env.path("STATIC_ROOT", Path("./staticfiles")).expanduser()  # made by `serve`
DATABASE_URL = env.str("DATABASE_URL", "") or f"sqlite:///{quote(str(STORAGE_ROOT))}/db.sqlite3"
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL, conn_health_checks=True)}
DATABASE_POOL = env.int("DATABASE_POOL", 32, validate=Range(0, 1000))
S3_BUCKET = env.str("S3_BUCKET", "")
S3_ENDPOINT_URL = env.str("S3_ENDPOINT_URL", "")
S3_SIGNED_REDIRECT = env.bool("S3_SIGNED_REDIRECT", False) and bool(S3_BUCKET)

# Who may reach the site, and where
HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000, validate=Range(1, 65535))
BASE_URL = env.str("BASE_URL", "").rstrip("/")
TRUSTED_PROXIES = read_networks(env.list("TRUSTED_PROXIES", []) or default_proxies(BASE_URL))
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", HOST, *env.list("ALLOWED_HOSTS", [])]
if BASE_URL:
    ALLOWED_HOSTS.append(urlsplit(BASE_URL).hostname or "")
TRUSTED_ORIGINS: list[str] = env.list("CORS_ORIGINS", [])
CORS_ALLOWED_ORIGINS = TRUSTED_ORIGINS if "CORS_ORIGINS" in os.environ else ["http://localhost:5173"]
HSTS_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", False)
VOICE_ALIASES: dict[str, str] = env.dict("VOICE_ALIASES", {})
ALLOW_ANONYMOUS_LISTINGS = env.bool("ALLOW_ANONYMOUS_LISTINGS", False)
WEBHOOKS = env.bool("WEBHOOKS", False)
WEBHOOK_ALLOWED_NETWORKS = read_networks(env.list("WEBHOOK_ALLOWED_NETWORKS", []), "WEBHOOK_ALLOWED_NETWORKS")
WYOMING_PORT = env.int("WYOMING_PORT", 0, validate=Range(0, 65535))
WYOMING_HOST = env.str("WYOMING_HOST", "127.0.0.1")
WYOMING_USER = env.str("WYOMING_USER", "")
WYOMING_ZEROCONF = env.bool("WYOMING_ZEROCONF", True)
REQUIRE_LOGIN = env.bool("REQUIRE_LOGIN", False)
REQUIRE_CONSENT = env.str("REQUIRE_CONSENT", "", validate=OneOf(["", "off", "stated", "recorded"])) or (
    "stated" if REQUIRE_LOGIN else "off"
)
OPERATOR = env.str("OPERATOR", "") or urlsplit(BASE_URL).hostname or ""
SIGN_UP = env.bool("SIGN_UP", False)
MAIL = env.dj_email_url("EMAIL_URL", "")
WEB_THREADS = env.int("WEB_THREADS", 16, validate=Range(2, 256))
DEBUG = env.bool("DEBUG", False)
LOG_FORMAT = env.str("LOG_FORMAT", "plain", validate=OneOf(["plain", "json"]))
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
WORKER_METRICS_PORT = env.int("WORKER_METRICS_PORT", 0, validate=Range(0, 65535))
LOG_LEVEL = env.str("LOG_LEVEL", "INFO", validate=OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))

# Synthesis
ENGINE = env.str("ENGINE", "auto", validate=OneOf(["auto", *ENGINES]))
PREVIEW_VOICE = env.str("PREVIEW_VOICE", "kokoro", validate=OneOf(["kokoro", "espeak"]))
XTTS_PRECISION = env.str("XTTS_PRECISION", "auto", validate=OneOf(["auto", "float32", "float16", "int8"]))
XTTS_THREADS = env.int("XTTS_THREADS", 0, validate=Range(0, 1024))
LEASE_SECONDS = env.float("LEASE_SECONDS", 15.0, validate=Range(2, 600))
SPOKEN_NOTICE = env.str("SPOKEN_NOTICE", "off", validate=OneOf(["off", "before", "after"]))
EMBED = env.bool("EMBED", False)
WATERMARK = env.bool("WATERMARK", True)
WATERMARK_KEY = env.str("WATERMARK_KEY", "")
C2PA = env.bool("C2PA", True)
C2PA_CERTIFICATE = env.str("C2PA_CERTIFICATE", "")
C2PA_PRIVATE_KEY = env.str("C2PA_PRIVATE_KEY", "")
CHECK_SPEECH = env.str("CHECK_SPEECH", "off", validate=OneOf(["off", "score", "retry"]))
DEADLINE_SECONDS = env.float("DEADLINE_SECONDS", 3600.0, validate=Range(10))

# Limits
MAX_TEXT_CHARS = env.int("MAX_TEXT_CHARS", 20_000, validate=Range(1))
MAX_BOOK_CHARS = env.int("MAX_BOOK_CHARS", 1_000_000, validate=Range(1, 10_000_000))
MAX_REFERENCE_MB = env.int("MAX_REFERENCE_MB", 25, validate=Range(1))
MAX_REFERENCE_SECONDS = env.int("MAX_REFERENCE_SECONDS", 300, validate=Range(1))
MAX_QUEUED = env.int("MAX_QUEUED", 100, validate=Range(1))
MAX_STREAMS = env.int("MAX_STREAMS", 64, validate=Range(1, 1000))
MIN_FREE_MB = env.int("MIN_FREE_MB", 512, validate=Range(1))
LIMITS = {
    Kind.USER: read_limits(Kind.USER, env.str("LIMITS_USER", "")),
    Kind.KEY: read_limits(Kind.KEY, env.str("LIMITS_KEY", "")),
    Kind.ADDRESS: read_limits(Kind.ADDRESS, env.str("LIMITS_ADDRESS", "")),
    Kind.SERVER: read_limits(Kind.SERVER, env.str("LIMITS_SERVER", "")),
}
KEEP_GENERATIONS_DAYS = env.int("KEEP_GENERATIONS_DAYS", 0, validate=Range(0, 36_500))
KEEP_REFERENCES_DAYS = env.int("KEEP_REFERENCES_DAYS", 0, validate=Range(0, 36_500))
DRAIN_SECONDS = env.float("DRAIN_SECONDS", 10.0, validate=Range(0, 3600))
KEEP_AUDIT_DAYS = env.int("KEEP_AUDIT_DAYS", 365, validate=Range(0, 36_500))
API_WAIT_SECONDS = env.float("API_WAIT_SECONDS", 120.0, validate=Range(0))

# A fleet
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "", validate=Regexp(r"^$|^(amqps?|rediss?)://."))
if CELERY_BROKER_URL and find_spec("celery") is None:
    raise EnvError(
        "CELERY_BROKER_URL: the packages are missing; install them with `python3 infrastructure/install.py fleet`."
    )

SECRET_KEY = env.str("SECRET_KEY", "") or kept_secret_key(STORAGE_ROOT / "secret_key")
if bool(C2PA_CERTIFICATE) != bool(C2PA_PRIVATE_KEY):
    raise EnvError("C2PA_CERTIFICATE and C2PA_PRIVATE_KEY: set both, or neither.")
if not C2PA_CERTIFICATE:
    C2PA_CERTIFICATE = C2PA_PRIVATE_KEY = str(STORAGE_ROOT / "c2pa.pem")
    if C2PA:
        keep_credentials(Path(C2PA_CERTIFICATE))

env.seal()

INSTALLED_APPS = [
    "cloning.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_htmx",
    "cloning.apps.CloningConfig",
]

MIDDLEWARE = [
    "cloning.middleware.trust_proxies",
    "django.middleware.security.SecurityMiddleware",
    "cloning.middleware.take_key_from_path",
    "cloning.middleware.name_request",
    "cloning.middleware.measure",
    "cloning.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cloning.middleware.CompressPages",
    "cloning.middleware.ChooseLanguage",
    "corsheaders.middleware.CorsMiddleware",
    "cloning.middleware.refuse",
    "cloning.middleware.close_uploads",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cloning.middleware.RequireLogin",
    "django.contrib.messages.middleware.MessageMiddleware",
    "cloning.middleware.know_actor",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "voiceclone_site.urls"
ASGI_APPLICATION = "voiceclone_site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cloning.views.context.account",
                "cloning.views.context.engine",
                "cloning.views.context.allowances",
                "cloning.views.context.place",
            ],
        },
    },
]

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Web and worker write at the same time: WAL lets readers go on, IMMEDIATE takes the write lock at BEGIN, where
    # waiting is possible, instead of in the middle of a transaction, where SQLite answers "locked" at once.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        # What is deleted is overwritten, else it would stand in the file until its place is needed.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
    }
    with suppress(OSError):
        Path(DATABASES["default"]["NAME"]).touch(0o600)
    tighten(sqlite_files(Path(DATABASES["default"]["NAME"])))
    # On disk as in use: an SQLite in memory locks differently when threads write.
    DATABASES["default"]["TEST"] = {"NAME": str(STORAGE_ROOT / "test.sqlite3")}
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # Where packets vanish, TCP by itself gives up after a quarter of an hour, for which requests would hang.
    SILENT = {"connect_timeout": 3, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
    DATABASES["default"]["OPTIONS"] = {
        **SILENT,
        "tcp_user_timeout": 8_000,  # milliseconds; the others are seconds
        **DATABASES["default"].get("OPTIONS", {}),
    }
    if DATABASE_POOL:
        # Of each process. Every request and every look of a stream would else open a connection of its own.
        DATABASES["default"]["OPTIONS"]["pool"] = {
            "min_size": 1,
            "max_size": DATABASE_POOL,
            "timeout": 2,  # seconds; then the database is said to be busy
        }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MEDIA_ROOT = STORAGE_ROOT
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "cloning.storage.s3.S3Storage",
        "OPTIONS": {"bucket_name": S3_BUCKET, "endpoint_url": S3_ENDPOINT_URL or None},
    }
    if S3_BUCKET
    else {"BACKEND": "cloning.storage.local.AtomicFileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

CORS_URLS_REGEX = rf"^/(?:(?:api|v1)/|(?:{'|'.join((xtts_server.ROOT, *xtts_server.CALLS))})(?:/|$))"
CORS_ALLOW_ALL_ORIGINS = (
    REQUIRE_LOGIN and "CORS_ORIGINS" not in os.environ
)  # with a key: cookies count for none
CORS_EXPOSE_HEADERS = [
    "WWW-Authenticate",
    "RateLimit",
    "RateLimit-Policy",
    "ETag",
    "Location",
    "Link",
    "X-Generation-Id",
    "Idempotent-Replayed",
    "Retry-After",
    "Content-Range",
]
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("cache-control", "prefer", "idempotency-key", "range", "if-range", "if-none-match"),
]
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"]
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL else []
CSRF_FAILURE_VIEW = "cloning.views.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # `trust_proxies` leaves it to trusted ones
USE_X_FORWARDED_HOST = True
if BASE_URL.startswith("https://"):  # something in front ends TLS
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^api/v1/health"]  # asked past the proxy: it says nothing that is secret
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HSTS_SUBDOMAINS
    if not HSTS_SUBDOMAINS:
        SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # which want both of everybody
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
MIN_PASSWORD_CHARS = 10
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": MIN_PASSWORD_CHARS}),
        ("UserAttributeSimilarityValidator", {}),
        ("CommonPasswordValidator", {}),
    )
]
SENDS_MAIL = "EMAIL_BACKEND" in MAIL
if SENDS_MAIL:
    EMAIL_BACKEND = MAIL["EMAIL_BACKEND"]
    EMAIL_HOST, EMAIL_PORT = MAIL["EMAIL_HOST"], MAIL["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_USER"], MAIL["EMAIL_HOST_PASSWORD"]
    EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL["EMAIL_USE_TLS"], MAIL["EMAIL_USE_SSL"]
    EMAIL_FILE_PATH = MAIL["EMAIL_FILE_PATH"]
    EMAIL_TIMEOUT = MAIL["EMAIL_TIMEOUT"] or 10
    DEFAULT_FROM_EMAIL = (
        MAIL.get("DEFAULT_FROM_EMAIL") or f"voices@{urlsplit(BASE_URL).hostname or 'localhost'}"
    )
elif os.environ.get("EMAIL_URL"):
    raise EnvError('Environment variable "EMAIL_URL" invalid: no smtp://… or submission://….')

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "German"), ("es", "Spanish"), ("fr", "French")]  # of the pages
LOCALE_PATHS = [BASE_DIR / "cloning" / "locale"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = BASE_URL.startswith("https://")
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": ["levelname", "name", "message"],
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "time",
            "reserved_attrs": [*RESERVED_ATTRS, "request"],
        },
    },
    "filters": {
        "without_keys": {"()": "cloning.logs.WithoutKeys"},
        "brief": {"()": "cloning.logs.Brief"},
        "about": {"()": "cloning.logs.About"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["without_keys", "brief", "about"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "cloning": {"level": LOG_LEVEL},
        "django": {
            "handlers": ["console"],
            "level": "INFO" if LOG_LEVEL == "DEBUG" else "WARNING",
            "propagate": False,
        },
    },
}
