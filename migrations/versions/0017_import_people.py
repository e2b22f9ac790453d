"""Who of the register stands in a file that is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "import_people",
        sa.Column("import_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_people_import_id")),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_people")),
    )
    op.create_index(op.f("ix_import_people_elder_id"), "import_people", ["elder_id"])
