"""Every name that an instrument puts into the files of an export, and the names that are taken."""

from collections.abc import Iterator

from btb_pro.instruments.model import FieldKind, Instrument

LONGEST_NAME = 26
"""Characters; beyond it REDCap warns and cuts its labels."""

# Project.php of REDCap refuses these as field names.
_REDCAP = """
    action case catch class continue document elements enum focus hidden_edit_flag instance new
    redcap_csrf_token redcap_data_access_group redcap_event_name redcap_repeat_instance
    redcap_repeat_instrument redcap_survey_identifier redcap_survey_return_code redcap_survey_timestamp
    return submit super switch throw
"""
_SPSS = "all and by eq ge gt le lt ne not or to with"
_STATA = "byte double float if in int long strl using"
_OURS = """
    answered_at answered_at_local changes clear csrf_token decline first_answered_at instrument
    instrument_version item lang language mode participant received_at record_id shown_at site started_at
    state status submitted_at value visit wording_sha256
"""
RESERVED_NAMES = {
    **dict.fromkeys(_OURS.split(), "a column or a button of this program"),
    **dict.fromkeys(_STATA.split(), "reserved by Stata"),
    **dict.fromkeys(_SPSS.split(), "reserved by SPSS"),
    **dict.fromkeys(_REDCAP.split(), "reserved by REDCap"),
}


def exported_names(instrument: Instrument) -> Iterator[tuple[str, str]]:
    """Each variable with its item or score: fields, `item___choice`, scores and `<score>_n`."""
    for field in instrument.fields:
        yield field.code, field.item
        if field.kind is FieldKind.CODES:
            for choice in field.choices:
                yield f"{field.code}___{choice.code}", field.item
    for score in instrument.scores:
        yield score.code, score.code
        yield f"{score.code}_n", score.code


def companion_names(instrument: Instrument) -> Iterator[tuple[str, str]]:
    """The names that must stay free for an export's companions: `<field>_st`, its state."""
    for field in instrument.fields:
        yield f"{field.code}_st", field.item


def item_codes_without_field(instrument: Instrument) -> Iterator[str]:
    """Items that are only asked through their split or effect fields."""
    for item in instrument.items:
        if item.code not in {field.code for field in item.fields}:
            yield item.code
