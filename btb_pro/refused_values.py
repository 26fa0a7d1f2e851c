"""What is wrong with a value that was typed or chosen, in the language of the request; both faces say it."""

from flask_babel import gettext

from btb_pro.instruments.answers import Refusal
from btb_pro.instruments.model import Field


def refusal_text(field: Field, refusal: Refusal, language: str) -> str:
    """What is wrong with a field and what to do; its choices are named in `language`."""
    alone = [choice.label[language].text for choice in field.choices if choice.is_exclusive]
    texts: dict[Refusal, str] = {
        Refusal.NOT_A_CHOICE: gettext("Choose one of the answers on the page."),
        Refusal.SEVERAL_VALUES: gettext("Choose one answer only."),
        Refusal.NOT_A_WHOLE_NUMBER: gettext("Write a whole number, with digits only."),
        Refusal.OUT_OF_RANGE: gettext(
            "Write a whole number from %(minimum)s to %(maximum)s.",
            minimum=field.minimum,
            maximum=field.maximum,
        ),
        Refusal.TOO_LONG: gettext("Write at most %(length)s characters.", length=field.max_length),
        Refusal.FORBIDDEN_CHARACTERS: gettext("The text holds a sign that cannot be saved. Write it again."),
        Refusal.EXCLUDES_OTHERS: gettext(
            "“%(choice)s” cannot go with other answers. Keep one of them.", choice=", ".join(alone)
        ),
    }
    return texts[refusal]
