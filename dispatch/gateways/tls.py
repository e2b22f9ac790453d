"""TLS for servers of devices: the options ``certificate`` and ``key``, the same for every protocol."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

OPTIONS: Mapping[str, Any] = {"tls_port": 0, "certificate": "", "key": ""}


def context_of(options: Mapping[str, Any]) -> ssl.SSLContext | None:
    """None where TLS is not wanted. Raises ValueError, in words for whoever wrote the options."""
    certificate, key = options["certificate"], options["key"]
    if bool(certificate) != bool(key):
        raise ValueError("for TLS give both certificate and key")
    if not certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise ValueError(f"certificate and key cannot be read: {error}") from error
    return context
