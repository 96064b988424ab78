"""Connected and the room never joined: the callback that asks for permission is led elsewhere."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    33,
    "RT033",
    {
        "traefik": {
            "routers": {
                "permission": {
                    "rule": "Host(`localhost`) && Path(`/api/method/frappe.realtime.has_permission`)",
                    "entryPoints": ["websecure"],
                    "service": "elsewhere",
                    "tls": {},
                }
            }
        }
    },
    asks={"event": True},
)
