"""What serves refuses to start with data keys that do not fit its database, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.bootstrap.centre import refuse_wrong_keys
from dispatch.domain.datakeys import new_key, parse_keys
from dispatch.models import sealed
from tests.support.factories import DATA_KEYS, Town, settings
from tests.support.product import Product


@pytest.mark.parametrize("role", ["web", "worker", "clock"])
def test_wrong_data_keys_are_refused_in_one_line(town: Town, tmp_path: Path, role: str) -> None:
    url = town.centre.database.engine.url.render_as_string(hide_password=False)
    with Product(url, "redis://127.0.0.1:1/0", tmp_path, DISPATCH_DATA_KEYS=new_key("other")) as product:
        done = product.command(role, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith("Error: DISPATCH_DATA_KEYS does not fit this database (elders.phone: the data key")
    assert "Start with the keys that it was filled with" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_refuses_nobody(tmp_path: Path) -> None:
    """Alarms that come before it is back belong into the spool."""
    try:
        refuse_wrong_keys(settings("postgresql+psycopg://nobody@127.0.0.1:1/none", tmp_path))
        refuse_wrong_keys(settings(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path))
    finally:
        sealed.use(sealed.Keyring(parse_keys(DATA_KEYS)))
