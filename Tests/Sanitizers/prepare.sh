# Sourced by the two scripts: builds the driver, the plugins and the C programs with one sanitizer.
#
#   sanitizer   thread or address
#   folder      afterwards: a host's folder with everything built
#   reports     afterwards: how the files begin that processes of plugins report into
cd "${KEYSTONE_ROOT:-$(dirname "$0")/../..}"
scratch=$PWD/.build-$sanitizer
folder=$scratch/driven
reports=$folder/report
suppressions=$PWD/Tests/Sanitizers/suppressions.$sanitizer
KEYSTONE_SANITIZERS=1
export KEYSTONE_SANITIZERS

# The compiler that comes with Swift: the plugins' sanitizer must be that of the program which loads them.
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
clang=$toolchain/bin/clang
c_flags="-std=c11 -O1 -g -fno-omit-frame-pointer -Wall -Wextra -D_GNU_SOURCE -pthread -ISources/CKeystonePlugin/include"
case $sanitizer in
  # Swift's build of the runtime of this sanitizer watches libdispatch, so its programs are linked to that. And the
  # Swift runtime tells the sanitizer of its own locks only when it is there as the program starts.
  thread)
    c_sanitizer="-fsanitize=thread"
    c_libraries="-L$toolchain/lib/swift/linux -Wl,-rpath,$toolchain/lib/swift/linux -Wl,--no-as-needed
      -ldispatch -lBlocksRuntime -lswiftCore -lswift_Concurrency" ;;
  address)
    c_sanitizer="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
    c_libraries="" ;;
esac

build_all() {
  started=$(date +%s)
  rm -rf "$folder"
  mkdir -p "$folder"
  chmod 700 "$folder"
  for product in sanitizer-driver TestPlugin_traffic keystone_local; do
    # TSan's functions must be visible to the Swift runtime and to plugins, which look them up by name.
    swift build --scratch-path "$scratch" --sanitize="$sanitizer" -Xlinker --export-dynamic --product "$product" \
      >"$scratch/build.log" 2>&1 || { cat "$scratch/build.log"; exit 1; }
  done
  cp "$scratch/debug/sanitizer-driver" "$folder/"
  cp "$scratch/debug/libTestPlugin_traffic.so" "$folder/libkeystone_traffic.so"
  cp "$scratch/debug/libkeystone_local.so" "$folder/"
  compile "$folder/c_echo.so" -shared -fPIC -fvisibility=hidden Tests/Plugins/c_echo/c_echo.c
  compile "$folder/libkeystone_c.so" -shared -fPIC -fvisibility=hidden Tests/Plugins/c_lines_at_most/c_lines_at_most.c
  compile "$folder/keystone-plugin-host" -DREPORTS="\"$reports\"" -DSUPPRESSIONS="\"$suppressions\"" \
    Tests/Sanitizers/child_options.c Sources/keystone-plugin-host/*.c -ldl -Wl,--export-dynamic
  compile "$folder/keystone-sandbox-init" -DREPORTS="\"$reports\"" -DSUPPRESSIONS="\"$suppressions\"" \
    -ISources/CDigest/include -ISources/CSandbox/include Tests/Sanitizers/child_options.c \
    Sources/keystone-sandbox-init/*.c \
    Sources/CDigest/keystone_sha256.c
  Scripts/list-builtins.sh "$folder"
  echo "built with --sanitize=$sanitizer in $(($(date +%s) - started)) s"
}

compile() {
  output=$1
  shift
  # shellcheck disable=SC2086
  "$clang" $c_flags $c_sanitizer -o "$output" "$@" $c_libraries
}

# Runs the driver with a command line and keeps its exit code in `code`.
drive() {
  started=$(date +%s)
  rm -rf "$folder"/data "$folder"/sandboxes "$reports".*
  code=0
  "$folder/sanitizer-driver" "$folder" "$@" >"$folder/log" 2>&1 || code=$?
  echo "driver $*: exit code $code after $(($(date +%s) - started)) s"
}

fail() {
  echo "$1" >&2
  tail -n 200 "$folder/log" >&2
  for file in "$reports".*; do
    [ ! -e "$file" ] || { echo "== $file" >&2; head -n 100 "$file" >&2; }
  done
  exit 1
}

# Demands that neither the driver nor a process of a plugin reported anything.
expect_silence() {
  [ "$code" = 0 ] || fail "the driver was expected to exit with 0 and exited with $code"
  for file in "$reports".*; do [ ! -e "$file" ] || fail "a process of a plugin reported something"; done
  grep -E '^(c_echo|scenarios)' "$folder/log"
}
