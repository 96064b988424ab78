# Which certificate resolvers Traefik has on this host. Traefik takes its static configuration from a file if it finds one, else from
# its command line, else from its environment (Traefik's documentation, "Configuration introduction"). What cannot be read there adds
# nothing: it cannot be told then.

# Prints the names in a static file on standard input, YAML or TOML; nothing where it is written in another way than one a line.
resolvers_in_file() {
  names=$(tr -d '\r' | tr '[:upper:]' '[:lower:]' | awk '
    {sub(/(^|[ \t])#.*$/, "")}
    /^[ \t]*$/ {next}
    /^[ \t]*\[+[ \t]*"?certificatesresolvers"?\.[^].]+/ {sub(/^[^.]*\./, ""); sub(/[].].*$/, ""); gsub(/[ \t"'\'']/, ""); print; next}
    inside && /^ / {indent = match($0, /[^ ]/); if (!level) level = indent
      if (indent == level) {sub(/:.*$/, ""); gsub(/[ \t"'\'']/, ""); print}
      next}
    {inside = 0}
    /^["'\'']?certificatesresolvers["'\'']?[ \t]*:[ \t]*$/ {inside = 1; level = 0}')
  printf '%s\n' "$names" | grep -qvE '^[a-z0-9_-]+$' || printf '%s\n' "$names"
}

# Prints the names in words of a command line and variables of an environment, one a line on standard input.
resolvers_in_words() {
  tr '[:upper:]' '[:lower:]' | sed -nE 's/=.*//; s/^(--|traefik_)certificatesresolvers[._](.+)[._](acme|tailscale)([._].*)?$/\2/p'
}

# Prints the file that a command line on standard input names, one word a line: --configFile=FILE, or --configFile FILE.
configuration_file() {
  option='--[cC][oO][nN][fF][iI][gG][fF][iI][lL][eE]'
  sed -nE "s/^$option=//p; /^$option\$/{n;p;}" | head -n 1
}

# Prints `NAME (where it is declared)` for each resolver of a Traefik that was started with the words $1 and is called $2; the command
# $3… prints a file of it. One that is named and cannot be read leaves the resolvers untold.
resolvers_of() {
  words=$1; called=$2; shift 2
  named=$(printf '%s\n' "$words" | configuration_file)
  for file in ${named:-/etc/traefik/traefik.toml /etc/traefik/traefik.yaml /etc/traefik/traefik.yml traefik.toml traefik.yaml traefik.yml}; do
    if text=$("$@" "$file" 2>/dev/null) && [ -n "$text" ]; then
      printf '%s\n' "$text" | resolvers_in_file | sed "s|\$| ($file of $called)|"
      return
    fi
  done
  [ -n "$named" ] || printf '%s\n' "$words" | resolvers_in_words | sed "s|\$| (the command or environment of $called)|"
}

file_of_container() { docker cp -L "$1:$2" - | tar -xO; }
file_of_process() { case $2 in /*) cat "/proc/$1/root$2";; *) cat "/proc/$1/cwd/$2";; esac; }

# Prints `NAME (where it is declared)` for each resolver of this host's Traefik: in a container at the public port, or a process.
known_resolvers() {
  containers=$(docker ps -q | xargs -r docker inspect --format '{{.Id}} {{.State.Pid}} {{.HostConfig.NetworkMode}} {{json .HostConfig.PortBindings}}' \
    2>/dev/null | awk '$3 == "host" || /"HostPort":"443"/ {print $1 " " $2}')
  for container in $(printf '%s\n' "$containers" | cut -d ' ' -f 1); do
    words=$(docker inspect --format '{{range .Args}}{{println .}}{{end}}{{range .Config.Env}}{{println .}}{{end}}' "$container")
    resolvers_of "$words" "$(docker inspect --format 'the container {{slice .Name 1}}' "$container")" file_of_container "$container"
  done
  case "${DOCKER_HOST:-}" in ''|unix:*) ;; *) return;; esac  # another machine's processes are not in /proc
  for process in $(grep -lzE '^([^ ]*/)?traefik$' /proc/[0-9]*/cmdline 2>/dev/null | cut -d / -f 3); do
    [ "$(readlink "/proc/$process/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
    printf '%s\n' "$containers" | grep -q " $process\$" && continue
    words=$(tr '\0' '\n' <"/proc/$process/cmdline"; tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null) || true
    resolvers_of "$words" "the process traefik" file_of_process "$process"
  done
}
