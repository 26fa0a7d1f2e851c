"""What the API is, and what a key sees of the study."""

from flask import Response

from btb_pro.api.blueprint import Machine
from btb_pro.api.openapi import openapi_bytes
from btb_pro.api.operations import Desk, Reply, operation
from btb_pro.api.shapes import KeyOut, SiteOut, StudyOut, StudyVisitOut


@operation("GET", "/openapi.json", Machine.ANYONE, {200: ("application/json",)})
def describe() -> Response:
    """This description, as OpenAPI 3.1."""
    return Response(openapi_bytes(), mimetype="application/json")


@operation("GET", "/study", Machine.API_KEY, {200: StudyOut})
def read_study(desk: Desk) -> Reply:
    """The study's sites and visits, and the key that asks: a first call to see that it works."""
    study, holder = desk.runtime.study, desk.holder
    return Reply(
        StudyOut(
            code=study.code,
            version=study.version,
            languages=list(study.languages),
            sites=[
                SiteOut(code=site.code, name=site.name) for site in study.sites if holder.works_for(site.code)
            ],
            visits=[
                StudyVisitOut(code=visit.code, day=visit.day, asks=bool(visit.parts))
                for visit in study.visits
            ],
            key=KeyOut(name=holder.name, scopes=[scope.value for scope in holder.scopes], site=holder.site),
        )
    )
