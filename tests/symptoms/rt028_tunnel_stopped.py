"""The tunnel stops: the account has used up what its plan gives."""

from tests.symptoms.path import Ngrok, Symptom

SYMPTOM = Symptom(28, "RT028", {"ngrok": Ngrok(fault="quota")}, mended={"ngrok": Ngrok()})
