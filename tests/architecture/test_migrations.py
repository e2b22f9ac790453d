"""One line of migrations, so that every centre comes to the same schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from dispatch.models.database import connect
from dispatch.models.tables import METADATA

ROOT = Path(__file__).resolve().parents[2]


def test_there_is_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def _described(name: str | None, kind: str, _parents: object) -> bool:
    """The indexes of the search are each database's own, and no model's."""
    return not (name or "").startswith("search_")


@pytest.mark.parametrize("url", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.postgres)])
def test_the_migrations_make_the_tables_that_the_models_describe(request: pytest.FixtureRequest, url: str) -> None:
    database = connect(request.getfixturevalue(url))
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _described})
        found = compare_metadata(context, METADATA)
    database.engine.dispose()
    assert not found
