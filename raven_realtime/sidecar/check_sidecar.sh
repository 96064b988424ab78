# The handshake asked inside the sidecar's container: nginx and the way from the container to Socket.IO, without Traefik.
# A new container that fails leaves the stage to the one before it, which Traefik sends half of the requests to.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"

# one that failed before was stopped; one that is gone back to was on its way out
docker start "$KEEP" >/dev/null
docker exec "$KEEP" rm -f "$LEAVING"
tries=0
until ask_sidecar "$KEEP" / "$STATUS_HOST" >/dev/null 2>&1 || [ "$tries" -ge 25 ]; do tries=$((tries + 1)); sleep 0.2; done

answer=$(ask_sidecar "$KEEP" '/socket.io/?EIO=4&transport=polling' "$HOST" 2>&1) || true
case "$answer" in
  *'"sid"'*) echo "✓ sidecar  open packet for $HOST through $UPSTREAM";;
  *) refuse "✗ sidecar  RT003: nginx runs, and $UPSTREAM does not answer from inside the container" "  seen: $(printf '%s' "$answer" | head -c 300)" \
       "  do:   let the bridge reach the port (ufw allow in on docker0 to any port ${UPSTREAM##*:}; or iptables -I INPUT -i docker0 -p tcp --dport ${UPSTREAM##*:} -j ACCEPT)," \
       "        and have Socket.IO listen on 0.0.0.0" \
       "  more: raven-realtime explain RT003" "$(step_back "$KEEP")";;
esac
