# shellcheck shell=bash
# Debian packages: a C toolchain, the ODBC driver manager, the drivers and the database servers that tests start.

DEBIAN_PACKAGES=(build-essential pkg-config ca-certificates curl debian-archive-keyring
  unixodbc unixodbc-dev libsqliteodbc odbc-postgresql odbc-mariadb tdsodbc
  sqlite3 postgresql mariadb-server python3 python3-venv)

bootstrap_debian() {
  apt_install "${DEBIAN_PACKAGES[@]}" "$@"
}

# apt_install PACKAGE...: installs those that are missing.
apt_install() {
  command -v dpkg-query >/dev/null ||
    fail "only Debian and its kin can be set up by themselves; elsewhere install the like of: $*"
  local missing
  mapfile -t missing < <(comm -23 <(printf '%s\n' "$@" | sort -u) \
    <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii *//p' | sort -u))
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing ${missing[*]}"
  # An archive folder of our own: a clean-up hook of another apt-get must not delete what we downloaded.
  local archives="$CACHE/apt-archives"
  mkdir -p "$archives/partial"
  as_root apt-get -q -o DPkg::Lock::Timeout=600 update >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
    -o Dir::Cache::archives="$archives" -o APT::Sandbox::User=root install --no-install-recommends "${missing[@]}" >&2 ||
    fail "apt-get could not install: ${missing[*]}"
  as_root rm -rf "$archives"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root (or sudo) for: $*"
  fi
}
