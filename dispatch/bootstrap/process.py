"""What every process does first: read its settings, and say what it has to say in one form."""

from __future__ import annotations

import logging
import sys

import structlog
from pydantic import ValidationError

from dispatch.settings import Settings


class StartRefused(Exception):
    """What is missing or unsafe in the settings, in words for whoever starts the process."""


def settings() -> Settings:
    """Read the settings. Raises ``StartRefused``."""
    try:
        return Settings()
    except ValidationError as error:
        reasons = "; ".join(str(e["msg"]).removeprefix("Value error, ") for e in error.errors())
        raise StartRefused(reasons) from None


def configure_logging() -> None:
    """One JSON line an event on standard error; ids, never names."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
