# shellcheck shell=bash
# A Rust toolchain: the one on PATH if it is new enough, otherwise rustup's, otherwise Debian's.

RUST_MINIMUM=1.88.0
RUST_BIN="$CACHE/rust/bin"
CARGO_BIN="${CARGO_HOME:-$HOME/.cargo}/bin"
RUST_DEBIAN_PACKAGES=(rustc-web cargo-web rust-web-clippy rustfmt-web)

bootstrap_rust() {
  if [ -d "$RUST_BIN" ]; then
    put_on_path "$RUST_BIN"
  fi
  if rust_is_there; then
    return
  fi
  # rustup leaves PATH as it is, so what an earlier run installed is only found in its folder.
  if [ -x "$CARGO_BIN/rustc" ]; then
    put_on_path "$CARGO_BIN"
    rust_is_there && return
  fi
  rust_by_rustup || rust_by_debian
  hash -r
  rust_is_there || fail "no Rust toolchain >= $RUST_MINIMUM with cargo, clippy and rustfmt could be installed"
}

rust_is_there() {
  local have
  have="$(rustc --version 2>/dev/null | cut -d ' ' -f 2)"
  [ -n "$have" ] && version_at_least "$have" "$RUST_MINIMUM" &&
    hash cargo cargo-clippy cargo-fmt 2>/dev/null
}

rust_by_rustup() {
  say "installing Rust by rustup"
  local installer
  if command -v rustup >/dev/null; then
    rustup toolchain install stable --profile minimal --component clippy,rustfmt >&2 &&
      rustup default stable >&2 || return 1
  else
    installer="$(mktemp)"
    curl --proto '=https' --tlsv1.2 --connect-timeout 15 -fsS -o "$installer" https://sh.rustup.rs &&
      sh "$installer" -y --no-modify-path --profile minimal --component clippy,rustfmt >&2 || return 1
    rm -f "$installer"
    put_on_path "$CARGO_BIN"
  fi
}

# Debian's toolchain for building browsers: kept current in the stable distribution's security updates.
rust_by_debian() {
  say "rustup cannot download here; taking Debian's own Rust"
  apt_install "${RUST_DEBIAN_PACKAGES[@]}"
  # Links of our own, so that an older toolchain earlier on PATH does not hide it.
  mkdir -p "$RUST_BIN"
  local program
  for program in rustc rustdoc rustfmt cargo cargo-fmt cargo-clippy clippy-driver; do
    ln -sf "/usr/bin/$program" "$RUST_BIN/$program"
  done
  put_on_path "$RUST_BIN"
}
