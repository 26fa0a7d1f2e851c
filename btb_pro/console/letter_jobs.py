"""The letters of a job, fetched when they are ready."""

from flask import abort
from flask.typing import ResponseReturnValue

from btb_pro.console.desk import allow, at_desk, console
from btb_pro.console.forms import ConsoleForm, stale_notice
from btb_pro.console.jobs import find_own_job, show_job
from btb_pro.console.letters import handed_over, pdf_response
from btb_pro.exports.files import sha256_of
from btb_pro.roles import Permission
from btb_pro.services.jobs import file_of_job
from btb_pro.services.letter_jobs import MadeLetters, note_handed_over
from btb_pro.services.many_letters import note_all_printed


@console.post("/jobs/<int(max=2147483647):number>/letters.pdf")
@allow(Permission.INVITE)
def job_letters(number: int) -> ResponseReturnValue:
    """The file, which is still the one that was made. Its letters count as sent once it was handed over."""
    with at_desk() as desk:
        found = find_own_job(desk, number)
        path = file_of_job(desk.runtime, found)
        if path is None or sha256_of(path) != found.file_sha256:
            abort(404)
        if not ConsoleForm().is_sound():
            return show_job(desk, found, stale_notice())
        printed = MadeLetters.of_job(found).printed

    def note() -> None:
        with desk.runtime.database.writing() as session:
            is_first = note_handed_over(session, number)
            session.commit()
        if is_first:
            note_all_printed(desk.runtime, desk.context, printed)

    return handed_over(pdf_response(path.read_bytes(), path.stem), note)
