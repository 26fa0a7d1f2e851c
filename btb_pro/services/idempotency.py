"""An order that is sent twice is carried out once: its answer is kept for a day and given again.

Kept in the transaction that carries the order out, so that neither is there without the other. Writers come
one after another, so of two at once the second finds the first one's answer.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import ApiIdempotency
from btb_pro.services.runtime import Runtime

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Order:
    """What a key asks for, under a name of its own choice."""

    key_id: int
    idempotency_key: str
    """1 to 64 characters."""
    method: str
    path: str
    body: bytes

    @property
    def sha256(self) -> str:
        """The same for the same order."""
        head = f"{self.method}\n{self.path}\n".encode()
        return hashlib.sha256(head + self.body).hexdigest()


class UsedForAnother(Exception):
    """The same idempotency key came with another order."""


def answer_before(session: Session, runtime: Runtime, order: Order) -> str | None:
    """What was answered to an order within the last day; None if it is new.

    Raises:
        UsedForAnother: see the class.
        SealBroken: the key that the answer is sealed with is gone.
    """
    row = session.execute(
        select(ApiIdempotency).where(
            ApiIdempotency.api_key_id == order.key_id,
            ApiIdempotency.idempotency_key == order.idempotency_key,
            ApiIdempotency.answered_at > clock.now() - KEPT,
        )
    ).scalar_one_or_none()
    if row is None:
        return None
    if row.order_sha256 != order.sha256:
        raise UsedForAnother
    return runtime.sealer.open(row.answer_sealed, _seal_context(order))


def keep_answer(session: Session, runtime: Runtime, order: Order, answer: str) -> None:
    """Keep what an order is answered, and forget what is older than a day. The caller commits."""
    now = clock.now()
    session.execute(delete(ApiIdempotency).where(ApiIdempotency.answered_at <= now - KEPT))
    session.add(
        ApiIdempotency(
            api_key_id=order.key_id,
            idempotency_key=order.idempotency_key,
            order_sha256=order.sha256,
            answer_sealed=runtime.sealer.seal(answer, _seal_context(order)),
            answered_at=now,
        )
    )


def _seal_context(order: Order) -> str:
    return f"api_idempotency/{order.key_id}/{order.idempotency_key}"
