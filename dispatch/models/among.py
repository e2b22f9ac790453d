"""Many ids as one parameter: one by one they would take longer to compile than to look up."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, String, any_, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session


def on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def among(key: ColumnElement[int] | InstrumentedAttribute[int], name: str, *, postgresql: bool) -> ColumnElement[bool]:
    """``key`` is one of the ids that come as the parameter ``name``: see ``ids_for``."""
    if postgresql:
        return key == any_(bindparam(name, type_=ARRAY(BigInteger)))
    return key.in_(select(func.json_each(bindparam(name, type_=String)).table_valued("value").c.value))


def ids_for(ids: Collection[int], *, postgresql: bool) -> Any:
    """``ids`` as the value of the parameter."""
    return sorted(ids) if postgresql else json.dumps(sorted(ids))
