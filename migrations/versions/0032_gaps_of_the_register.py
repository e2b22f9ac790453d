"""Indexes for the lists of what is missing: of all who are in the register, and of the few without a telephone, an
identity number or a point, or away.

Measured on 372,500 elders: who has no contact took 500 ms of the processor, for the rows of elders are wide and all of them
were read twice. Rows of the search that are here are read in the order of the contacts in 50.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

FEW = {
    "ix_elders_absent": ("elders", ["id"], "absence_kind IS NOT NULL"),
    "ix_elders_no_phone": ("elders", ["id"], "phone IS NULL"),
    "ix_elders_no_identity": ("elders", ["id"], "identity_number IS NULL"),
    "ix_households_no_point": ("households", ["area_id", "id"], "lat IS NULL OR lon IS NULL"),
}


def upgrade() -> None:
    here = "NOT archived" if op.get_bind().dialect.name == "postgresql" else "archived = 0"
    op.execute(f"CREATE INDEX search_rows_here ON search_rows (elder_id) WHERE {here}")
    for name, (table, columns, which) in FEW.items():
        op.create_index(name, table, columns, postgresql_where=sa.text(which), sqlite_where=sa.text(which))


def downgrade() -> None:
    for name, (table, _, _) in FEW.items():
        op.drop_index(name, table)
    op.execute("DROP INDEX search_rows_here")
