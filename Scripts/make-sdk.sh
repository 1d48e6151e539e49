#!/bin/sh
# Puts the SDK for plugin authors together: make-sdk.sh FOLDER. What the compiler makes is kept while its sources are the same.
set -eu
cd "$(dirname "$0")/.."
sdk=$1
mkdir -p "$sdk"
sdk=$(cd "$sdk" && pwd -P)
modules="CKeystonePlugin CDigest CFolder KeystoneKit KeystoneFolder KeystoneTestKit"

sources=$(for module in $modules; do echo "Sources/$module"; done)
# shellcheck disable=SC2086  # the folders are words
stamp=$({ cat $(find $sources Sources/SDK PluginTemplates -type f | sort); swiftc --version 2>/dev/null; } | sha256sum | cut -d' ' -f1)
[ "$(cat "$sdk/.stamp" 2>/dev/null)" = "$stamp" ] && exit 0

rm -rf "$sdk"
mkdir -p "$sdk/Sources" "$sdk/include" "$sdk/pkgconfig" "$sdk/rust"
for module in $modules; do cp -R "Sources/$module" "$sdk/Sources/"; done
cp Sources/CKeystonePlugin/include/* Sources/CDigest/include/* Sources/CFolder/include/* "$sdk/include/"
# One map for the three C modules, so that one `-I` finds them all.
cat >"$sdk/include/module.modulemap" <<'MAP'
module CKeystonePlugin { header "keystone_plugin.h" export * }
module CDigest { header "keystone_sha256.h" export * }
module CFolder { header "keystone_folder.h" export * }
MAP
cp Sources/SDK/Package.swift Sources/SDK/plugin.mk Sources/SDK/build-kit.sh Sources/SDK/test-main.swift Sources/Plugins/plugin.map "$sdk/"
cp Sources/SDK/rust/* "$sdk/rust/"
version=$(sed -n 's/.*keystoneKitVersion = "\(.*\)"/\1/p' Sources/KeystoneKit/KeystoneKit.swift)
sed "s/@VERSION@/$version/" Sources/SDK/keystone.pc >"$sdk/pkgconfig/keystone.pc"
cp -R PluginTemplates "$sdk/templates"
"$sdk/build-kit.sh" "$sdk/lib/$(swiftc --version 2>/dev/null | cksum | cut -d' ' -f1)"
echo "$stamp" >"$sdk/.stamp"
