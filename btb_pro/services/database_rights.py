"""On PostgreSQL: a role for the app that may add to what only grows, and can neither change nor empty it.

Triggers stop a slip. Whoever owns the tables can take them off; so the tables belong to a role that only
upgrades use, and the app, and whoever breaks into it, works as another.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from btb_pro.db import Database
from btb_pro.models.every import every_table
from btb_pro.refusals import PlainRefusal
from btb_pro.services.verification import APPEND_ONLY

_ROLE = "SELECT rolsuper FROM pg_roles WHERE rolname = :role"
_OWNED = """
SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
AND pg_has_role(:role, relowner, 'MEMBER')
"""
# A trigger that names no columns guards all of them.
_FREE_COLUMNS = """
SELECT tgrelid::regclass::text, attname FROM pg_trigger
JOIN pg_attribute ON attrelid = tgrelid AND attnum > 0 AND NOT attisdropped
WHERE tgname = tgrelid::regclass::text || '_no_change'
AND cardinality(tgattr::int2[]) > 0 AND NOT attnum = ANY(tgattr::int2[])
"""
_CAN_CHANGE = """
SELECT bool_or(has_table_privilege(current_user, 'public.' || t, 'UPDATE, DELETE, TRUNCATE'))
FROM unnest(CAST(:tables AS text[])) AS t
"""


class RightsRefused(PlainRefusal):
    """No rights were changed. The message says why and what to do."""


def give_rights(database: Database, role: str) -> None:
    """Let a role do what the app does and nothing more; as the tables' owner, and again after upgrades.

    Raises:
        RightsRefused: the engine has no roles, or the role is not there, is too mighty, or owns the tables.
    """
    if database.engine.dialect.name != "postgresql":
        raise RightsRefused("SQLite has no roles: its file's rights say who may write (btb-pro doctor).")
    with database.engine.begin() as connection:
        found = connection.execute(text(_ROLE), {"role": role}).one_or_none()
        if found is None:
            raise RightsRefused(f"There is no role {role}: make one with CREATE ROLE, LOGIN and a password.")
        if found[0] or connection.execute(text(_OWNED), {"role": role}).scalar_one():
            raise RightsRefused(
                f"{role} is a superuser or owns the tables, so no right can be kept from it: make "
                "another role."
            )
        quoted = connection.dialect.identifier_preparer.quote(role)
        free = connection.execute(text(_FREE_COLUMNS)).all()
        for statement in _statements(quoted):
            connection.exec_driver_sql(statement)
        for table, column in free:
            # Words that somebody may have erased stand apart from what their event's hash covers.
            connection.exec_driver_sql(f'GRANT UPDATE ("{column}") ON public.{table} TO {quoted}')


def can_change_what_grows(session: Session) -> bool:
    """Whether the role that is connected may change or empty what should only grow, or own its tables."""
    return bool(session.execute(text(_CAN_CHANGE), {"tables": list(APPEND_ONLY)}).scalar_one())


def _statements(role: str) -> list[str]:
    grants = [
        f"GRANT {'SELECT, INSERT' if table.name in APPEND_ONLY else 'SELECT, INSERT, UPDATE, DELETE'} "
        f"ON public.{table.name} TO {role}"
        for table in every_table()
    ]
    return [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON public.alembic_version TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        *grants,
    ]
