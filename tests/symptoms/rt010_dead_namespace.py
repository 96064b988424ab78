"""Connected and no events: old Frappe goes on after "Invalid namespace", into a namespace nothing is published to."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    10,
    "RT009",
    {
        "nginx": (("localhost raven.localhost;", "localhost another.localhost;"),),
        "socketio_environment": (("REALTIME_CONTINUE_AFTER_INVALID_NAMESPACE", "1"),),
    },
    mended={"socketio_environment": (("REALTIME_CONTINUE_AFTER_INVALID_NAMESPACE", "1"),)},
)
