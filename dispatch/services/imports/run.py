"""One try at an import: claim it, check or apply it, and say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError

from dispatch.domain.actor import Actor
from dispatch.domain.imports.state import ImportState
from dispatch.models.imports import Import
from dispatch.services.centre import Centre
from dispatch.services.devices import strays
from dispatch.services.imports import claims, find_doubles
from dispatch.services.imports.applying import Apply, Busy
from dispatch.services.imports.check import Check
from dispatch.services.imports.claims import Lost
from dispatch.services.imports.devices import DeviceTable
from dispatch.services.imports.elders import ElderTable
from dispatch.services.imports.kinds import Table
from dispatch.services.imports.limits import Unreadable
from dispatch.services.imports.workers import WorkerTable

log = structlog.get_logger()
TABLES: Mapping[str, Table] = {"elders": ElderTable(), "devices": DeviceTable(), "workers": WorkerTable()}


def run(centre: Centre, import_id: int, time: Callable[[], datetime]) -> None:
    """Safe to run twice and at any moment: the claim lets one through, and a killed one is begun anew.

    ``time`` is asked again and again: this may take minutes, and the lease is renewed on the way.
    """
    name = claims.claim(centre, import_id, time())
    if name is None:
        return
    try:
        _work(centre, import_id, name, time)
    except Lost:
        log.warning("import_lost", import_id=import_id)
    except Unreadable as fault:
        log.warning("import_failed", import_id=import_id, code=fault.code)
        claims.fail(centre, import_id, name, (fault.code, fault.data), time())
    except Busy:
        claims.again(centre, import_id, name, time(), counts=False)
    except IntegrityError:
        # Somebody wrote the same thing into the register in the same moment: the next try finds it there.
        log.warning("import_again", import_id=import_id)
        claims.again(centre, import_id, name, time())
    except DBAPIError as error:
        # The database is away; the lease runs out and somebody takes it up.
        log.warning("import_waits", import_id=import_id, error=type(error).__name__)


def _work(centre: Centre, import_id: int, name: str, time: Callable[[], datetime]) -> None:
    with centre.database.reads() as session:
        found = session.get_one(Import, import_id)
    table = TABLES[found.kind]
    if found.state == ImportState.CHECKING:
        Check(centre, import_id, name, time).run(table)
        return
    Apply(centre, import_id, name, time).run(table)
    if found.kind != "workers":
        strays.bring_home(centre, time(), Actor(found.actor_kind, found.actor_id, found.actor_name))
    if found.kind == "elders":
        find_doubles.after_import(centre, import_id, time())
