"""The parts of the console's pages: each control has its label, its hint and its error."""

from flask import render_template_string
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from tests.support.page_check import faults_of, parse
from tests.support.world import World

PAGE = """{% import "console/macros.html" as ui %}<!doctype html><html lang="en"><head><title>t</title></head>
<body data-page="console-parts"><main>{{ ui.errors(form, "Wrong") }}
{{ ui.heading("Parts", back="/", back_text="Back") }}{{ ui.note("Done", "success") }}
<form method="post">{{ form.csrf_token }}
{{ ui.field(form.name, hint="As on the list", maxlength=26) }}
{{ ui.field(form.site) }}{{ ui.field(form.kind) }}
{{ ui.field(form.sure) }}</form>
{{ ui.post_button("/go", "Settle", "abc", about="BTB-1", fields={"visit": "day14"}) }}
{{ ui.link_button("/there", "Invite", about="BTB-1") }}
{% call ui.table("All", ["Name", {"text": "Day", "href": "?sort=day", "sort": "ascending"}, ""]) %}
<tr role="row">{% call ui.row_head() %}BTB-1{% endcall %}
{% call ui.cell("Day") %}{{ ui.tag("sent") }}{% endcall %}
{% call ui.cell() %}{% endcall %}</tr>{% endcall %}
{{ ui.pager("Pages", {"previous": "", "next": "?page=2", "next_text": "Next", "text": "Page 1 of 2"}) }}
</main></body></html>"""


class Parts(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """One field of each kind."""

    name = StringField("Name", [InputRequired("Write a name.")])
    site = SelectField("Site", choices=[SelectChoice("oslo", "Oslo")])
    kind = RadioField(
        "Kind",
        choices=[SelectChoice("a", "A"), SelectChoice("b", "B")],
        validators=[InputRequired("Choose one.")],
    )
    sure = BooleanField("I am sure", [InputRequired("Tick it.")])


def test_each_part_is_sound_and_names_what_it_belongs_to(world: World) -> None:
    with world.app.test_request_context("/console/", method="POST", data={"site": "oslo"}):
        form = Parts(meta={"csrf": True})
        assert not form.validate()
        html = render_template_string(PAGE, form=form)
    assert faults_of(html) == []
    document = parse(html)
    named = {one.get("id"): one for one in document.iter() if one.get("id")}
    assert named["name"].get("aria-describedby") == "name-hint name-error"
    assert named["name"].get("aria-invalid") == "true"
    assert named["name"].get("maxlength") == "26"
    assert "aria-invalid" not in named["site"].attrib
    targets = [one.get("href", "")[1:] for one in document.iter("a") if one.get("href", "").startswith("#")]
    assert targets == ["name", "kind-0", "sure"]
    assert set(targets) <= set(named)
    button = next(one for one in document.iter("button") if "Settle" in "".join(one.itertext()))
    assert "".join(button.itertext()) == "Settle BTB-1"
