"""Answers that the page's script sends by themselves, and pages that it sends while the next one is shown.

The script keeps each until it is answered: 200 or 204 stored, 201 sent in, 422 refused for good, 403 the
token is stale. Anything else is tried again.
"""

from dataclasses import replace

from flask import jsonify
from werkzeug.wrappers import Response

from btb_pro.participant.items import PageView, find_page
from btb_pro.participant.visitor import Access, access, participant, switch_language, visiting
from btb_pro.services.answers import KeyUsedTwice, save_page


@participant.post("/q/<handle>/tap/<number>")
@access(Access.SESSION)
def tap(handle: str, number: str) -> Response | tuple[Response, int]:
    """Store one answer as soon as it is given."""
    with visiting(handle, writes=True, after_submit=True) as visitor:
        view = PageView(visitor, find_page(visitor, number))
        if visitor.is_sent_in:
            return view.receive_late(is_tap=True)
        if not view.form.validate_on_submit():
            return jsonify(stored=False), 403
        switch_language(visitor)
        reading, state = view.reading(), view.state_sent()
        if reading.is_wrong:
            view.note_refused(reading)
        if reading.is_wrong or view.is_of_another_edition(state):
            return jsonify(stored=False, refused=sorted(reading.refused)), 422
        # A tap is meant, whatever the page showed when it was made.
        save = replace(view.save_of(state, reading), values=reading.values)
        try:
            save_page(visitor.db, visitor.context, visitor.runtime, visitor.answering, save)
        except KeyUsedTwice:
            return jsonify(stored=False), 422
        return jsonify(stored=True)
