"""Calls are drawn for review too, each with its case; a case can then be drawn for itself and for its calls."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_A_CASE = sa.text("call_id IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("reviews", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint(op.f("uq_reviews_case_id"), type_="unique")
        table.add_column(sa.Column("call_id", BIG, nullable=True))
        table.create_foreign_key(op.f("fk_reviews_call_id"), "calls", ["call_id"], ["id"])
        table.create_unique_constraint(op.f("uq_reviews_call_id"), ["call_id"])
    op.create_index(
        "uq_reviews_case", "reviews", ["case_id"], unique=True, postgresql_where=OF_A_CASE, sqlite_where=OF_A_CASE
    )
