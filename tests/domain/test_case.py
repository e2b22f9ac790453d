"""Every act in every state: either it leads where the table says, or it is refused."""

from __future__ import annotations

import pytest

from dispatch.domain.case import ACTIVE, ASKABLE, IN_HAND, OPEN, TRANSITIONS, UNFINISHED, State, Trigger, follow
from dispatch.domain.errors import IllegalTransition

# Written from the requirement, not from the code. `.` is refused, `=` stays where it is.
TABLE = """
                   planned new    owned    dispatching assigned in_service pending_follow_up closed cancelled merged
take               owned   owned  .        .           .        .          =                 .      .         .
take_over          .       .      =        =           =        =          =                 .      .         .
release            .       .      new      new         new      new        .                 .      .         .
return             .       .      new      new         new      new        .                 .      .         .
hold               .       =      =        =           =        =          .                 .      .         .
unhold             .       =      new      new         new      new        .                 .      .         .
note               =       =      =        =           =        =          =                 =      =         =
priority           .       =      =        =           =        =          =                 .      .         .
merge              .       merged merged   merged      merged   merged     .                 .      .         .
close              .       .      closed   closed      closed   closed     .                 .      .         .
close_follow_up    .       .      pending  pending     pending  pending    .                 .      .         .
follow_up          .       .      .        .           .        .          closed            .      .         .
reopen             .       .      .        .           .        .          owned             owned  .         .
signal             .       =      =        =           =        =          .                 .      .         .
dispatch           =       =      dispatching =        .        .          .                 .      .         .
assign             =       =      assigned assigned    .        .          .                 .      .         .
arrive             =       =      in_service .         in_service =        .                 .      .         .
lose               =       =      =        owned       owned    owned      .                 .      .         .
complete           pending pending .       .           pending  pending    .                 .      .         .
settle             .       closed .        .           .        .          .                 .      .         .
come_up            new     .      .        .           .        .          .                 .      .         .
cancel             cancelled cancelled cancelled cancelled cancelled .        .                 .      .         .
plan               .       .      .        .           .        .          .                 .      planned   .
"""


def _pairs() -> dict[tuple[State, Trigger], State | None]:
    head, *lines = TABLE.strip("\n").splitlines()
    states = [State(name) for name in head.split()]
    found: dict[tuple[State, Trigger], State | None] = {}
    for line in lines:
        trigger, *ends = line.split()
        for state, end in zip(states, ends, strict=True):
            named = {".": None, "=": state, "pending": State.PENDING_FOLLOW_UP}
            found[state, Trigger(trigger)] = named[end] if end in named else State(end)
    return found


PAIRS = _pairs()


def test_the_table_names_every_pair() -> None:
    assert set(PAIRS) == {(state, trigger) for state in State for trigger in Trigger}
    assert set(TRANSITIONS) <= set(PAIRS)


@pytest.mark.parametrize(("state", "trigger"), list(PAIRS), ids=lambda part: part.value)
def test_an_act_in_a_state(state: State, trigger: Trigger) -> None:
    end = PAIRS[state, trigger]
    if end is None:
        with pytest.raises(IllegalTransition) as refused:
            follow(state, trigger)
        assert refused.value.extra == {"state": state}
    else:
        assert follow(state, trigger) is end


def test_no_act_of_a_person_is_a_dead_end_but_the_last_three() -> None:
    reached = {end for (state, _), end in PAIRS.items() if end not in (None, state)}
    assert reached == set(OPEN) | {State.MERGED, State.CLOSED, State.CANCELLED, State.PLANNED}
    ends = {s for s in State if all(PAIRS[s, t] in (None, s) for t in Trigger)}
    assert ends == {State.MERGED}
    back = {trigger for trigger in Trigger if PAIRS[State.CANCELLED, trigger] not in (None, State.CANCELLED)}
    assert back == {Trigger.PLAN}, "nobody takes up what was cancelled; a pause that ends brings its services back"


def test_a_case_is_closed_only_after_somebody_took_it() -> None:
    """An emergency that nobody answered for cannot be ended by a click: it must be taken first."""
    assert PAIRS[State.NEW, Trigger.CLOSE] is None
    assert {s for s in State if PAIRS[s, Trigger.CLOSE]} == set(IN_HAND)


def test_the_sets_of_states_nest() -> None:
    assert IN_HAND < ACTIVE < OPEN < UNFINISHED < set(State)
    assert {State.PLANNED} == UNFINISHED - OPEN == ASKABLE - ACTIVE
    assert {State.PENDING_FOLLOW_UP} == OPEN - ACTIVE
    assert {State.NEW} == ACTIVE - IN_HAND
