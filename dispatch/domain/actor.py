"""Who acts: a person at the desk, a machine with a token, a device, a telephone, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.errors import Forbidden
from dispatch.domain.permissions import OF_ROLE, OF_SCOPE, May

DESK = frozenset(role for role, rights in OF_ROLE.items() if May.CASES_WORK in rights)
"""The roles that answer for cases."""


@dataclass(frozen=True)
class Sight:
    """Which cases somebody sees: those in the subtrees of ``paths``, and perhaps those that have no area yet."""

    paths: tuple[str, ...]
    unplaced: bool

    def covers(self, path: str | None) -> bool:
        return self.unplaced if path is None else path.startswith(self.paths)


@dataclass(frozen=True)
class Actor:
    kind: str
    """``user``, ``token``, ``device``, ``phone``, ``caller``, ``elder`` or ``system``."""
    id: str
    name: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    """Paths of the area subtrees that this actor may see."""

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"

    @property
    def user_id(self) -> int | None:
        return int(self.id) if self.kind == "user" else None

    @property
    def rights(self) -> frozenset[May]:
        none: frozenset[May] = frozenset()
        return none.union(
            *(OF_ROLE.get(role, none) for role in self.roles), *(OF_SCOPE.get(scope, none) for scope in self.scopes)
        )

    def may(self, what: May) -> bool:
        return what in self.rights

    @property
    def is_supervisor(self) -> bool:
        return self.may(May.CASES_SUPERVISE)

    @property
    def sight(self) -> Sight:
        return Sight(self.paths, unplaced=self.may(May.CASES_UNPLACED))


def require(actor: Actor, *what: May) -> Actor:
    """The actor, if one of ``what`` is allowed. Raises ``Forbidden``."""
    if not any(actor.may(one) for one in what):
        raise Forbidden(f"your role does not allow this ({' or '.join(what)})", needs=what[0].value)
    return actor


SYSTEM = Actor("system", "clock", "")
