"""The policy pack: the linter's rules as Pulumi policies, and the mends that Pulumi may apply.

Every rule in raven_realtime/declared/rules is a policy of the same name (docs/adr/ says why they are not written
twice); each module in `mends` is a policy that can correct a resource, at level ``remediate``.
"""
