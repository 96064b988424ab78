# Asks http://$1$2 with Host $3 and prints the answer's body, with whatever HTTP client the image has that it runs in.
ASK='
  if command -v curl >/dev/null; then exec curl -fsS --max-time 5 -H "Host: $3" "http://$1$2"; fi
  if command -v wget >/dev/null; then exec wget -q -T 5 -O - --header "Host: $3" "http://$1$2"; fi
  exec bash -c '\''exec 3<>"/dev/tcp/${1%:*}/${1##*:}" && printf "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" "$2" "$3" >&3 &&
    sed "1,/^\r*\$/d" <&3'\'' ask "$1" "$2" "$3"'

# Asks the nginx inside container $1, from within, for path $2 with Host $3.
ask_sidecar() { docker exec "$1" sh -c "$ASK" ask "127.0.0.1:${PORT:-80}" "$2" "$3"; }

# Ends the script with a message on stderr, a line each: what is wrong, and what to do. Empty lines are left out.
refuse() { printf '%s\n' "$@" | grep . >&2; exit 1; }

# Prints the containers of this stack that run, besides $1.
others_than() { docker ps -q --no-trunc --filter "label=$STACK_LABEL=$STACK" | grep -v "^$1" || true; }

# Stops containers as nginx likes it: no new connections, those that are open may finish for $GRACE seconds. Their removal is Pulumi's.
stop_gracefully() {
  docker kill -s QUIT "$@" >/dev/null 2>&1 || true
  docker stop -t "$GRACE" "$@" >/dev/null
}

# Leaves the stage to the container before $1: one that runs still, else the last that was stopped. Prints that it did; nothing if there
# is none.
step_back() {
  former=$(others_than "$1")
  [ -n "$former" ] || former=$(stopped_before "$1")
  [ -n "$former" ] || return 0
  docker stop -t 1 "$1" >/dev/null
  docker start $former >/dev/null
  echo "  note: the new container was stopped, and $(docker inspect --format '{{slice .Name 1}}' $former | paste -sd ' ') serves as before"
}

# Prints the container of this stack, older than $1, that was stopped last.
stopped_before() {
  docker ps -aq --no-trunc --filter "label=$STACK_LABEL=$STACK" --filter status=exited --filter "before=$1" |
    xargs -r docker inspect --format '{{.State.FinishedAt}} {{.Id}}' | sort | tail -n 1 | cut -d ' ' -f 2
}
