# Runs where the check of the public certificate failed: whose certificate is it, and what is to be done? Fails too, or with TRUST=no
# reports it in a line.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"

shown=$(curl -kvsS -o /dev/null --noproxy '*' --max-time 10 ${ADDRESS:+--resolve "$HOST:$TLS_PORT:$ADDRESS"} "https://$HOST/" 2>&1 |
  sed -nE 's/^\* +(subject|issuer): (.*)/\1 \2/p')
if [ "$TRUST" = no ] && [ -n "$shown" ]; then
  echo "? certificate not trusted: $HOST shows $(printf '%s' "$shown" | tr '\n' ',' | sed 's/,/, /g')"
  exit 0
fi
case "$shown" in
  *"TRAEFIK DEFAULT CERT"*) refuse \
    "For $HOST Traefik shows the certificate that it makes for itself: it has no certificate resolver $RESOLVER" \
    "(raven-realtime:certResolver), or that has not got a certificate yet." \
    "  do:   compare the name with certificatesResolvers in Traefik's configuration (--certificatesresolvers.NAME.acme…);" \
    "        Traefik's log says \"nonexistent certificate resolver\", or why the authority refused. Then run pulumi up again.";;
  "") refuse "$HOST shows no certificate at all.";;
  *) refuse "The certificate of $HOST: $(printf '%s' "$shown" | tr '\n' ',' | sed 's/,/, /g')." \
    "  do:   name its authority in raven-realtime:caFile if it is your own, or set raven-realtime:trustCertificate to false.";;
esac
