"""Who can open which door, to be asked of those who can and not of everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

HOMES, CONTACTS = sa.text("keys <> '[]'"), sa.text("has_key IS true")


def upgrade() -> None:
    op.create_index("ix_households_keys", "households", ["id"], postgresql_where=HOMES, sqlite_where=HOMES)
    op.create_index("ix_contacts_key", "contacts", ["elder_id"], postgresql_where=CONTACTS, sqlite_where=CONTACTS)


def downgrade() -> None:
    op.drop_index("ix_contacts_key", "contacts")
    op.drop_index("ix_households_keys", "households")
