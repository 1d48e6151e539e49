#!/bin/sh
# Loads the binaries that were kept from the first version: what was built then must work now.
set -eu
cd "$(dirname "$0")"
keystone=${KEYSTONE_BIN:-$(cd ../.. && pwd)/.build/debug}/keystone
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export KEYSTONE_DATA_DIR="$work/data"

for file in old-swift-1.0.0.so old-c-1.0.0.so; do
  case $(uname -m)-$file in
    x86_64-*) ;;
    *) echo "skipped: $file was built for x86-64" >&2; continue ;;
  esac
  xz -dc "$file.xz" >"$work/$file"
  # Libraries of the system and nothing of Swift: the plugin carries its own runtime.
  needed=$(readelf -d "$work/$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
  for library in $needed; do
    case $library in
      libc.so.6 | libm.so.6 | libgcc_s.so.1 | libstdc++.so.6 | ld-linux-x86-64.so.2) ;;
      *) echo "$file needs $library" >&2; exit 1 ;;
    esac
  done
  "$keystone" plugin install "$work/$file" >/dev/null
done
"$keystone" eval run spec.yaml --format json >"$work/results" || { cat "$work/results" >&2; exit 1; }
grep -q '"name": "old-swift"' "$work/results" && grep -q '"name": "old-c"' "$work/results" || { cat "$work/results" >&2; exit 1; }
echo "old plugins load and judge"
