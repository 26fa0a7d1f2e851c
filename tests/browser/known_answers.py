"""What one made-up person answers at baseline, and the scores of it, worked out by hand.

One question is declined, one is skipped and one number of days is left out; 0 is among the answers of every
kind that has it, and the texts hold what files trip over.
"""

DECLINED = "hscl_sexual_interest"
SKIPPED = "fabq_claim"

_FABQ = {
    "fabq_cause_activity": "3",
    "fabq_activity_worse": "0",
    "fabq_activity_harm": "1",
    "fabq_avoid_should": "2",
    "fabq_avoid_cannot": "3",
    "fabq_cause_work": "4",
    "fabq_work_aggravated": "5",
    "fabq_work_heavy": "6",
    "fabq_work_worse": "0",
    "fabq_work_harm": "1",
    "fabq_normal_work_should": "2",
    "fabq_normal_work_cannot": "3",
    "fabq_normal_work_until": "4",
    "fabq_back_3_months": "5",
    "fabq_never_back": "6",
}
_HSCL = {
    "hscl_headache": "1",
    "hscl_trembling": "2",
    "hscl_faintness": "3",
    "hscl_nervousness": "4",
    "hscl_sudden_fear": "1",
    "hscl_fearful": "2",
    "hscl_heart_pounding": "3",
    "hscl_tense": "4",
    "hscl_panic": "1",
    "hscl_restless": "2",
    "hscl_low_energy": "3",
    "hscl_self_blame": "4",
    "hscl_crying": "1",
    "hscl_suicidal": "1",
    "hscl_appetite": "2",
    "hscl_sleep": "3",
    "hscl_hopeless": "4",
    "hscl_blue": "1",
    "hscl_lonely": "2",
    "hscl_trapped": "3",
    "hscl_worrying": "4",
    "hscl_no_interest": "1",
    "hscl_effort": "2",
    "hscl_worthless": "3",
}
_SHC = {
    "shc_cold_flu": "1",
    "shc_cold_flu_days": "4",
    "shc_cough": "0",
    "shc_asthma": "0",
    "shc_headache": "2",
    "shc_headache_days": "10",
    "shc_neck": "3",
    "shc_neck_days": "30",
    "shc_upper_back": "1",
    "shc_upper_back_days": "7",
    "shc_low_back": "3",
    "shc_low_back_days": "30",
    "shc_arm": "0",
    "shc_shoulder": "2",
    "shc_shoulder_days": "12",
    "shc_migraine": "0",
    "shc_palpitations": "1",
    "shc_palpitations_days": "2",
    "shc_chest": "0",
    "shc_breathing": "0",
    "shc_leg_activity": "2",
    "shc_leg_activity_days": "20",
    "shc_heartburn": "1",
    "shc_heartburn_days": "3",
    "shc_stomach_unease": "0",
    "shc_ulcer": "0",
    "shc_stomach_pain": "1",
    "shc_stomach_pain_days": "5",
    "shc_gas": "2",
    "shc_diarrhoea": "0",
    "shc_constipation": "0",
    "shc_eczema": "1",
    "shc_eczema_days": "0",
    "shc_allergy": "2",
    "shc_allergy_days": "14",
    "shc_hot_flushes": "0",
    "shc_sleep": "3",
    "shc_sleep_days": "30",
    "shc_tired": "3",
    "shc_tired_days": "28",
    "shc_dizzy": "1",
    "shc_dizzy_days": "1",
    "shc_anxiety": "1",
    "shc_anxiety_days": "6",
    "shc_depression": "0",
}
ANSWERS = {
    "bg_age": "47",
    "bg_gender": "2",
    "bg_ethnicity": "1",
    "bg_marital": "2",
    "bg_children": "0",
    "bg_education": "4",
    "bg_work_status": "2",
    "bg_work_load": "3",
    "bg_leisure": "2",
    "bg_smoking": "0",
    "pain_now": "0",
    "pain_worst_2w": "10",
    "pain_usual_2w": "6",
    "pain_duration_years": "3",
    "pain_duration_months": "0",
    "pain_worse": "sitting lifting other",
    "pain_worse_other": 'Å støvsuge; "bøyd" rygg, når jeg er trett',
    "pain_stiffness": "1",
    "pain_stiffness_length": "2",
    "pain_morning": "0",
    "pain_nsaid": "9",
    "pain_night": "1",
    "pain_treat_exercise": "1",
    "pain_treat_manual": "3",
    "pain_treat_other": "2",
    "pain_treat_other_text": "=2+2 ganger akupunktur",
    "exp_change": "3",
    "exp_nrs": "0",
    **_FABQ,
    **_HSCL,
    **_SHC,
}
"""Form field to stored value."""

NOT_APPLICABLE = frozenset(
    f"shc_{name}_days"
    for name in (
        "cough asthma arm migraine chest breathing stomach_unease ulcer diarrhoea constipation hot_flushes "
        "depression"
    ).split()
)
"""Days of complaints that were answered with 0."""

SCORES = {
    "pain_lbp_nrs": "5.3333",
    "fabq_pa": "6",
    "fabq_w": "23",
    "hscl_anxiety": "2.3",
    "hscl_depression": "2.4286",
    "hscl_total": "2.375",
    "shc_musculoskeletal": "13",
    "shc_pseudoneurology": "9",
    "shc_gastrointestinal": "4",
    "shc_allergy_sum": "3",
    "shc_flu": "1",
    "shc_total": "30",
    "shc_count": "17",
}
"""As files have them: 16/3, 0+1+2+3, 4+5+6+0+1+2+5, 23/10, 34/14, 57/24, then sums of severities."""
