"""The tunnel stops: the account has used up what its plan gives."""

from tests.symptoms.path import Ngrok, Symptom

SYMPTOM = Symptom(
    28,
    "RT028",
    {"ngrok": Ngrok(fault="quota")},
    mended={"ngrok": Ngrok()},
    instead="tests/standins/ngrok stands for ngrok, for want of an account.",
)
