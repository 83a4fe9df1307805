#!/usr/bin/env bash
# Runs the demo of each language on an embedded SQLite database and checks that all print the same table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p target/demo
for library in target/debug/libodbc_engine.{so,dylib}; do
  [ ! -e "$library" ] || export ODBC_ENGINE_LIBRARY="$PWD/$library"
done

show() {
  local language="$1"
  shift
  printf '\n%s\n' "$language"
  "$@" | tee "target/demo/$language.txt"
}

show Rust cargo run --quiet --package odbc_engine --example demo
show Python python python/examples/demo.py
show Dart dart dart/example/demo.dart

for language in Python Dart; do
  cmp target/demo/Rust.txt "target/demo/$language.txt"
done
printf '\nAll three printed the same table.\n'
