# Asks the nginx inside container $1 for path $2 with Host $3, from within, with whatever HTTP client its image has;
# prints the answer's body.
ask_sidecar() {
  docker exec "$1" sh -c '
    if command -v curl >/dev/null; then exec curl -fsS --max-time 5 -H "Host: $2" "http://127.0.0.1:$3$1"; fi
    if command -v wget >/dev/null; then exec wget -q -T 5 -O - --header "Host: $2" "http://127.0.0.1:$3$1"; fi
    exec bash -c '\''exec 3<>"/dev/tcp/127.0.0.1/$3" && printf "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" "$1" "$2" >&3 &&
      sed "1,/^\r*\$/d" <&3'\'' ask "$1" "$2" "$3"' ask "$2" "$3" "${PORT:-80}"
}

# Ends the script with a message on stderr: what is wrong, and what to do.
refuse() { printf '%s\n' "$@" >&2; exit 1; }

# Stops containers as nginx likes it: no new connections, those that are open may finish for $GRACE seconds. Their removal is Pulumi's.
stop_gracefully() {
  docker kill -s QUIT "$@" >/dev/null 2>&1 || true
  docker stop -t "$GRACE" "$@" >/dev/null
}
