# Port 9000 as the one truth: reads every place on the server that names the port of Socket.IO, reports each that disagrees with its line,
# and corrects what it may (ALIGN=yes: the bench's own configuration, by bench's own command).
set -eu
. "$(dirname "$0")/ask_sidecar.sh"

wrong=""
place() {  # file, line, what is there, how to correct it
  [ "$3" = "$PORT_WANTED" ] && { echo "$1:$2 names port $3"; return; }
  wrong="$wrong
RT016: $1:$2 names port $3, and realtime's one port is $PORT_WANTED. $4"
}

readable() { [ -r "$1" ] || refuse "$2: $1 cannot be read on this server. Correct the path, or remove the key."; }

if [ -n "$BENCH" ]; then
  file="$BENCH/sites/common_site_config.json"
  readable "$file" raven-realtime:benchPath
  found=$(grep -no '"socketio_port"[^,}]*' "$file" | head -n 1 || true)
  port=$(printf '%s' "${found#*:}" | tr -dc 0-9)
  if [ -n "$port" ] && [ "$port" != "$PORT_WANTED" ] && [ "$ALIGN" = yes ]; then
    (cd "$BENCH" && bench set-config -g socketio_port "$PORT_WANTED" >/dev/null) ||
      refuse "bench set-config -g socketio_port $PORT_WANTED failed in $BENCH"
    echo "$file: socketio_port corrected from $port to $PORT_WANTED; restart the realtime process to have it listen there"
  elif [ -n "$port" ]; then
    place "$file" "${found%%:*}" "$port" "Run in $BENCH: bench set-config -g socketio_port $PORT_WANTED"
  fi
fi

if [ -n "$COMPOSE" ]; then
  readable "$COMPOSE" raven-realtime:composeFile
  # SOCKETIO: host:port; SOCKETIO_PORT and FRAPPE_SOCKETIO_PORT: the port; as a mapping, or as a list of NAME=value
  while IFS=: read -r line text; do
    port=$(printf '%s' "$text" | sed -E 's/.*SOCKETIO(_PORT)?["'\'']?[ ]*[:=]//' | grep -oE '[0-9]+' | tail -n 1 || true)
    [ -z "$port" ] || place "$COMPOSE" "$line" "$port" "Set it to $PORT_WANTED and recreate the service."
  done <<EOF
$(grep -nE '(^|[^A-Z_])(FRAPPE_)?SOCKETIO(_PORT)?["'\'']?[ ]*[:=]' "$COMPOSE" || true)
EOF
fi

if [ -n "$NGINX" ]; then
  readable "$NGINX" raven-realtime:nginxFile
  while IFS=: read -r line text; do
    port=$(printf '%s' "$text" | grep -oE '[0-9]+;?$|:[0-9]+' | tr -dc '0-9\n' | tail -n 1 || true)
    [ -z "$port" ] || place "$NGINX" "$line" "$port" "Run in the bench: bench setup nginx, then reload nginx."
  done <<EOF
$(awk '/upstream[ \t].*socketio/ {inside = 1} inside && /server[ \t]/ {sub(/[ \t]*(fail_timeout|max_fails)=[^;]*/, ""); gsub(/[; \t]+$/, ""); print NR ":" $0} /}/ {inside = 0}' "$NGINX")
EOF
fi

[ -z "$wrong" ] || refuse "${wrong#?}"
echo "every place that names the port says $PORT_WANTED"
