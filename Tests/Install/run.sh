#!/bin/sh
# Installs Keystone into a fresh folder and uses it where no Swift toolchain can be seen.
set -eu
cd "$(dirname "$0")/../.."
bin=${KEYSTONE_BIN:-$(pwd)/.build/debug}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

Scripts/install.sh "$bin" "$work/prefix" >/dev/null
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
top=$(echo "$toolchain" | cut -d/ -f2)
mkdir "$work/home"

# Every top-level folder of this machine but the toolchain's, and an empty folder over the source tree's build.
set -- --proc /proc --dev /dev --tmpfs /empty
for folder in /*; do
  case "$folder" in
    /proc | /dev | "/$top") continue ;;
    *) [ -L "$folder" ] && set -- "$@" --symlink "$(readlink "$folder")" "$folder" || set -- "$@" --bind "$folder" "$folder" ;;
  esac
done
case "$toolchain" in /usr*) echo "the toolchain is in /usr; hiding it there instead" >&2; set -- "$@" --bind / / --tmpfs "$toolchain" ;; esac
set -- "$@" --tmpfs "$bin" --setenv KEYSTONE_DATA_DIR "$work/home" --setenv PATH /usr/bin:/bin

bwrap "$@" sh -c '! command -v swift' || { echo "the toolchain is still visible" >&2; exit 1; }
bwrap "$@" "$work/prefix/bin/keystone" plugin list >"$work/list"
grep -q file_exists "$work/list" || { cat "$work/list" >&2; exit 1; }
bwrap "$@" "$work/prefix/bin/keystone" eval run Examples/repair/repair.yaml >"$work/verdict" || { cat "$work/verdict" >&2; exit 1; }

# A plugin from the template, built with nothing but the installed headers and a C compiler.
export KEYSTONE_DATA_DIR="$work/home"
[ "$("$work/prefix/bin/keystone" sdk path)" = "$work/prefix/lib/keystone/sdk" ] || { echo "the SDK is elsewhere" >&2; exit 1; }
[ "$(PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig" pkg-config --cflags keystone)" ] || exit 1
(cd "$work" && prefix/bin/keystone plugin new plugin --kind invariant --lang c && make -s -C plugin test example) \
  >"$work/template" 2>&1 || {
  cat "$work/template" >&2
  exit 1
}
echo "installed tree works without a toolchain, and the C template builds on it"
