"""What each role may do. The areas in which it may do it are a matter of the queries."""

from __future__ import annotations

from enum import StrEnum


class May(StrEnum):
    CASES_READ = "cases_read"
    CASES_UNPLACED = "cases_unplaced"
    """See also what has no area yet: an unknown caller, an unknown device. Stations do not."""
    CASES_NOTE = "cases_note"
    """Write into a case's history, which is how those who watch the centre ask their questions, and change nothing."""
    ORDERS = "orders"
    """Write down what somebody asks for, and change, move or cancel it: one of the ten helps, also again and again."""
    CASES_WORK = "cases_work"
    CASES_SUPERVISE = "cases_supervise"
    """End, hold or release what somebody else answers for, and end what only a supervisor may end."""
    REGISTER_READ = "register_read"
    """With identity numbers, telephones and addresses masked."""
    REGISTER_EDIT = "register_edit"
    REVEAL = "reveal"
    """See a masked value, with a reason that is written down."""
    ASSESS = "assess"
    IMPORT = "import"
    EXPORT = "export"
    PRIVACY = "privacy"
    """Handle the requests of persons about their data, retention, and what was shared with whom."""
    DEVICES_READ = "devices_read"
    DEVICES_EDIT = "devices_edit"
    MAPPING = "mapping"
    """Say what the words of devices mean: a button for help that means nothing is silent in the whole city."""
    DUTY_READ = "duty_read"
    DUTY_EDIT = "duty_edit"
    SUPERVISE = "supervise"
    """The supervisor's page: the floor, its load, its queue, area events."""
    QUALITY = "quality"
    """Listen to and grade what operators did."""
    WORKFORCE_READ = "workforce_read"
    """See who goes to the homes, for whom and when: with telephones masked, and no elder."""
    WORKFORCE_EDIT = "workforce_edit"
    """Add and change providers, stations and those who go to the homes."""
    HOURS_EDIT = "hours_edit"
    """Say when they work and when somebody is absent."""
    VISITS_READ = "visits_read"
    """See the monthly check-in visits and their rate."""
    VISITS_WORK = "visits_work"
    """Write down what became of a check-in visit."""
    VISITS_PLAN = "visits_plan"
    """Generate and plan check-in visits, and order extra rounds."""
    USERS = "users"
    TRAIL_READ = "trail_read"
    JOBS = "jobs"
    """Answer one's own offers and report one's own visits, and see nothing else."""
    SIGNALS = "signals"
    CALLS = "calls"


_READS = frozenset(
    {May.CASES_READ, May.REGISTER_READ, May.DEVICES_READ, May.DUTY_READ, May.WORKFORCE_READ, May.VISITS_READ}
)
_OPERATOR = _READS | {
    May.CASES_UNPLACED,
    May.CASES_NOTE,
    May.ORDERS,
    May.CASES_WORK,
    May.REGISTER_EDIT,
    May.REVEAL,
    May.VISITS_WORK,
}
_DISPATCHER = _OPERATOR | {May.DEVICES_EDIT, May.DUTY_EDIT, May.HOURS_EDIT}
_SUPERVISOR = _DISPATCHER | {
    May.CASES_SUPERVISE,
    May.ASSESS,
    May.IMPORT,
    May.EXPORT,
    May.PRIVACY,
    May.SUPERVISE,
    May.QUALITY,
    May.WORKFORCE_EDIT,
    May.VISITS_PLAN,
    May.MAPPING,
}

OF_ROLE: dict[str, frozenset[May]] = {
    "operator": _OPERATOR,
    "dispatcher": _DISPATCHER,
    "supervisor": _SUPERVISOR,
    # Also the bureau's supervisors (domain.md Q23): they read, grade and question, and change no order.
    "quality_inspector": frozenset(
        {May.CASES_READ, May.CASES_UNPLACED, May.CASES_NOTE, May.REGISTER_READ, May.DUTY_READ, May.QUALITY}
        | {May.WORKFORCE_READ, May.VISITS_READ}
    ),
    "station": _READS
    | {May.CASES_NOTE, May.ORDERS, May.REGISTER_EDIT, May.REVEAL, May.ASSESS, May.DEVICES_EDIT, May.HOURS_EDIT}
    | {May.VISITS_WORK},
    "provider": frozenset({May.JOBS}),
    "visitor": frozenset(),
    # Three kinds of proof that nobody watches himself (MLPS level 3): the administrator gives rights and sees no elder,
    # the desk works with what it was given, the auditor sees everything masked and changes nothing.
    "admin": frozenset({May.USERS, May.TRAIL_READ, May.WORKFORCE_READ, May.WORKFORCE_EDIT, May.HOURS_EDIT}),
    "auditor": _READS | {May.CASES_UNPLACED, May.TRAIL_READ},
}
ROLES = frozenset(OF_ROLE)

OF_SCOPE: dict[str, frozenset[May]] = {
    "signals": frozenset({May.SIGNALS}),
    "calls": frozenset({May.CALLS}),
    "cases": _DISPATCHER,
    "admin": frozenset(May),
    # The app of a partner: it asks for somebody and sees nothing.
    "requests": frozenset({May.ORDERS}),
    # Sees the place of the synthetic alarm and no other: accounts.machine_by_digest gives it no area besides.
    "selftest": frozenset({May.SIGNALS, May.CALLS, May.CASES_READ, May.ORDERS, May.CASES_WORK}),
}
SCOPES = frozenset(OF_SCOPE) - {"selftest"}
"""What a token can be given; the self-test makes its own."""
