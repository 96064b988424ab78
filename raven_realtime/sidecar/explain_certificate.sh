# Runs where the check of the public certificate failed: whose certificate is it, and what is to be done? Fails too, or with TRUST=no
# reports it in a line.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"
. "$(dirname "$0")/ask_traefik.sh"

shown=$(shown_certificate)
if [ "$TRUST" = no ] && [ -n "$shown" ]; then
  echo "? certificate not trusted: $HOST shows $(printf '%s' "$shown" | tr '\n' ',' | sed 's/,/, /g')"
  exit 0
fi
if is_default_certificate "$shown"; then refuse_default_certificate; fi
[ -n "$shown" ] || refuse "$HOST shows no certificate at all."
refuse "The certificate of $HOST: $(printf '%s' "$shown" | tr '\n' ',' | sed 's/,/, /g')." \
  "  do:   name its authority in raven-realtime:caFile if it is your own, or set raven-realtime:trustCertificate to false."
