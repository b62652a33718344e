#!/bin/sh
# Make sure that the smoke checks find a Chromium: Playwright's own build where it can be downloaded,
# else the system's, else Debian's package. Usage: install_browser.sh VENV/bin
set -u
bin=$1

if "$bin/python" -m smoke.browser >/dev/null 2>&1; then
    exit 0
fi
echo "==> a browser: trying Playwright's own build of Chromium"
if "$bin/playwright" install --only-shell chromium >/dev/null 2>&1 && "$bin/python" -m smoke.browser; then
    exit 0
fi
echo "==> it could not be downloaded; trying Debian's chromium package"
if command -v apt-get >/dev/null 2>&1; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo"
    $sudo apt-get update -qq >/dev/null && $sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
"$bin/python" -m smoke.browser
