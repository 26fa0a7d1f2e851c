"""Connections that stay sound after something went wrong."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from btb_pro.db import Database


def test_a_commit_that_fails_leaves_no_transaction_and_no_lock_behind(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'btb.db'}")
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        reference = "REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED"
        connection.execute(text(f"CREATE TABLE child (parent_id INTEGER {reference})"))
    with database.writing() as session:
        session.execute(text("INSERT INTO child VALUES (1)"))
        with pytest.raises(IntegrityError):
            session.commit()
    with database.writing() as session:
        session.execute(text("INSERT INTO parent VALUES (1)"))
        session.commit()
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM child")).scalar_one() == 0
    database.close()
