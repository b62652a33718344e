"""What can be broken in the clinic: by a bad release for good, or switched on and off while it runs."""

from dataclasses import dataclass, field
from enum import Enum


class Fault(Enum):
    """One way to be broken; everything else goes on working."""

    LOGIN_FAILS = "login-fails"
    HEALTH_FAILS = "health-fails"
    LEAKS_OTHER_CLINICS = "leaks-other-clinics"
    SLUGGISH = "sluggish"
    MIXED_VERSIONS = "mixed-versions"
    READY_TELLS_SECRET = "ready-tells-secret"
    READY_HIDES_BUILD = "ready-hides-build"
    LOGIN_PAGE_MISSING = "login-page-missing"
    REDIRECT_LOOP = "redirect-loop"
    NO_SECURITY_HEADERS = "no-security-headers"
    OPEN_COOKIES = "open-cookies"
    ERRORS_SHOW_TRACE = "errors-show-trace"
    ERRORS_LOSE_SHAPE = "errors-lose-shape"
    ERRORS_QUOTE_INPUT = "errors-quote-input"
    NO_RATE_LIMIT = "no-rate-limit"
    WEBHOOK_CRASHES = "webhook-crashes"
    WEBHOOK_STORES_TWICE = "webhook-stores-twice"
    LOGOUT_FORGETS = "logout-forgets"
    ODD_INPUT_CRASHES = "odd-input-crashes"
    LOGS_NAMES = "logs-names"
    NAMES_IN_URLS = "names-in-urls"
    QUERY_PER_PATIENT = "query-per-patient"
    CRON_FAILS = "cron-fails"
    CRON_OPEN = "cron-open"


@dataclass(slots=True)
class Switches:
    """The faults that are switched on in one running instance."""

    on: set[Fault] = field(default_factory=set)
