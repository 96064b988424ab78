"""The policy pack. `pulumi preview --policy-pack PATH_TO_THIS_FOLDER`; building it serves until Pulumi is done."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import EnforcementLevel, PolicyPack

from policies.pack import policies
from raven_realtime.problem import Problem

try:
    found = policies()
except Problem as problem:
    sys.exit(str(problem))
PolicyPack("raven-realtime", policies=found, enforcement_level=EnforcementLevel.MANDATORY)
