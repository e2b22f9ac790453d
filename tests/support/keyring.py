"""Another set of data keys for the time of a test."""

from __future__ import annotations

from dispatch.domain.datakeys import new_key, parse_keys
from dispatch.models import sealed
from dispatch.models.sealed import Keyring

NEW = new_key("new")


def ring(*all_keys: str) -> None:
    """Use these keys from now on; the first of them seals."""
    sealed.use(Keyring(parse_keys(",".join(all_keys))))
