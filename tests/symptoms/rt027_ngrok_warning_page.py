"""HTML instead of a handshake: the warning page that ngrok shows to browsers on a free plan."""

from tests.symptoms.path import Ngrok, Symptom

SYMPTOM = Symptom(
    27,
    "RT027",
    {"ngrok": Ngrok(plan="free")},
    mended={"ngrok": Ngrok()},
    instead="tests/standins/ngrok stands for ngrok, for want of an account.",
)
