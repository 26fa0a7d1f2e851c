"""The packaged study as it would be if its protocol had a safety procedure."""

from btb_pro.study_file import PACKAGED_STUDY

_RULE = """
[[safety]]
code = "very_bad"
item = "pain_now"
answers = ["9", "10"]
contact.oslo = "safety@oslo.example"
contact.others = "+4799999999"
"""
WATCHED_STUDY = PACKAGED_STUDY.read_text(encoding="utf-8") + _RULE
"""A study file: whoever has the worst pain raises an alert."""
