"""A row of history tells the live stream by itself: nobody can write the one and forget the other."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION dispatch_tell_live() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO live_ops (case_id, at) VALUES (NEW.case_id, NEW.at); RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER tell_live AFTER INSERT ON case_events FOR EACH ROW EXECUTE FUNCTION dispatch_tell_live()"
        )
    else:
        op.execute(
            "CREATE TRIGGER tell_live AFTER INSERT ON case_events"
            " BEGIN INSERT INTO live_ops (case_id, at) VALUES (NEW.case_id, NEW.at); END"
        )
