# Puts the configuration on standard input into force: validated inside the image it runs in, swapped, hot reloaded, and proved by
# nginx's own word. If anything fails, the configuration before it stays in force.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"

in_image() {  # runs a command ($2) as a user ($1) in the sidecar's image, with the sidecar's view of the configuration
  docker run --rm -i --network none --user "$1" --cap-drop ALL --cap-add DAC_OVERRIDE --security-opt no-new-privileges \
    --tmpfs /tmp $ADD_HOSTS --ulimit "nofile=$FILES:$FILES" -v "$VOLUME:/etc/frappe-socketio" --entrypoint sh "$IMAGE" -c "$2"
}
in_image 0 'cat > /etc/frappe-socketio/new.conf && chmod 644 /etc/frappe-socketio/new.conf'
if ! said=$(in_image "$USER_ID" 'nginx -t -q -e stderr -c /etc/frappe-socketio/new.conf' </dev/null 2>&1); then
  in_image 0 'rm -f /etc/frappe-socketio/new.conf' </dev/null || true
  refuse "nginx refuses the configuration; the one before it stays in force:" "$said"
fi
in_image 0 'cd /etc/frappe-socketio && { [ ! -f nginx.conf ] || cp nginx.conf old.conf; } && mv new.conf nginx.conf' </dev/null

for container in $(docker ps -q --filter "label=$STACK_LABEL=$STACK" --filter "label=$GENERATION_LABEL=$GENERATION"); do
  name=$(docker inspect --format '{{slice .Name 1}}' "$container")
  docker kill -s HUP "$container" >/dev/null
  tries=0
  until [ "$(ask_sidecar "$container" / "$STATUS_HOST" 2>/dev/null)" = "$HASH" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 50 ]; then
      in_image 0 'cd /etc/frappe-socketio && [ ! -f old.conf ] || mv old.conf nginx.conf' </dev/null
      docker kill -s HUP "$container" >/dev/null
      refuse "$name does not take the new configuration; the one before it is in force again. nginx said:" \
        "$(docker logs --tail 20 "$container" 2>&1)"
    fi
    sleep 0.2
  done
  draining=$(docker top "$container" -o pid,args | grep -c 'shutting down' || true)
  echo "$name has the new configuration; $draining old workers keep their sockets until these close"
done
echo "configuration $HASH is in force"
