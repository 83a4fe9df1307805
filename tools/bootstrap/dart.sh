# shellcheck shell=bash
# The Dart SDK: the one on PATH if it is new enough, otherwise Debian's own package from sid, unpacked
# into the cache with sid's C library beside it, so that nothing of the machine itself is upgraded.

DART_MINIMUM=3.5.0
DART_HOME="$CACHE/dart"
# The pub packages that our dev dependencies need; dart-test itself is not in Debian (see tools/dart/test_standin).
DART_LIBRARIES=(args async boolean-selector collection ffi matcher meta path source-span
  stack-trace stream-channel string-scanner term-glyph test-api)

bootstrap_dart() {
  local have
  have="$(dart_version dart)"
  if [ -n "$have" ] && [ "$(command -v dart)" != "$DART_HOME/bin/dart" ] && version_at_least "$have" "$DART_MINIMUM"; then
    PUB_CACHE="${PUB_CACHE:-$HOME/.pub-cache}"
    DART_PUB_GET="dart pub get"
    return
  fi
  PUB_CACHE="$DART_HOME/pub"
  DART_PUB_GET="dart pub get --offline"
  # Its leading number changes when the way of installing does, so that old copies are replaced.
  local recipe="1 ${DART_LIBRARIES[*]}" standin
  if [ "$recipe" != "$(cat "$DART_HOME/recipe" 2>/dev/null)" ]; then
    dart_install
    printf '%s\n' "$recipe" > "$DART_HOME/recipe"
  fi
  standin="$(cd "$ROOT/tools/dart/test_standin" && find bin lib pubspec.yaml -type f | sort | xargs sha256sum | sha256sum | cut -c 1-8)"
  if [ "$standin" != "$(cat "$PUB_CACHE/standin" 2>/dev/null)" ]; then
    dart_fill_pub_cache "$standin"
    printf '%s\n' "$standin" > "$PUB_CACHE/standin"
  fi
  put_on_path "$DART_HOME/bin"
}

# dart_version PROGRAM: its version, or nothing where there is none. The SDK's version file answers faster than the VM.
dart_version() {
  local program
  program="$(command -v "$1")" || return 0
  cat "$(dirname "$(readlink -f "$program")")/../version" 2>/dev/null && return
  "$program" --version 2>/dev/null | sed -n 's/.*version: \([0-9.]*\).*/\1/p'
}

dart_install() {
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] && command -v apt-get >/dev/null ||
    fail "no Dart SDK >= $DART_MINIMUM on PATH; install one from https://dart.dev/get-dart"
  say "installing the Dart SDK (Debian sid's package, unpacked into $DART_HOME)"
  local build="$CACHE/dart.new"
  rm -rf "$build"
  mkdir -p "$build"/{apt/sources,apt/lists/partial,apt/cache/archives/partial,packages,prefix,bin}
  dart_download "$build"
  local package
  for package in "$build"/packages/*.deb; do
    dpkg-deb -x "$package" "$build/prefix"
  done
  dart_use_own_libc "$build"
  ln -s ../prefix/usr/lib/dart/bin/dart "$build/bin/dart"
  rm -rf "$build/apt" "$build/packages" "$DART_HOME"
  mv "$build" "$DART_HOME"
  "$DART_HOME/bin/dart" --disable-analytics >/dev/null 2>&1 || true
  "$DART_HOME/bin/dart" --version >/dev/null || fail "the Dart SDK in $DART_HOME does not start"
}

# Downloads the SDK, its C library and the pub packages by an apt state of our own.
dart_download() {
  local build="$1" uri
  # Without an early exit, which would end apt-get by SIGPIPE and so look like its failure.
  uri="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | awk '/\/debian\/*$/ && !seen++')"
  [ -n "$uri" ] || fail "apt's sources name no Debian archive to take the Dart SDK from; put a Dart SDK on PATH"
  cat > "$build/apt/sources/sid.sources" <<SOURCES
Types: deb
URIs: $uri
Suites: sid
Components: main
Architectures: amd64
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  cat > "$build/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$build/apt/sources";
Dir::State::lists "$build/apt/lists";
Dir::Cache "$build/apt/cache";
Dir::Cache::archives "$build/apt/cache/archives";
APT::Sandbox::User "";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Languages "none";
Acquire::Retries "3";
# A mirror that lags is as good for this: what it serves is signed all the same.
Acquire::Check-Valid-Until "false";
CONF
  (
    export APT_CONFIG="$build/apt/apt.conf"
    cd "$build/packages"
    apt-get -q update >&2
    apt-get -q download dart-sdk libc6 libgcc-s1 zlib1g libdouble-conversion3 "${DART_LIBRARIES[@]/#/dart-}" >&2
  )
}

# The SDK is linked against sid's C library, which is newer than the machine's: point its programs at the copy beside it.
dart_use_own_libc() {
  local prefix="$1/prefix" final="$DART_HOME/prefix/usr/lib/x86_64-linux-gnu" program
  for program in dart dartvm dartaotruntime utils/gen_snapshot; do
    patchelf --set-interpreter "$final/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$final" \
      "$prefix/usr/lib/dart/bin/$program"
  done
}

# Lays the Debian packages and our stand-in for package:test out as a pub cache, for 'dart pub get --offline'.
# The stand-in's version carries the digest of its sources, because pub keeps compiled programs by version.
dart_fill_pub_cache() {
  local digest="$1" hosted="$PUB_CACHE/hosted/pub.dev" source name version
  rm -rf "$PUB_CACHE"
  mkdir -p "$hosted"
  for source in "$DART_HOME"/prefix/usr/share/dart/packages/*/; do
    name="$(sed -n 's/^name: *//p' "$source/pubspec.yaml")"
    version="$(sed -n 's/^version: *//p' "$source/pubspec.yaml")"
    cp -RL "$source" "$hosted/$name-$version"
  done
  version="$(sed -n 's/^version: *//p' "$ROOT/tools/dart/test_standin/pubspec.yaml").$digest"
  mkdir "$hosted/test-$version"
  cp -R "$ROOT/tools/dart/test_standin"/{bin,lib} "$hosted/test-$version"
  sed "s/^version:.*/version: $version/" "$ROOT/tools/dart/test_standin/pubspec.yaml" > "$hosted/test-$version/pubspec.yaml"
}
