"""What a text was made of, for networks that send nothing but templates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.add_column("messages", sa.Column("template", sa.String(30), nullable=True))
    op.add_column("messages", sa.Column("parameters", JSON, nullable=True))
