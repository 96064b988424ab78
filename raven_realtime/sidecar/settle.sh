# Makes the new container the only one: asks it from within, gives Traefik time to list it, and stops every other container of this
# stack gracefully. Pulumi removes the generation before it; a second container of the same generation is an orphan of an interrupted
# update, which Pulumi does not know, and is removed here.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"
. "$(dirname "$0")/ask_traefik.sh"

docker update --pids-limit "$PIDS" "$KEEP" >/dev/null
[ -n "$(ask_sidecar "$KEEP" / "$STATUS_HOST")" ] || refuse "The new sidecar does not answer from within. docker logs $KEEP"

# Traefik collects Docker's events for a moment before it acts on them; the checks that follow ask through it
sleep "$TRAEFIK_LISTS"
others=$(others_than "$KEEP")

# Where the routing labels changed, handover.sh stopped the one before. If Traefik has no use for the new labels, it comes back. Traefik
# is asked on this host; that counts only if it leads to the one before when asked in the same way.
before=$(stopped_before "$KEEP")
case "${DOCKER_HOST:-}" in ''|unix:*) ADDRESS=${ADDRESS:-127.0.0.1};; esac
if [ -z "$others" ] && [ -n "$before" ] && [ -n "$ADDRESS" ] && fault=$(fault_of_traefik) && [ -n "$fault" ]; then
  kept=$(step_back "$KEEP")
  former=$(docker inspect --format '{{json .Config.Labels}}' "$before" | grep -o 'Host(`[^`]*' | head -n 1 | cut -d '`' -f 2)
  if [ -n "$(HOST=$former; fault_of_traefik)" ]; then
    echo "Traefik does not answer on this host as it does outside, and is not judged by that"
    docker stop -t 1 "$before" >/dev/null; docker start "$KEEP" >/dev/null
  elif [ "$fault" = CERTIFICATE ]; then
    refuse_default_certificate "$kept"
  else
    refuse "✗ traefik  RT001: Traefik on this host does not lead https://$HOST/socket.io/ to the new container" "  seen: $fault" \
      "  do:   compare raven-realtime:entrypoint, middlewares and networks with what Traefik has; its log names a router that it drops" \
      "  more: raven-realtime explain RT001" "$kept"
  fi
fi

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
