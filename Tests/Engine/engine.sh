#!/bin/sh
# A Docker Engine for the tests, beside whatever else runs on this machine, with images made from Debian's packages.
#
#     engine.sh start     starts it where that is possible; prints the address of its socket, or on stderr why there is none
#     engine.sh stop      stops what `start` started
#
# Everything lies below KEYSTONE_TEST_ENGINE (default /var/tmp/keystone-engine); images stay there for the next run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=${KEYSTONE_TEST_ENGINE:-/var/tmp/keystone-engine}
socket="$home/docker.sock"
export DOCKER_HOST="unix://$socket"

skip() {
  echo "no Docker Engine for the tests: $1" >&2
  exit 3
}

answers() { curl -fsS --max-time 5 --unix-socket "$socket" http://engine/_ping >/dev/null 2>&1; }

install_packages() {
  missing=""
  for package in docker.io debootstrap curl; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return
  echo "installing:$missing" >&2
  apt-get update -q >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2
}

start_engine() {
  answers && return
  mkdir -p "$home"
  # Nothing is published and nothing leaves: neither a default bridge nor rules in the machine's firewall are needed.
  setsid dockerd --data-root "$home/data" --exec-root "$home/exec" -H "unix://$socket" --pidfile "$home/pid" \
    --bridge=none --iptables=false --ip6tables=false --userland-proxy=false >"$home/log" 2>&1 </dev/null 9>&- &
  for _ in $(seq 150); do
    answers && return
    sleep 0.2
  done
  stop_engine
  skip "dockerd did not start: $(tail -1 "$home/log")"
}

stop_engine() {
  [ -e "$home/pid" ] || return 0
  pid=$(cat "$home/pid")
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.2
  done
  echo "dockerd $pid does not end" >&2
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# A Debian with what the agents of the tests use, and the same with a database and a cache on top.
make_images() {
  version=$(cat "$here/engine.sh" "$here"/images/*/* | sha256sum | cut -c1-12)
  if ! has_image "keystone-test/version:$version"; then
    echo "making the images of the tests (once)" >&2
    root=$(mktemp -d "$home/root.XXXXXX")
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase \
      --include=python3-minimal,python3-psycopg2,python3-redis,curl,ca-certificates,postgresql-15,redis-server \
      bookworm "$root" >"$home/debootstrap.log" 2>&1 || skip "debootstrap failed: $(tail -1 "$home/debootstrap.log")"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale
    rm -rf "$root"/var/lib/postgresql/15
    install -m 755 "$here/images/postgres/entrypoint.sh" "$root/usr/local/bin/postgres-entrypoint"
    tar -C "$root" -c . | docker import --change 'CMD ["/bin/sh"]' - keystone-test/debian:12 >/dev/null
    commit postgres:15 'ENTRYPOINT ["/usr/local/bin/postgres-entrypoint"]'
    commit redis:7 'ENTRYPOINT ["/usr/bin/redis-server"]' 'CMD ["--bind", "0.0.0.0", "--protected-mode", "no"]'
    docker tag keystone-test/debian:12 "keystone-test/version:$version"
  fi
}

# An image of the same files that starts something else.
commit() {
  name=$1
  shift
  set -- "$name" "$@"
  container=$(docker create --network none keystone-test/debian:12 /bin/true)
  shift
  for change in "$@"; do set -- "$@" --change "$change"; shift; done
  docker commit "$@" "$container" "keystone-test/$name" >/dev/null
  docker rm "$container" >/dev/null
}

case ${1:-} in
  start)
    [ "$(id -u)" = 0 ] || skip "starting one needs root"
    install_packages
    start_engine
    make_images
    echo "$DOCKER_HOST"
    ;;
  stop) stop_engine ;;
  *) sed -n 's/^# \{0,1\}//p' "$0" | sed -n 2,7p; exit 2 ;;
esac
