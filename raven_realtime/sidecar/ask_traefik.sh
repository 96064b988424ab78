# Traefik, asked for $HOST as a client asks it, at the address $ADDRESS; where DNS says if that is empty.

ask_traefik() { curl -ksS --noproxy '*' ${ADDRESS:+--resolve "$HOST:$TLS_PORT:$ADDRESS"} "$@"; }

# Prints whose certificate it shows, as lines of `subject …` and `issuer …`.
shown_certificate() {
  ask_traefik -v -o /dev/null --max-time 10 "https://$HOST/" 2>&1 | sed -nE 's/^\* +(subject|issuer): (.*)/\1 \2/p'
}

# Tells whether that is the one which Traefik makes for itself.
is_default_certificate() { case "$1" in *"TRAEFIK DEFAULT CERT"*) return 0;; *) return 1;; esac; }

# Prints what is wrong with Traefik's way to $HOST, once it has had time to follow: the answer in place of an open packet, or CERTIFICATE.
# Prints nothing where all is well, and where nobody answers at $ADDRESS.
fault_of_traefik() {
  tries=0
  while answer=$(ask_traefik --max-time 5 -w ' %{http_code}' "https://$HOST/socket.io/?EIO=4&transport=polling" 2>/dev/null); do
    case "$answer" in
      *'"sid"'*) [ "$TRUST" = yes ] && is_default_certificate "$(shown_certificate)" || return 0
                 answer=CERTIFICATE; patience=$CERTIFICATE_SECONDS;;
      *) patience=$ROUTE_SECONDS;;
    esac
    [ "$tries" -lt "$patience" ] || { printf '%s' "$answer" | tr -s '[:space:]' ' ' | tail -c 200; return 0; }
    tries=$((tries + 1)); sleep 1
  done
}

# Ends the script: Traefik has no other certificate than its own.
refuse_default_certificate() {
  refuse \
    "For $HOST Traefik shows the certificate that it makes for itself: it has no certificate resolver $RESOLVER" \
    "(raven-realtime:certResolver), or that has not got a certificate yet." \
    "  do:   compare the name with certificatesResolvers in Traefik's configuration (--certificatesresolvers.NAME.acme…);" \
    "        Traefik's log says \"nonexistent certificate resolver\", or why the authority refused. Then run pulumi up again." "$@"
}
