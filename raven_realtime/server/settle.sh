# Makes the new container the only one: asks it from within, gives Traefik time to list it, and stops every other container of this
# stack gracefully. Pulumi removes the generation before it; a second container of the same generation is an orphan of an interrupted
# update, which Pulumi does not know, and is removed here.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"

docker update --pids-limit "$PIDS" "$KEEP" >/dev/null
[ -n "$(ask_sidecar "$KEEP" / "$STATUS_HOST")" ] || refuse "The new sidecar does not answer from within. docker logs $KEEP"

# Traefik collects Docker's events for a moment before it acts on them; the checks that follow ask through it
sleep "$TRAEFIK_LISTS"
others=$(others_than "$KEEP")
if [ -n "$others" ]; then
  # Traefik drops a container that says it is unhealthy, while it still serves: so no request ever meets a closed listener
  for container in $others; do docker exec "$container" sh -c ": > '$LEAVING'" 2>/dev/null || true; done
  for container in $others; do
    tries=0
    while [ "$(docker inspect --format '{{.State.Health.Status}}' "$container" 2>/dev/null)" = healthy ] && [ "$tries" -lt 100 ]; do
      tries=$((tries + 1)); sleep 0.2
    done
  done
  sleep "$TRAEFIK_LISTS"
  echo "stopping $(docker inspect --format '{{slice .Name 1}}' $others | tr '\n' ' ')"
  stop_gracefully $others
fi
for container in $(docker ps -aq --no-trunc --filter "label=$STACK_LABEL=$STACK" --filter "label=$GENERATION_LABEL=$GENERATION"); do
  if [ "$container" != "$KEEP" ]; then
    echo "removing an orphan: $(docker inspect --format '{{slice .Name 1}}' "$container")"
    docker rm -f "$container" >/dev/null
  fi
done
echo "one sidecar serves: $(docker inspect --format '{{slice .Name 1}}' "$KEEP")"
