#!/bin/sh
# Installs Keystone below a prefix: PREFIX/lib/keystone holds the executable, the plugins and the Swift runtime they
# link, found beside them by $ORIGIN; PREFIX/bin/keystone is a link to it.
set -eu
bin=$1
prefix=$2
library="$prefix/lib/keystone"

mkdir -p "$prefix/bin" "$library" "$prefix/include" "$prefix/lib/pkgconfig"
install -m 755 "$bin/keystone" "$bin/keystone-plugin-host" "$bin/keystone-sandbox-init" "$library/"
rm -f "$library"/libkeystone_*.so
for file in "$bin"/libkeystone_*.so; do install -m 644 "$file" "$library/"; done
install -m 644 Sources/CKeystonePlugin/include/keystone_plugin.h Sources/CKeystonePlugin/include/keystone_plugin_easy.h "$prefix/include/"

# The SDK: `keystone sdk path` names it, and pkg-config finds the headers.
Scripts/make-sdk.sh "$bin/sdk"
rm -rf "$library/sdk"
cp -R "$bin/sdk" "$library/sdk"
sed 's,^prefix=.*,prefix=${pcfiledir}/../..,' "$library/sdk/pkgconfig/keystone.pc" >"$prefix/lib/pkgconfig/keystone.pc"

# The Swift libraries that the executable and the plugins need, and those that these need in turn.
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
runtime="$toolchain/lib/swift/linux"
pending=$(ls "$library"/keystone "$library"/libkeystone_*.so)
while [ -n "$pending" ]; do
  next=""
  for file in $pending; do
    for name in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
      [ -e "$runtime/$name" ] || continue
      [ -e "$library/$name" ] && continue
      install -m 644 "$runtime/$name" "$library/"
      next="$next $library/$name"
    done
  done
  pending=$next
done

Scripts/list-builtins.sh "$library"
ln -sfn ../lib/keystone/keystone "$prefix/bin/keystone"
echo "installed in $prefix: run $prefix/bin/keystone plugin list"
