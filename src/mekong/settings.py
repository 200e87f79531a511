"""Django's settings, derived from `mekong.foundation.config`. Nothing is set here that people are meant to change."""

import os
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from mekong.foundation import config as _config
from mekong.foundation import logs as _logs

MEKONG = _config.load()
_secrets = _config.load_secrets(MEKONG)
_package = Path(__file__).resolve().parent
_process = os.environ.get("MEKONG_PROCESS", "command")
"""Which process this is: web, worker, command or test."""

SECRET_KEY = _secrets.secret_key
FIELD_KEYS = _secrets.field_keys
"""Fernet keys, newest first, for the credentials that are kept encrypted."""

DEBUG = MEKONG.debug
ALLOWED_HOSTS = MEKONG.hosts
ROOT_URLCONF = "mekong.faces.urls"
ASGI_APPLICATION = "mekong.faces.web.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "procrastinate.contrib.django",
    "axes",
    "ninja",
    "mekong.foundation",
    "mekong.catalog",
    "mekong.inventory",
    "mekong.pricing",
    "mekong.loyalty",
    "mekong.orders",
    "mekong.channels",
    "mekong.partners",
    "mekong.insights",
    "mekong.faces.backoffice",
    "mekong.faces.replay",
]

MIDDLEWARE = [
    "mekong.faces.express.metrics.RouteNoted",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mekong.foundation.door.Door",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "mekong.faces.backoffice.middleware.BackOffice",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _database() -> dict[str, Any]:
    parts = conninfo_to_dict(MEKONG.effective_database_url)
    options: dict[str, Any] = {
        name: value for name, value in parts.items() if name not in {"host", "port", "user", "password", "dbname"}
    }
    options.setdefault("application_name", f"mekong-{_process}")
    options.setdefault("connect_timeout", 10)
    if _process == "web":
        # Threads of the web process share few connections; a request that finds none waits a little, then fails
        # clearly.
        options["pool"] = {"min_size": 1, "max_size": MEKONG.web_connections, "timeout": 10, "max_idle": 120}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "mekong"),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "CONN_MAX_AGE": 0,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": options,
        "TEST": {"NAME": f"test_{parts.get('dbname', 'mekong')}"},
    }


DATABASES = {"default": _database()}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# People, sign-in, sessions
AUTH_USER_MODEL = "foundation.Person"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "mekong.foundation.addresses.address_of"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False

_https = MEKONG.base_url.startswith("https://")
# The longest that the policy allows; it usually ends a session earlier (foundation/security).
SESSION_COOKIE_AGE = 30 * 24 * 3600
# The prefix binds them to this very host and to https (RFC 6265bis, 4.1.3.2); without https browsers refuse it.
_bound = "__Host-" if _https else ""
SESSION_COOKIE_NAME = f"{_bound}mekong_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_NAME = f"{_bound}mekong_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = _https
CSRF_FAILURE_VIEW = "mekong.faces.backoffice.views.doors.csrf_failed"
CSRF_TRUSTED_ORIGINS = [MEKONG.base_url] if _https else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if MEKONG.behind_proxy else None
USE_X_FORWARDED_HOST = MEKONG.behind_proxy
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Uploads
# Of a body without its files; those are held to `upload_limit_bytes` by the API and to less by what reads them.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_NUMBER_FILES = 50
FILE_UPLOAD_PERMISSIONS = 0o600
MEDIA_ROOT = MEKONG.data / "media"
MEDIA_URL = "/media/"

# Static files: gathered into the data folder under hashed names when they change, served by the web server itself.
STATIC_URL = "/static/"
STATIC_ROOT = MEKONG.data / "static"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or _process == "test"
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}

# Language, time, numbers
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "mekong_language"
LOCALE_PATHS = [_package / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

# Jobs
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

if _process == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    AXES_ENABLED = False

LOGGING_CONFIG = None
_logs.configure(process=_process, level=MEKONG.log_level)
