# Makes the new container the only one: asks it from within, gives Traefik time to list it, and then stops every other container of this stack
# gracefully, generations before it and orphans of an interrupted update alike.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"

docker update --pids-limit "$PIDS" "$KEEP" >/dev/null
[ "$(ask_sidecar "$KEEP" / "$STATUS_HOST")" != "" ] || refuse "The new sidecar does not answer from within. docker logs $KEEP"
others=$(docker ps -aq --no-trunc --filter "label=$STACK_LABEL=$STACK" | grep -v "^$KEEP" || true)
if [ -n "$others" ]; then
  sleep "$TRAEFIK_LISTS"
  for container in $others; do
    echo "stopping $(docker inspect --format '{{slice .Name 1}}' "$container")"
    docker update --restart no "$container" >/dev/null
    docker kill -s QUIT "$container" >/dev/null 2>&1 || true
  done
  for container in $others; do
    docker stop -t "$GRACE" "$container" >/dev/null 2>&1 || true
    docker rm -f "$container" >/dev/null 2>&1 || true
  done
fi
echo "one sidecar serves: $(docker inspect --format '{{slice .Name 1}}' "$KEEP")"
