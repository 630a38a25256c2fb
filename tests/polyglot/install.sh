#!/bin/sh
# Installs, pinned, what makes components of JavaScript and Python, below one folder:
#
#   DIR/npm/node_modules/.bin/componentize-qjs
#   DIR/python/bin/componentize-py
#
# Usage: tests/polyglot/install.sh DIR. Running it again does nothing when everything is there.
set -eu

COMPONENTIZE_QJS=0.4.5
COMPONENTIZE_PY=0.25.1

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

[ $# -eq 1 ] || fail "usage: tests/polyglot/install.sh DIR"
mkdir -p "$1"
dir=$(cd "$1" && pwd)

# Every missing tool at once, with the remedy.
missing=""
command -v npm >/dev/null || missing="$missing npm (Debian, Ubuntu: apt-get install npm; macOS: brew install node)"
command -v node >/dev/null || missing="$missing node (comes with npm)"
command -v python3 >/dev/null || missing="$missing python3 (Debian, Ubuntu: apt-get install python3 python3-venv)"
[ -z "$missing" ] || fail "transformers in JavaScript and Python need:$missing"
python3 -c 'import ensurepip, venv' 2>/dev/null ||
    fail "python3 has no venv module (Debian, Ubuntu: apt-get install python3-venv)"

wanted="componentize-qjs-$COMPONENTIZE_QJS componentize-py-$COMPONENTIZE_PY"
if [ -f "$dir/installed" ] && [ "$(cat "$dir/installed")" = "$wanted" ]; then
    exit 0
fi
rm -f "$dir/installed"

echo "installing $wanted below $dir (about 30 MB to fetch)"
npm install --prefix "$dir/npm" --no-audit --no-fund --no-package-lock --loglevel=error \
    "componentize-qjs@$COMPONENTIZE_QJS" ||
    fail "npm could not install componentize-qjs@$COMPONENTIZE_QJS: is the npm registry reachable?"

[ -x "$dir/python/bin/python" ] || python3 -m venv "$dir/python"
"$dir/python/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    "componentize-py==$COMPONENTIZE_PY" ||
    fail "pip could not install componentize-py==$COMPONENTIZE_PY: is the Python package index reachable?"

echo "$wanted" >"$dir/installed"
