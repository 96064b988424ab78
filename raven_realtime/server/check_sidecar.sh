# The handshake asked inside the sidecar's container: nginx and the way from the container to Socket.IO, without Traefik.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"

answer=$(ask_sidecar "$KEEP" '/socket.io/?EIO=4&transport=polling' "$HOST" 2>&1) || true
case "$answer" in
  *'"sid"'*) echo "✓ sidecar  open packet for $HOST through $UPSTREAM";;
  *) refuse "✗ sidecar  RT003: nginx runs, and $UPSTREAM does not answer from inside the container" "  seen: $(printf '%s' "$answer" | head -c 300)" \
       "  do:   let the bridge reach the port (ufw allow in on docker0 to any port ${UPSTREAM##*:}; or iptables -I INPUT -i docker0 -p tcp --dport ${UPSTREAM##*:} -j ACCEPT)," \
       "        and have Socket.IO listen on 0.0.0.0" \
       "  more: raven-realtime explain RT003";;
esac
