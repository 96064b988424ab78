# The first check: Socket.IO asked on the server itself.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"

answer=$(curl -sS -i --max-time 10 --noproxy '*' "http://localhost:${UPSTREAM##*:}/socket.io/?EIO=4&transport=polling" 2>&1) || true
case "$answer" in
  *'"sid"'*) echo "✓ host  $(printf '%s' "$answer" | head -n 1 | tr -d '\r'), open packet";;
  *) refuse "✗ host  RT002: Socket.IO does not answer on localhost:${UPSTREAM##*:} of the server" "  seen: $(printf '%s' "$answer" | head -c 300)" \
       "  do:   start Frappe's realtime process (bench: supervisorctl status; docker: the websocket service), and see its log" \
       "  more: raven-realtime explain RT002";;
esac
