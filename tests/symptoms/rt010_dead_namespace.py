"""Connected and no events: old Frappe goes on after "Invalid namespace", into a namespace nothing is published to."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    10,
    "RT009",
    {
        "nginx": (("localhost raven.localhost;", "localhost another.localhost;"),),
        "socketio_environment": (("DEMO_GENERATION", "15"),),
    },
    mended={"socketio_environment": (("DEMO_GENERATION", "15"),)},
)
