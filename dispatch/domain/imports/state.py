"""The life of a file that somebody brought: looked at first, applied when a person says so, never applied twice."""

from __future__ import annotations

from enum import StrEnum

from dispatch.domain.errors import IllegalTransition


class ImportState(StrEnum):
    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ImportTrigger(StrEnum):
    BEGIN = "begin"
    """A worker took the file into its hands, or took it up again after another one died."""
    DONE_CHECKING = "done_checking"
    APPLY = "apply"
    """A person has seen what would happen and wants it."""
    DONE_APPLYING = "done_applying"
    FAIL = "fail"
    CANCEL = "cancel"


S, T = ImportState, ImportTrigger
TRANSITIONS: dict[tuple[ImportState, ImportTrigger], ImportState] = {
    (S.UPLOADED, T.BEGIN): S.CHECKING,
    (S.CHECKING, T.BEGIN): S.CHECKING,
    (S.CHECKING, T.DONE_CHECKING): S.CHECKED,
    (S.CHECKED, T.APPLY): S.APPLYING,
    (S.APPLYING, T.BEGIN): S.APPLYING,
    (S.APPLYING, T.DONE_APPLYING): S.APPLIED,
    (S.UPLOADED, T.FAIL): S.FAILED,
    (S.CHECKING, T.FAIL): S.FAILED,
    # Nothing was changed, so the same file may be tried again.
    (S.APPLYING, T.FAIL): S.FAILED,
    (S.UPLOADED, T.CANCEL): S.CANCELLED,
    (S.CHECKING, T.CANCEL): S.CANCELLED,
    (S.CHECKED, T.CANCEL): S.CANCELLED,
}
ENDED = frozenset({S.APPLIED, S.FAILED, S.CANCELLED})
WORKING = frozenset({S.UPLOADED, S.CHECKING, S.APPLYING})
"""In the hands of the machine: whoever waits is shown the progress."""


def follow(state: ImportState, trigger: ImportTrigger) -> ImportState:
    """The state after ``trigger``. Raises ``IllegalTransition``."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise IllegalTransition(f"not possible while the import is {state}", state=state.value) from None
