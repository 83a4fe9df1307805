# shellcheck shell=bash
# A Python environment of this checkout's own, with what tools/requirements.txt pins.

PYTHON_MINIMUM=3.11
VENV="$TARGET/venv"

bootstrap_python() {
  local stamp
  stamp="$(sha256sum < "$ROOT/tools/requirements.txt")"
  # The interpreter is asked too: it may have gone since, with the machine's Python.
  if [ "$stamp" != "$(cat "$VENV/stamp" 2>/dev/null)" ] || ! "$VENV/bin/python" -c '' 2>/dev/null; then
    local python
    python="$(python_find)" || fail "no Python >= $PYTHON_MINIMUM on PATH"
    say "making the Python environment $VENV"
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
    "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "$ROOT/tools/requirements.txt" >&2
    printf '%s\n' "$stamp" > "$VENV/stamp"
  fi
  put_on_path "$VENV/bin"
}

python_find() {
  local python
  for python in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
    if version_at_least "$("$python" -c 'import ensurepip, sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" "$PYTHON_MINIMUM"; then
      echo "$python"
      return
    fi
  done
  return 1
}
