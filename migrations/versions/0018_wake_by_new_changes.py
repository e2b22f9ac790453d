"""Only a new change wakes the web processes. Numbering it woke them too, and found nothing, which woke them again."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP TRIGGER wake_live ON live_ops")
    op.execute("CREATE TRIGGER wake_live AFTER INSERT ON live_ops FOR EACH STATEMENT EXECUTE FUNCTION dispatch_wake()")
