"""Every setting, from the environment, with values for development as the default.

`.env.example` has a sentence for each variable.
"""

import os
import re
from importlib.util import find_spec
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from cosme_portal import __version__
from cosme_portal.environment import read_secret
from foundation.database_roles import RUNTIME

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("PORTAL_VAR") or ROOT / "var").resolve()

env = environ.Env()
env.read_env(ROOT / ".env")

# --- What kind of portal this is -------------------------------------------------------------

MODE = env.str("PORTAL_MODE", "development")
if MODE not in {"development", "demo", "test", "production"}:
    raise ImproperlyConfigured(
        f"PORTAL_MODE is {MODE!r}; it must be development, demo, test or production."
    )
IN_PRODUCTION = MODE == "production"
IS_DEMO = MODE == "demo"
DEBUG = env.bool("PORTAL_DEBUG", False)

LEAST_SECRET = 40  # characters
DEVELOPMENT_SECRET = "for development only: anyone can read this"
SECRET_KEY = read_secret("PORTAL_SECRET_KEY", DEVELOPMENT_SECRET)
# Former secrets: what was signed with them stays valid, nothing new is signed with them.
SECRET_KEY_FALLBACKS = re.findall(r"[^,\n]+", read_secret("PORTAL_SECRET_KEY_FALLBACKS"))
BASE_URL = env.str("PORTAL_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("PORTAL_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])

# The clock of applicants and officers can be moved: for demonstrations and rehearsals only.
CLOCK_IS_MOVABLE = env.bool("PORTAL_CLOCK_MOVABLE", IS_DEMO)
# In production the role that runs the portal may not even write the row that would move it.
TABLES_ONLY_READ = ["calls_clockoffset"] if IN_PRODUCTION else []

# The portal's own proxies: only they say where a request comes from, that it came encrypted, and when it had
# fully arrived (with this header).
TRUSTED_PROXIES = frozenset(env.list("PORTAL_TRUSTED_PROXIES", default=[]))
ARRIVAL_HEADER = env.str("PORTAL_ARRIVAL_HEADER", "X-Request-Arrived")
CLOCK_LOOK_SECONDS = env.int("PORTAL_CLOCK_LOOK_SECONDS", 30)

if IN_PRODUCTION:
    if SECRET_KEY == DEVELOPMENT_SECRET or len(SECRET_KEY) < LEAST_SECRET:
        raise ImproperlyConfigured(
            "Production needs its own secret: set PORTAL_SECRET_KEY to at least 40 random "
            "characters."
        )
    if any(
        secret == DEVELOPMENT_SECRET or len(secret) < LEAST_SECRET
        for secret in SECRET_KEY_FALLBACKS
    ):
        raise ImproperlyConfigured(
            "PORTAL_SECRET_KEY_FALLBACKS has a secret that others can guess: remove each that has "
            "fewer than 40 characters."
        )
    if CLOCK_IS_MOVABLE:
        raise ImproperlyConfigured(
            "The clock cannot be adjustable in production: unset PORTAL_CLOCK_MOVABLE."
        )
    if DEBUG:
        raise ImproperlyConfigured("Debug pages are not allowed in production: unset PORTAL_DEBUG.")
    if not BASE_URL.startswith("https://"):
        raise ImproperlyConfigured(
            "Production needs PORTAL_BASE_URL, the https:// address used in links in PDFs and "
            "emails."
        )

# --- Applications ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "cosme_portal.apps.PortalConfig",
    "cosme_portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "crispy_forms",
    "crispy_bootstrap5",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "pgtrigger",
    "calls",
    "applicants",
    "proposals",
]

MIDDLEWARE = [
    "cosme_portal.middleware.ObserveRequests",
    "cosme_portal.middleware.AnswerHealth",
    "foundation.client_address.IgnoreForgedHeaders",
    "calls.request_arrival.ArrivalMiddleware",  # early: it notes when the request had arrived
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cosme_portal.middleware.SendContentSecurityPolicy",
    "cosme_portal.middleware.PrivateCacheControl",
    "cosme_portal.middleware.RefuseLargeBodies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "cosme_portal.middleware.EnforceLimits",
    "cosme_portal.middleware.ExplainMethods",
    "django_htmx.middleware.HtmxMiddleware",
    "calls.database_clock.ClockSkewMiddleware",
    "calls.shared_clock.ClockMiddleware",
    "cosme_portal.middleware.RefuseOtherCharsets",
    "cosme_portal.middleware.RefuseUnsafeAddresses",
    "cosme_portal.middleware.RefuseUnreadableValues",
]

# For those who change the portal (`make run`), where the development packages are installed.
SHOWS_TOOLBAR = MODE == "development" and DEBUG and find_spec("debug_toolbar") is not None
if SHOWS_TOOLBAR:
    INSTALLED_APPS.append("debug_toolbar")
    # Inside of the policy on content, which allows the toolbar's scripts by their nonce.
    MIDDLEWARE.insert(
        MIDDLEWARE.index("cosme_portal.middleware.SendContentSecurityPolicy") + 1,
        "debug_toolbar.middleware.DebugToolbarMiddleware",
    )
    INTERNAL_IPS = ["127.0.0.1"]

ROOT_URLCONF = "cosme_portal.urls"
WSGI_APPLICATION = "cosme_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "foundation.isolation.IsolatingLoader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cosme_portal.context.portal",
            ],
        },
    }
]
FORM_RENDERER = "foundation.renderers.CountingRenderer"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Data ------------------------------------------------------------------------------------

DATABASE_URL = (
    read_secret("DATABASE_URL") or f"postgres://{RUNTIME}@/portal?host={VAR / 'postgres'}"
)
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
# Of the role that owns the tables; `manage.py migrate` and its like use it.
DATABASE_OWNER_URL = read_secret("DATABASE_OWNER_URL")
# Where pg_dump and pg_restore of the server's version are, if not in PATH.
POSTGRESQL_BIN = env.str("PORTAL_POSTGRESQL_BIN", "")
# A new connection for each request costs two thirds of the throughput (docs/architecture.md).
DATABASES["default"]["CONN_MAX_AGE"] = env.int("PORTAL_CONNECTION_SECONDS", 600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_TABLE = "portal_cache"
CACHES = {
    # Only what may be lost; limits are counted in Redis.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": CACHE_TABLE,
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # Rendered parts of pages, kept by each process and named after the change or version they show.
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "TIMEOUT": 600,
    },
}

# --- People ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "applicants.User"
AUTHENTICATION_BACKENDS = ["applicants.auth_backends.PersonBackend"]
PASSWORD_HASHERS = [
    "applicants.hashers.OwaspArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "proposals:mine"
LOGOUT_REDIRECT_URL = ACCOUNT_LOGOUT_REDIRECT_URL = "calls:list"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "login": "applicants.account_forms.LoginForm",
    "add_email": "applicants.account_forms.AddEmailForm",
    "signup": "applicants.account_forms.SignupForm",
    "reset_password": "applicants.account_forms.ResetPasswordForm",
}
ACCOUNT_SIGNUP_FORM_CLASS = "applicants.forms.SignupNameForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = (
    False  # the portal's own table counts accounts too, and nobody's by what strangers do
)
ACCOUNT_ADAPTER = "applicants.accounts.AccountAdapter"

# --- Language and time -----------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
# Texts are marked, but there are no translations: looking each of them up takes a tenth of a page.
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = ["cosme_portal.formats"]  # instants with zone and offset, in the admin too
TIME_ZONE = "Europe/Brussels"  # of pages; every stored instant is UTC

# --- Files -----------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT = VAR / "static"
WHITENOISE_USE_FINDERS = not IN_PRODUCTION and not IS_DEMO
MEDIA_ROOT = env.path("PORTAL_FILES", default=str(VAR / "files"))
STORAGES = {
    "default": {"BACKEND": "foundation.file_storage.DurableFileSystemStorage"},
    "staticfiles": {
        "BACKEND": "cosme_portal.static_storage.CompressedModuleStorage"
        if IN_PRODUCTION or IS_DEMO
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
        # The web server reads them as another user; the mode of uploads is for the portal alone.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = [
    "proposals.workspace.uploads.RejectUnsafeFilenames",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
CLAMD = env.str("PORTAL_CLAMD", "")  # of a virus scanner: host:port, or the path of a Unix socket
MAX_FILE_SIZE = 10 * 1024 * 1024  # bytes, of one PDF
MAX_BODY_SIZE = MAX_FILE_SIZE + 1024 * 1024  # bytes, of one request with a file
# What looking into somebody's file may take; each limit has a sentence for the person.
FILE_CHECK_SECONDS = env.int("PORTAL_FILE_SECONDS", 20)
FILE_CHECK_MEMORY = env.int("PORTAL_FILE_MEMORY_MB", 512) * 1024 * 1024
FILE_CHECK_PAGES = env.int("PORTAL_FILE_PAGES", 1000)
FILE_CHECK_UNPACKED = env.int("PORTAL_FILE_UNPACKED_MB", 200) * 1024 * 1024
FILE_CHECKS_AT_ONCE = env.int("PORTAL_FILE_CHECKS", 2)  # on one machine
FILE_CHECK_WAIT = env.int("PORTAL_FILE_WAIT_SECONDS", 10)
LOCKS_FOLDER = VAR / "locks"
MAX_TEXT_SIZE = 1024 * 1024  # bytes, of a form's text
# Of a step that fills every field of every row to its limit in any script, as a browser encodes it.
MAX_STEP_SIZE = 6 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_STEP_SIZE
# Sixty activities, each with a box for every partner and deliverable; a browser sends only those ticked.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2500

# --- Mail ------------------------------------------------------------------------------------

EMAIL_CONFIG = env.email_url_config(
    read_secret("PORTAL_MAIL_URL")
    or (f"filemail:///{VAR / 'mails'}" if IS_DEMO else "consolemail://")
)
vars().update(EMAIL_CONFIG)
EMAIL_FILE_PATH = str(VAR / "emails")
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env.str("PORTAL_MAIL_FROM", "COSME portal <portal@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Work behind the pages -------------------------------------------------------------------

CLAIM_SECONDS = env.int("PORTAL_CLAIM_SECONDS", 30)
CELERY_BROKER_URL = read_secret("REDIS_URL") or "redis://127.0.0.1:6379/0"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False  # a hint that is lost costs seconds: beat relays the outbox
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# By urgency; `docs/operators.md` says which workers to start. A worker without --queues serves all.
QUEUES = {
    "urgent": ["process_outbox", "sequence_ledger"],
    "screening": [
        "screen_closed_calls", "commit_closed_calls", "publish_daily_heads", "remind_of_deadlines",
        "work_on_changes", "add_pending_timestamps", "complete_ledger",
    ],
    "documents": ["process_outbox_documents", "make_draft_pdfs", "make_exports"],
    "files": ["scan_waiting", "tidy_up"],
}  # fmt: skip
CELERY_TASK_QUEUES = [Queue(name) for name in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = "urgent"
CELERY_TASK_ROUTES = {
    f"proposals.tasks.{task}": {"queue": queue} for queue, tasks in QUEUES.items() for task in tasks
}
CELERY_BEAT_SCHEDULER = "cosme_portal.beat:GuardedScheduler"
_PERIODS = {  # seconds
    "process_outbox": 1, "sequence_ledger": 2, "process_outbox_documents": 2, "work_on_changes": 5,
    "make_draft_pdfs": 2, "make_exports": 5, "screen_closed_calls": 10, "commit_closed_calls": 30,
    "remind_of_deadlines": 30, "add_pending_timestamps": 30, "scan_waiting": 30,
    "publish_daily_heads": 300, "tidy_up": 300, "complete_ledger": 3600,
}  # fmt: skip
# A task that no worker took in time expires: the next one does its work, and no heap is left after a rush.
# Sender and worker compare their own clocks: a machine that is some seconds slow must not void its tasks.
MIN_TASK_LIFETIME = 60  # seconds
CELERY_BEAT_SCHEDULE = {
    task: {
        "task": f"proposals.tasks.{task}",
        "schedule": float(seconds),
        "options": {"expires": max(MIN_TASK_LIFETIME, 2 * seconds)},
    }
    for task, seconds in _PERIODS.items()
}

# One document as PDF. A layout that takes longer is ended, and its outbox row is tried again.
LAYOUT_SECONDS = env.int("PORTAL_LAYOUT_SECONDS", 60)
LAYOUT_MEMORY = env.int("PORTAL_LAYOUT_MEMORY_MB", 2048) * 1024 * 1024

# --- Limits -----------------------------------------------------------------------------------

LIMITS = "cosme_portal.limits.LIMITS"
CHEAP_READS = "cosme_portal.limits.CHEAP_READS"
LIMITS_APPLY = MODE != "test"
LIMITS_STORAGE = CELERY_BROKER_URL.replace("redis+socket://", "redis+unix://")

# --- Proof ------------------------------------------------------------------------------------

SEAL_PEM = env.str("PORTAL_SEAL_PEM", "", multiline=True)
SEAL_FILE = env.str("PORTAL_SEAL_FILE", "") or str(VAR / "seal" / "demo-seal.pem")
SEAL_MODULE = env.str("PORTAL_SEAL_MODULE", "")  # the PKCS#11 library of a hardware key
SEAL_TOKEN = env.str("PORTAL_SEAL_TOKEN", "")
SEAL_LABEL = env.str("PORTAL_SEAL_LABEL", "")
SEAL_PIN = read_secret("PORTAL_SEAL_PIN")
LOG_WITNESSES = env.list("PORTAL_LOG_WITNESSES", default=[])  # addresses that get each day's head
TIMESTAMP_URL = read_secret("PORTAL_TIMESTAMP_URL")  # RFC 3161 over HTTP
MAKES_DEMO_SEAL = not IN_PRODUCTION
if IN_PRODUCTION and not SEAL_PEM and not env.str("PORTAL_SEAL_FILE", ""):
    raise ImproperlyConfigured(
        "Production needs a seal key: set PORTAL_SEAL_FILE to a file with a P-256 key and its "
        "certificate (PEM), or PORTAL_SEAL_PEM to its content."
    )

# --- Monitoring ------------------------------------------------------------------------------

# /metrics answers 404 unless one of these says who may read it.
METRICS_TOKEN = read_secret("PORTAL_METRICS_TOKEN")
METRICS_ADDRESSES = frozenset(env.list("PORTAL_METRICS_ADDRESSES", default=[]))
METRICS_ENABLED = bool(METRICS_TOKEN or METRICS_ADDRESSES)
# Of all processes of one machine. A later version may count by other labels, so it has its own.
METRICS_FOLDER = Path(env.str("PORTAL_METRICS_FOLDER", "") or VAR / "metrics") / __version__
SENTRY_DSN = read_secret("PORTAL_SENTRY_DSN")
LEAST_TOKEN = 20  # characters
if METRICS_TOKEN and len(METRICS_TOKEN) < LEAST_TOKEN:
    raise ImproperlyConfigured("PORTAL_METRICS_TOKEN must have at least 20 random characters.")

# --- Headers ---------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SESSION_ENGINE = "applicants.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IN_PRODUCTION
CSRF_FAILURE_VIEW = "cosme_portal.views.stale_form"
SECURE_SSL_REDIRECT = IN_PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if IN_PRODUCTION else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Subdomains and browsers' preload lists concern the whole domain, which is the agency's.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if SHOWS_TOOLBAR:
    # It misses Django's loader of app templates; the portal's own one does the same.
    SILENCED_SYSTEM_CHECKS.append("debug_toolbar.W006")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "foundation.logs.JsonFormatter"},
        "plain": {
            "()": "foundation.logs.ReadableFormatter",
            "format": "{levelname} {name}: {message}",
            "style": "{",
        },
    },
    "filters": {"no-tokens": {"()": "foundation.log_redaction.RedactTokens"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if IN_PRODUCTION else "plain",
            "filters": [] if IN_PRODUCTION else ["no-tokens"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO" if IN_PRODUCTION else "WARNING"},
    "loggers": {
        # WeasyPrint and fontTools log every glyph, Celery every task; only what goes wrong is of interest.
        "fontTools": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
        "portal": {"level": "INFO"},
        # In production one line for each request has its error, too; elsewhere Django's are read.
        "django.request": {"level": "CRITICAL" if IN_PRODUCTION else "WARNING"},
        "portal.request": {"level": "INFO" if IN_PRODUCTION else "CRITICAL"},
    },
}
if IN_PRODUCTION:  # its own handlers, which gunicorn has set up before, write texts
    LOGGING["loggers"]["gunicorn.error"] = {  # type: ignore[index]
        "handlers": ["console"],
        "propagate": False,
    }
