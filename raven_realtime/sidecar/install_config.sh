# Puts the configuration on standard input into force: validated inside the image it runs in, swapped, hot reloaded, and proved by
# nginx's own word. If anything fails, the configuration before it stays in force.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"

CONTAINERS=$(docker ps -q --filter "label=$STACK_LABEL=$STACK" --filter "label=$GENERATION_LABEL=$GENERATION")
draining() { docker top "$1" -o pid,etime,args | grep 'shutting down' || true; }
serving() { docker top "$1" -o pid,args | awk '/worker process *$/ {print $1}'; }

# Each reload leaves the workers that have sockets behind, and the container's limits hold only so many: past them nginx cannot fork
# the new workers, or the kernel ends one that serves.
for container in $CONTAINERS; do
  old=$(draining "$container"); count=$(printf '%s' "$old" | grep -c . || true)
  name=$(docker inspect --format '{{slice .Name 1}}' "$container")
  [ "$count" -le "$DRAINING" ] || refuse \
    "$name still has $count old workers that keep their sockets, and its limits have room for a reload at up to $DRAINING." \
    "The oldest began to serve $(printf '%s\n' "$old" | awk 'NR == 1 {print $2}') ago. Each ends when its last socket closes. Nothing was changed." \
    "Wait, and run pulumi up again; or end them on the server, then their clients connect again in a few seconds:" \
    "  docker top $name -o pid,args | awk '/shutting down/ {print \$1}' | xargs kill"
done

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

for container in $CONTAINERS; do
  name=$(docker inspect --format '{{slice .Name 1}}' "$container")
  former=$(serving "$container")
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
  # nginx tells its old workers to leave a moment after the new ones have begun to answer
  tries=0
  while [ "$tries" -lt 25 ] && serving "$container" | grep -qxF "$former"; do tries=$((tries + 1)); sleep 0.2; done
  count=$(draining "$container" | grep -c . || true)
  echo "$name has the new configuration; $count old workers keep their sockets until these close"
done
echo "configuration $HASH is in force"
