"""Settings, all from the environment, and from `.env` in the project's root for what the environment lacks.

Every variable is read here and nowhere else, in the ways that `tracker.environment` offers; `.env.example` lists them
all and a test holds the two together.
"""

from pathlib import Path
from typing import Any

from celery.schedules import crontab

from tracker.environment import database, flag, networks, number, one_of, read_env_file, text, url, urls, whole, words
from tracker.logs import formatter

BASE_DIR = Path(__file__).resolve().parent.parent
read_env_file(BASE_DIR / text("ENV_FILE", ".env"), wanted=text("ENV_FILE") != "")

# --- Django -------------------------------------------------------------------------------------------------

DEBUG = flag("DEBUG", False)
DEFAULT_SECRET_KEY = "not-secret-development-key-" + "0" * 32
SECRET_KEY = text("SECRET_KEY", DEFAULT_SECRET_KEY)
ALLOWED_HOSTS = words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS", [])
ADMIN_PATH = text("ADMIN_PATH", "admin").strip("/")
RUN_DIR = BASE_DIR / text("RUN_DIR", ".run")  # state of `make demo`, `make live` and `manage.py devservices`
PORT = whole("PORT", 8000, 1, 65535)  # of the web server that `make demo` and `make live` start

INSTALLED_APPS = [
    "daphne",  # before staticfiles: it replaces runserver
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_celery_beat",
    "simple_history",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "market",
    "alerts",
    "tracker.accounts",
]

MIDDLEWARE = [
    "market.middleware.measured",  # first: the others take time too
    "market.headers.permissions_policy",
    "django.middleware.security.SecurityMiddleware",
    "market.compression.CompressionMiddleware",  # before whitenoise: it packs what that serves
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "market.middleware.ChosenLocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "tracker.accounts.middleware.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tracker.accounts.middleware.PageAccessMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it sees what the login view answered
]

ROOT_URLCONF = "tracker.urls"
ASGI_APPLICATION = "tracker.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tracker.accounts.context.accounts",
            ]
        },
    }
]

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "tracker.accounts.hashers.Argon2id",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of older passwords: hashed anew at their next log-in
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AXES_VERBOSE = False  # its greeting at every start
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True  # five in a row, not five in a life
AXES_CLIENT_IP_CALLABLE = "tracker.accounts.limits.plain_address_of"
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
ADMIN_SECOND_FACTOR = one_of("ADMIN_SECOND_FACTOR", "optional", {"off", "optional", "required"})
OTP_TOTP_ISSUER = "VN Stock Tracker"  # what the app calls us
LOGIN_URL = "accounts:log_in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNTS_SIGN_UP = flag("ACCOUNTS_SIGN_UP", False)  # `make demo` switches it on
ACCOUNTS_SIGN_UP_LOCALLY = flag("ACCOUNTS_SIGN_UP", True)  # for `make live`, which serves this machine alone
SIGN_UPS_PER_HOUR_PER_ADDRESS = whole("SIGN_UPS_PER_HOUR_PER_ADDRESS", 10, 1, 100_000)

# --- Language and time --------------------------------------------------------------------------------------

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

# --- Static files -------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
CHART_SCRIPTS = BASE_DIR / "node_modules" / "lightweight-charts" / "dist"
HAS_CHART_SCRIPTS = CHART_SCRIPTS.is_dir()
STATICFILES_DIRS: list[Any] = [BASE_DIR / "static"]
if HAS_CHART_SCRIPTS:  # Django warns about a folder that is not there
    STATICFILES_DIRS.append(("vendor/lightweight-charts", CHART_SCRIPTS))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if (STATIC_ROOT / "staticfiles.json").exists()
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()

# --- PostgreSQL, Redis, Channels, Celery --------------------------------------------------------------------

HAS_DATABASE_URL = text("DATABASE_URL") != ""  # else `make demo` and `make live` start a server of their own
DATABASE_URL = url("DATABASE_URL", "postgres://tracker@127.0.0.1:5432/tracker", {"postgres", "postgresql"})
# 0: no pool. Web processes set it; Celery and ingest do not.
DATABASE_POOL_SIZE = whole("DATABASE_POOL_SIZE", 0, 0, 100)
# A replica that pages and the API read history from; nothing else, because it lags.
READ_DATABASE_URL = url("READ_DATABASE_URL", "", {"postgres", "postgresql"})


DATABASES = {"default": database(DATABASE_URL, pool_size=DATABASE_POOL_SIZE)}
if READ_DATABASE_URL:
    DATABASES["history"] = database(READ_DATABASE_URL, "default_transaction_read_only=on", pool_size=DATABASE_POOL_SIZE)
DATABASE_ROUTERS = ["market.history_database.HistoryRouter"]

HAS_REDIS_URL = text("REDIS_URL") != ""
REDIS_URL = url("REDIS_URL", "redis://127.0.0.1:6379/0", {"redis", "rediss", "unix"})
# Servers that share the groups; the same list in the same order in every process, or messages are lost.
CHANNEL_REDIS_URLS = urls("CHANNEL_REDIS_URLS", [], {"redis", "rediss", "unix"})
CHANNEL_LAYERS = {
    "default": {
        # Pub/sub: the other layer keeps membership in Redis and loses it for ever when Redis restarts.
        "BACKEND": "market.channel_layer.ChannelLayer",
        "CONFIG": {
            "hosts": [
                {
                    "address": address,
                    "socket_timeout": None,
                    "socket_connect_timeout": 3,
                    "health_check_interval": 15,
                }
                for address in CHANNEL_REDIS_URLS or [REDIS_URL]
            ],
            "prefix": "tracker",
        },
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 600
# Alerts do not wait until an hour of history is fetched: a worker of their own takes them.
CELERY_TASK_ROUTES = {"alerts.deliver": {"queue": "delivery"}, "alerts.link_telegram": {"queue": "delivery"}}
CELERY_BEAT_SCHEDULER = "tracker.beat:WatchedScheduler"
# Beat writes these rows at each start, so times are changed here; the admin can switch a task off. Times are Vietnam's.
# A task that nobody took in time is dropped: the next one does its work.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "reference data": {"task": "market.refresh_reference", "schedule": crontab(minute="0", hour="8")},
    "history of what is new": {"task": "market.fill_new", "schedule": 300, "options": {"expire_seconds": 280}},
    "gaps of today": {"task": "market.fill_gaps", "schedule": 120, "options": {"expire_seconds": 110}},
    "days from minutes": {"task": "market.roll_up", "schedule": crontab(minute="20", hour="15")},
    "days that were missed": {"task": "market.roll_up_missed", "schedule": 300, "options": {"expire_seconds": 280}},
    "history of the day": {"task": "market.fill_history", "schedule": crontab(minute="5", hour="18")},
    "old rows": {"task": "market.prune_history", "schedule": crontab(minute="30", hour="2")},
    "summary of the day": {"task": "alerts.sum_up", "schedule": 300, "options": {"expire_seconds": 280}},
    "old alerts": {"task": "alerts.prune", "schedule": crontab(minute="40", hour="2")},
    "delivery": {"task": "alerts.deliver", "schedule": 2, "options": {"expire_seconds": 4}},
    "telegram links": {"task": "alerts.link_telegram", "schedule": 3, "options": {"expire_seconds": 5}},
    "old deliveries": {"task": "alerts.prune_deliveries", "schedule": crontab(minute="45", hour="2")},
    "old sessions": {"task": "accounts.prune", "schedule": crontab(minute="50", hour="2")},
    "trading calendar": {
        "task": "market.seed_calendar",
        "schedule": crontab(minute="10", hour="2", day_of_month="1"),
    },
}

# --- Feed and market ----------------------------------------------------------------------------------------

SSI_CONSUMER_ID = text("SSI_CONSUMER_ID")
SSI_CONSUMER_SECRET = text("SSI_CONSUMER_SECRET")
SSI_DATA_URL = url("SSI_DATA_URL", "https://fc-data.ssi.com.vn/", {"http", "https"})
SSI_STREAM_URL = url("SSI_STREAM_URL", "https://fc-datahub.ssi.com.vn/", {"http", "https"})
# Without any frame for so long, keep-alives included, a connection to the stream is lost; never before twice the time
# that the server announces, which nobody has measured at SSI.
FEED_SILENCE_SECONDS = whole("FEED_SILENCE_SECONDS", 45, 1, 3600)
REST_CALLS_PER_SECOND = number("REST_CALLS_PER_SECOND", 1, 0.1, 1000)  # SSI publishes no limit; about one is safe
WATCH = text("WATCH", "vn30")  # vn30, all, or a comma list of symbols
RECORDINGS_DIR = BASE_DIR / text("RECORDINGS_DIR", ".run/recordings")  # days that alert rules may be tried against
BROADCAST_INTERVAL_MS = whole("BROADCAST_INTERVAL_MS", 200, 20, 5000)
# How often ingest hands rows to the thread that stores them.
STORE_INTERVAL_MS = whole("STORE_INTERVAL_MS", 500, 20, 5000)
# What ingest has received and not yet stored, so that neither a crash nor the database's absence loses it.
SPOOL_DIR = BASE_DIR / (text("SPOOL_DIR") or RUN_DIR / "spool")
SPOOL_MAX_MB = whole("SPOOL_MAX_MB", 1024, 16, 1_000_000)
# So long a start waits for a database that is away; then it does without.
RECOVERY_WAIT_SECONDS = whole("RECOVERY_WAIT_SECONDS", 20, 0, 600)
# A row that saw nothing for so long greys out.
STALE_AFTER_SECONDS = whole("STALE_AFTER_SECONDS", 60, 5, 3600)
# So many alerts of their own may a user have active.
PERSONAL_ALERTS_PER_USER = whole("PERSONAL_ALERTS_PER_USER", 50, 1, 10_000)

# --- Delivery of alerts -------------------------------------------------------------------------------------

SITE_URL = url("SITE_URL", f"http://127.0.0.1:{PORT}/", {"http", "https"})  # for links in messages
EMAIL_HOST = text("EMAIL_HOST")  # empty: no e-mail
EMAIL_OUTBOX = text("EMAIL_OUTBOX")  # a folder for letters while there is no mail server; `make demo` sets it
EMAIL_FILE_PATH = BASE_DIR / EMAIL_OUTBOX
# Never Django's console: what resets a password is a secret, and logs are read by many.
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"
EMAIL_BACKEND = (
    f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
    if EMAIL_HOST or EMAIL_OUTBOX
    else NO_MAIL
)
EMAIL_PORT = whole("EMAIL_PORT", 587, 1, 65535)
EMAIL_HOST_USER = text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = text("EMAIL_HOST_PASSWORD")
EMAIL_SECURITY = one_of("EMAIL_SECURITY", "starttls", {"none", "starttls", "tls"})
EMAIL_USE_TLS = EMAIL_SECURITY == "starttls"
EMAIL_USE_SSL = EMAIL_SECURITY == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", "tracker@localhost")
TELEGRAM_BOT_TOKEN = text("TELEGRAM_BOT_TOKEN")  # empty: no Telegram
TELEGRAM_API_URL = url("TELEGRAM_API_URL", "https://api.telegram.org/", {"http", "https"})
VAPID_PRIVATE_KEY = text("VAPID_PRIVATE_KEY")  # empty: one derived from SECRET_KEY
VAPID_CONTACT = text("VAPID_CONTACT", f"mailto:{DEFAULT_FROM_EMAIL}")
DELIVERY_KEYS = words("DELIVERY_KEYS", [])  # the first seals, all open; after them comes one derived from SECRET_KEY
DELIVERY_TO_LOOPBACK = flag("DELIVERY_TO_LOOPBACK", False)

# --- Web API ------------------------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "market.api.access.TokenAuthentication",
        "market.api.access.ReaderSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["market.api.access.ReadAllowed"],
    "DEFAULT_THROTTLE_CLASSES": ["market.api.throttles.CallerThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "market.api.errors.handle",
    "URL_FORMAT_OVERRIDE": None,  # `format` is a parameter of the history views
}
SPECTACULAR_SETTINGS = {
    "TITLE": "VN Stock Tracker",
    "VERSION": "1",
    "DESCRIPTION": "Live market, history and reference data. Times are ISO 8601 with Vietnam's offset; stock prices "
    "are in VND, indices and futures in points, volumes in shares or contracts, values in VND. Errors have one shape: "
    "code and detail.",
    "SERVE_INCLUDE_SCHEMA": False,
    "PREPROCESSING_HOOKS": ["market.api.schema.without_slashes"],
    "ENUM_NAME_OVERRIDES": {},
    "COMPONENT_SPLIT_REQUEST": False,
}

# --- Who may listen, and how often --------------------------------------------------------------------------

ANONYMOUS_READ = flag("ANONYMOUS_READ", False)  # `make demo` switches it on
ANONYMOUS_READ_LOCALLY = flag("ANONYMOUS_READ", True)  # for `make live`, which serves this machine alone
API_REQUESTS_PER_MINUTE_PER_ADDRESS = whole("API_REQUESTS_PER_MINUTE_PER_ADDRESS", 600, 1, 10_000_000)
API_REQUESTS_PER_MINUTE_PER_TOKEN = whole("API_REQUESTS_PER_MINUTE_PER_TOKEN", 3000, 1, 10_000_000)
API_BUDGETS_SHARED = True  # over all web processes; off in tests, which would spend each other's
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")
WS_CONNECTIONS_PER_ADDRESS = whole("WS_CONNECTIONS_PER_ADDRESS", 100, 1, 100_000)
WS_CONNECTIONS_PER_USER = whole("WS_CONNECTIONS_PER_USER", 20, 1, 100_000)

# --- Security -----------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        # The style that lightweight-charts 5.2.1 puts into the page for its attribution logo, and no other.
        "style-src": ["'self'", "'sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY='"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # of a form without its files; market/body.py bounds both together
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
# What a browser offers and no page of ours uses.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
        *("microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking"),
    )
)
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
HTTPS_ONLY = flag("HTTPS_ONLY", False)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
# A browser that was told once keeps to HTTPS for so long, whatever the site does then.
HSTS_SECONDS = whole("HSTS_SECONDS", 31_536_000, 0, 1_000_000_000)
SECURE_HSTS_SECONDS = HSTS_SECONDS if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = flag("HSTS_SUBDOMAINS", True)
SECURE_HSTS_PRELOAD = flag("HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS: list[str] = []
if not SECURE_HSTS_PRELOAD:
    # Preloading binds a whole domain for months, also what else lives there: its owner decides, not a check.
    SILENCED_SYSTEM_CHECKS.append("security.W021")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if flag("BEHIND_PROXY", False) else None

# --- Metrics -------------------------------------------------------------------------------------------------

# Where this process serves its own metrics; 0: nowhere. Each process needs a port of its own on its machine.
METRICS_PORT = whole("METRICS_PORT", 0, 0, 65535)
METRICS_ADDRESS = text("METRICS_ADDRESS", "127.0.0.1")
BUILD_REVISION = text("BUILD_REVISION", "unknown")  # what was built, as the metrics tell it

# --- Logs ---------------------------------------------------------------------------------------------------

LOG_LEVEL = one_of("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOG_FORMAT: Any = one_of("LOG_FORMAT", "line", {"line", "json"})
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": formatter(LOG_FORMAT)},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "httpx2": {"level": "WARNING"},  # below that it logs addresses, and Telegram's hold the bot's token
        "httpcore2": {"level": "WARNING"},
        "websockets": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
    },
}
