#!/bin/sh
# A real PgBouncer for the tests that must meet a pooler: the machine's own, else Debian's package where we may install
# one without asking for a password, else Homebrew's. Without one, those tests are skipped and say so.
set -u

command -v pgbouncer >/dev/null 2>&1 && exit 0
if command -v apt-get >/dev/null 2>&1; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    echo "==> PgBouncer, from Debian's packages"
    $sudo apt-get update -qq >/dev/null && $sudo apt-get install -y -qq --no-install-recommends pgbouncer >/dev/null
elif command -v brew >/dev/null 2>&1; then
    echo "==> PgBouncer, from Homebrew"
    brew install --quiet pgbouncer >/dev/null
fi
command -v pgbouncer >/dev/null 2>&1 || echo "    there is none to be had here: tests with a pooler will be skipped"
exit 0
