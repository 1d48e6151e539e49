#!/bin/sh
# Makes a plugin with a KeystoneKit that is deliberately not the host's: every type has one member more, at its
# beginning, the members of the session's state and the requirements of the protocol are in the opposite order, enums
# have another first case, and the version is another.
#
#   build.sh FOLDER    writes FOLDER/libother_kit.so
set -eu
folder=$1
cd "$(dirname "$0")/../../.."
kit=$folder/KeystoneKit
rm -rf "$kit"
mkdir -p "$folder"
cp -RL Sources/KeystoneKit "$kit"

# Grown: a member at the beginning of every struct and class.
# (One type assigns itself and cannot have a constant.)
find "$kit" -name '*.swift' ! -name Seconds.swift -exec sed -i -E \
  's/^( *)((public|package|private|fileprivate|final) )*(struct|class) [A-Z].*\{$/&\n\1  let grownMember: Int = 7/' {} +
# Reordered: each run of variables in what the session keeps.
for file in CallState PeerSession; do
  awk '
    /^    var / { run[++count] = $0; next }
    { while (count > 0) print run[count--]; print }
  ' "$kit/ABI/$file.swift" >"$kit/ABI/$file.swift.new"
  mv "$kit/ABI/$file.swift.new" "$kit/ABI/$file.swift"
done
awk '
  /^public protocol Invariant/ { inside = 1 }
  inside && /^  (\/\/\/|func |static )/ {
    block = block $0 "\n"
    if (!/^  \/\/\//) { blocks[++count] = block; block = "" }
    next
  }
  inside && /^}/ { while (count > 0) printf "%s", blocks[count--]; inside = 0 }
  { print }
' "$kit/Plugin/Invariant.swift" >"$kit/Plugin/Invariant.swift.new"
mv "$kit/Plugin/Invariant.swift.new" "$kit/Plugin/Invariant.swift"
# Another first case, so that every case has another number.
sed -i 's/^  case debug, info/  case grown, debug, info/' "$kit/Host/HostServices.swift"
sed -i 's/^    case file, directory/    case grown, file, directory/' "$kit/Messages/SandboxFile.swift"
sed -i 's/keystoneKitVersion = ".*"/keystoneKitVersion = "9.9.9"/' "$kit/KeystoneKit.swift"

options="-swift-version 6 -Onone -package-name other -parse-as-library -suppress-warnings -I Sources/CKeystonePlugin/include
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
  -enable-upcoming-feature MemberImportVisibility"
# shellcheck disable=SC2046,SC2086  # the options and the files are words
swiftc $options -wmo -module-name KeystoneKit -emit-module -emit-module-path "$folder/KeystoneKit.swiftmodule" \
  -c -o "$folder/KeystoneKit.o" $(find "$kit" -name '*.swift' | sort)
# shellcheck disable=SC2086
swiftc $options -module-name OtherKit -emit-library -I "$folder" -o "$folder/libother_kit.so" \
  Tests/Plugins/other-kit/OtherKit.swift "$folder/KeystoneKit.o" \
  -Xlinker --version-script=Sources/Plugins/plugin.map
