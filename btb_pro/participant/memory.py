"""The visit's pages of questions all at once, for the script that turns them without waiting."""

from flask import jsonify, render_template, url_for
from werkzeug.wrappers import Response

from btb_pro.participant.form import main_form
from btb_pro.participant.items import PageView
from btb_pro.participant.visitor import Access, GoTo, access, participant, visiting
from btb_pro.this_request import runtime


@participant.get("/q/<handle>/pages/<language>")
@access(Access.SESSION)
def pages(handle: str, language: str) -> Response:
    """Every page as it would be shown now in a language, and the words that the script itself needs.

    One answer, because what the pages have in common is then compressed away.
    """
    with visiting(handle) as visitor:
        if language not in visitor.runtime.study.languages:
            raise GoTo(url_for("participant.parts", handle=handle))
        visitor = visitor.speaking(language)
        seen = visitor.seen()
        words = render_template(
            "participant/memory.html",
            handle=handle,
            csrf_token=main_form(handle, runtime().settings.secret_keys).csrf_token.current_token,
        )
        return jsonify(words=words, pages=[PageView(visitor, page, seen).html() for page in visitor.pages])
