# Looks at the Docker host before a sidecar is made, and refuses what would end in half a deployment. Containers of this stack
# whose routing labels differ are stopped first: Traefik drops a router that two containers define differently. A container of the
# wanted generation that was stopped is started: that is how going back to the settings before a failed update works.
set -eu
. "$(dirname "$0")/ask_sidecar.sh"
. "$(dirname "$0")/resolvers.sh"

docker version >/dev/null 2>&1 || refuse \
  "The Docker daemon does not answer (DOCKER_HOST=${DOCKER_HOST:-default})." \
  "Start it, or correct docker:host. Nothing was changed."

docker image inspect "$IMAGE" >/dev/null 2>&1 || said=$(docker pull -q "$IMAGE" 2>&1) || refuse \
  "raven-realtime:image: found $IMAGE, and the Docker host cannot pull it:" "$said" \
  "Correct the name and the digest: docker buildx imagetools inspect ${IMAGE%@*}:TAG shows the digest of a tag that there is." \
  "If the registry asks for a login: docker login on the Docker host. Nothing was changed."

if said=$(docker run --rm --network none --ulimit "nofile=$FILES:$FILES" --entrypoint true "$IMAGE" 2>&1); then :; else
  case "$said" in
    *rlimit*)
      limit=$(docker run --rm --network none --entrypoint sh "$IMAGE" -c 'ulimit -H -n')  # what it gives unasked
      refuse "raven-realtime:capacity needs a file limit of $FILES, and the Docker daemon of this host may give $limit." \
        "Lower the capacity to $(((limit - 1024) / 2)), or raise the daemon's limit (LimitNOFILE in its unit). Nothing was changed.";;
    *) refuse "The image $IMAGE cannot be run on this host:" "$said" "Nothing was changed.";;
  esac
fi

for network in $NETWORKS; do
  docker network inspect "$network" >/dev/null 2>&1 || refuse \
    "The Docker network $network (raven-realtime:networks) does not exist on this host." \
    "Make it (docker network create $network), or name one of: $(docker network ls --format '{{.Name}}' | tr '\n' ' ')"
done

# Traefik answers for an unknown certificate resolver with a certificate of its own, or goes on with one that it has until that expires
known=$(known_resolvers | sort -u)
if [ -n "$known" ] && ! printf '%s\n' "$known" | cut -d ' ' -f 1 | grep -qxF "$(printf '%s' "$RESOLVER" | tr '[:upper:]' '[:lower:]')"; then
  refuse "raven-realtime:certResolver: found $RESOLVER, and Traefik on this host has: $(printf '%s\n' "$known" | paste -sd ,  | sed 's/,/, /g')." \
    "Name one of these, or declare it (certificatesResolvers.$RESOLVER) and restart Traefik. Nothing was changed."
fi

# a container that is not ours and claims the same router, or the sidecar's own name
for container in $(docker ps -aq --filter "label=traefik.http.routers.$ROUTER.rule") \
                 $(docker ps -aq --filter "name=^/frappe-socketio$"); do
  owner=$(docker inspect --format "{{index .Config.Labels \"$STACK_LABEL\"}}" "$container")
  name=$(docker inspect --format '{{slice .Name 1}}' "$container")
  [ "$owner" = "$STACK" ] || refuse \
    "The container $name is not of this stack (${owner:-made by hand}), and has the router $ROUTER or the name frappe-socketio." \
    "Nothing was changed. To take over without an outage, see README, \"Taking over a hand-made sidecar\"; or remove it: docker rm -f $name"
done

# Socket.IO on loopback only cannot be reached from a container
case "$UPSTREAM" in
  172.*|host-gateway:*)
    port=$(printf '%04X' "${UPSTREAM##*:}")
    bound=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port=":$port" '$4 == "0A" && index($2, port) {split($2, a, ":"); print a[1]}')
    if [ -n "$bound" ] && ! printf '%s\n' "$bound" | grep -qvE '^(0100007F|00000000000000000000000001000000)$'; then
      refuse "RT003: Socket.IO listens on 127.0.0.1:${UPSTREAM##*:} only, and the sidecar asks $UPSTREAM from a container." \
        "Have it listen on all addresses (Frappe's default), or on the bridge's: then restart it. Nothing was changed."
    fi
    # a firewall of the host may keep containers from a port that the host itself reaches
    handshake='/socket.io/?EIO=4&transport=polling'
    if curl -fsS -o /dev/null --max-time 5 --noproxy '*' "http://localhost:${UPSTREAM##*:}$handshake" 2>/dev/null; then
      code=0
      said=$(docker run --rm $ADD_HOSTS --network "${NETWORK:-bridge}" --entrypoint sh "$IMAGE" -c "$ASK" \
        ask "$ADDRESS" "$handshake" "$HOST" 2>&1) || code=$?
      # 127: the image has no program to ask with
      [ "$code" = 0 ] || [ "$code" = 127 ] || refuse \
        "RT003: Socket.IO answers on this host at localhost:${UPSTREAM##*:}, and not from a container at $UPSTREAM:" "$said" \
        "Let the bridge reach the port: ufw allow in on docker0 to any port ${UPSTREAM##*:}; or" \
        "iptables -I INPUT -i docker0 -p tcp --dport ${UPSTREAM##*:} -j ACCEPT. Nothing was changed."
    fi;;
esac

for container in $(docker ps -q --filter "label=$STACK_LABEL=$STACK"); do
  routing=$(docker inspect --format "{{index .Config.Labels \"$ROUTING_LABEL\"}}" "$container")
  if [ "$routing" != "$ROUTING" ]; then
    echo "the routing labels change: stopping $(docker inspect --format '{{slice .Name 1}}' "$container") first"
    stop_gracefully "$container"
  fi
done
for container in $(docker ps -aq --filter status=exited --filter status=created \
                     --filter "label=$STACK_LABEL=$STACK" --filter "label=$GENERATION_LABEL=$GENERATION"); do
  echo "starting $(docker inspect --format '{{slice .Name 1}}' "$container") again"
  docker start "$container" >/dev/null
done
echo "the Docker host is ready"
