#!/usr/bin/env bash
# Makes this machine ready to build and test odbc_engine, then writes target/env.sh for the Makefile.
# Arguments are further Debian packages, for a target that needs more than the others.
# Idempotent; costs a fraction of a second when nothing is missing. Several checkouts may run it at once.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/odbc_engine"
TARGET="$ROOT/target"
PATH_ADDED=""
mkdir -p "$CACHE" "$TARGET"

say() { printf 'bootstrap: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# version_at_least HAVE WANT: true when the dotted version HAVE is WANT or newer.
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

put_on_path() { PATH_ADDED="$1:$PATH_ADDED"; PATH="$1:$PATH"; }

for part in debian rust python dart; do
  # shellcheck source=/dev/null
  source "$ROOT/tools/bootstrap/$part.sh"
done

# One bootstrap at a time: clones share the cache, and apt has only one lock for the machine.
exec 9>"$CACHE/bootstrap.lock"
flock 9

bootstrap_debian "$@"
bootstrap_rust
bootstrap_python
bootstrap_dart

environment="export PATH=\"$PATH_ADDED\$PATH\"
export PUB_CACHE=\"$PUB_CACHE\"
export DART_PUB_GET=\"$DART_PUB_GET\"
export DART_SUPPRESS_ANALYTICS=true
export VIRTUAL_ENV=\"$VENV\"
unset CARGO_TARGET_DIR"
if [ "$environment" != "$(cat "$TARGET/env.sh" 2>/dev/null)" ]; then
  printf '%s\n' "$environment" > "$TARGET/env.sh"
fi
