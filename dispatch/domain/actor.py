"""Who acts: a person at the desk, a machine with a token, a device, a telephone, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.permissions import OF_ROLE, OF_SCOPE, May

SUPERVISORS = frozenset({"supervisor", "admin"})
DESK = frozenset({"operator", "dispatcher", "supervisor", "admin"})


@dataclass(frozen=True)
class Actor:
    kind: str
    """``user``, ``token``, ``device``, ``phone``, ``caller`` or ``system``."""
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

    def may(self, what: May) -> bool:
        return any(what in OF_ROLE.get(role, ()) for role in self.roles) or any(
            what in OF_SCOPE.get(scope, ()) for scope in self.scopes
        )

    @property
    def is_supervisor(self) -> bool:
        return bool(self.roles & SUPERVISORS)

    @property
    def at_desk(self) -> bool:
        return bool(self.roles & DESK) or "cases" in self.scopes


SYSTEM = Actor("system", "clock", "")
