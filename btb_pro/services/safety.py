"""Safety alerts: raised with the answer, told to the named contact without it, acknowledged by a person."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.instruments.answers import chosen_codes
from btb_pro.models.participant import Participant, Visit
from btb_pro.models.response import SafetyAlert
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.outbox import queue_message
from btb_pro.study import Study, safety_contact


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """An alert with whom it is about."""

    alert: SafetyAlert
    visit: Visit
    participant: Participant


def raise_alerts(
    session: Session,
    event: Step,
    study: Study,
    participant: Participant,
    visit: Visit,
    values: Mapping[str, str | None],
) -> None:
    """Raise the alert of every rule that one of these answers makes true, once a visit, within their event.

    The message waits for no quiet hours. Neither it nor the alert holds the answer.
    """
    for rule in study.safety:
        if rule.answers.isdisjoint(chosen_codes(values.get(rule.item))):
            continue
        known = select(SafetyAlert.id).where(SafetyAlert.visit_id == visit.id, SafetyAlert.rule == rule.code)
        if session.execute(known).first() is not None:
            continue
        alert = SafetyAlert(visit_id=visit.id, rule=rule.code, raised_at=event.at, event_seq=event.seq)
        session.add(alert)
        session.flush()
        key = f"{participant.study_number}/{visit.code}/{rule.code}"
        event.change("safety_alert", key, "is_raised", None, "true")
        queue_message(
            session,
            event,
            kind="safety",
            channel=safety_contact(study, rule.code, participant.site_code).channel,
            language=study.languages[0],
            once_key=f"safety/{alert.id}",
            due_at=event.at,
            subject_key=str(alert.id),
        )


def find_alert(session: Session, number: int) -> RaisedAlert | None:
    """The alert of a number, or nothing."""
    row = session.execute(
        select(SafetyAlert, Visit, Participant)
        .join(Visit, Visit.id == SafetyAlert.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(SafetyAlert.id == number)
    ).first()
    return None if row is None else RaisedAlert(*row)


def acknowledge_alert(session: Session, context: Context, raised: RaisedAlert) -> None:
    """Record who has taken an alert in hand, and when. A second time changes nothing."""
    number = raised.participant.study_number
    with step(session, context, Tag.SAFETY_ACKNOWLEDGE, study_number=number) as event:
        alert = raised.alert
        if alert.acknowledged_at is None:
            alert.acknowledged_at, alert.acknowledged_by = event.at, context.actor.name
            key = f"{number}/{raised.visit.code}/{alert.rule}"
            event.change("safety_alert", key, "acknowledged_by", None, context.actor.name)
