#!/bin/sh
# Compiles KeystoneKit and the test kit for the Swift compiler on PATH into a folder: build-kit.sh FOLDER
set -eu
kit=$1
sdk=$(cd "$(dirname "$0")" && pwd -P)
mkdir -p "$kit"
work=$(mktemp -d "$kit/.new-XXXXXX")
trap 'rm -rf "$work"' EXIT

options="-swift-version 6 -package-name keystone -parse-as-library -suppress-warnings -I $sdk/include -I $work
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
  -enable-upcoming-feature MemberImportVisibility"
module() {
  name=$1
  shift
  # shellcheck disable=SC2046,SC2086  # the options and the files are words
  swiftc $options "$@" -wmo -module-name "$name" -emit-module -emit-module-path "$work/$name.swiftmodule" -c \
    -o "$work/$name.o" $(find "$sdk/Sources/$name" -name '*.swift' | sort)
}
module KeystoneKit -O -Xcc -ffunction-sections
module KeystoneFolder -O
module KeystoneTestKit -Onone
cc -std=c11 -O2 -fPIC -I"$sdk/include" -c -o "$work/CFolder.o" "$sdk/Sources/CFolder/keystone_folder.c"
cc -std=c11 -O2 -fPIC -I"$sdk/include" -c -o "$work/CDigest.o" "$sdk/Sources/CDigest/keystone_sha256.c"
# One object each for whoever links them.
ld -r -o "$work/KeystoneFolderAll.o" "$work/KeystoneFolder.o" "$work/CFolder.o" "$work/CDigest.o"
mv "$work/KeystoneFolderAll.o" "$work/KeystoneFolder.o"
ld -r -o "$work/KeystoneTestKitAll.o" "$work/KeystoneTestKit.o" "$work/KeystoneFolder.o"
mv "$work/KeystoneTestKitAll.o" "$work/KeystoneTestKit.o"
rm -f "$work/CFolder.o" "$work/CDigest.o"
mv "$work"/* "$kit/"
