#!/bin/sh
# How the two binaries were made, once: build.sh BIN
set -eu
cd "$(dirname "$0")"
bin=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for language in swift c; do
  (cd "$work" && "$bin/keystone" plugin new "old-$language" --kind invariant --lang "$language")
  sed -i 's/0\.1\.0/1.0.0/' "$work/old-$language/Sources/plugin.$language"
  make -s -C "$work/old-$language"
  cp "$work/old-$language/Sources/plugin.$language" "old-$language.$language"
  xz -9e -c "$work/old-$language/old-$language.so" >"old-$language-1.0.0.so.xz"
done
