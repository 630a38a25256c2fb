#!/bin/sh
# Installs the real clients that `just test-clients` drives, pinned, below one folder:
#
#   DIR/npm/node_modules/...   Claude Code (the native binary of this platform) and the TypeScript SDK
#   DIR/python/bin/python      an environment of its own with the Python SDK
#   DIR/bin/claude             a link to the Claude Code binary
#   DIR/ccr/node_modules/...   claude-code-router, beside which routing is compared
#
# Usage: tests/clients/install.sh DIR. Running it again does nothing when everything is there.
set -eu

CLAUDE_CODE=2.1.330
TYPESCRIPT_SDK=1.12.0
PYTHON_SDK=2.12.0
CLAUDE_CODE_ROUTER=1.0.73

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

[ $# -eq 1 ] || fail "usage: tests/clients/install.sh DIR"
mkdir -p "$1"
dir=$(cd "$1" && pwd)

# Every missing tool at once, with the remedy.
missing=""
command -v npm >/dev/null || missing="$missing npm (Debian, Ubuntu: apt-get install npm; macOS: brew install node)"
command -v node >/dev/null || missing="$missing node (comes with npm)"
command -v python3 >/dev/null || missing="$missing python3 (Debian, Ubuntu: apt-get install python3 python3-venv)"
[ -z "$missing" ] || fail "the real clients need:$missing"
python3 -c 'import ensurepip, venv' 2>/dev/null ||
    fail "python3 has no venv module (Debian, Ubuntu: apt-get install python3-venv)"

case "$(uname -s)" in
Linux) os=linux ;;
Darwin) os=darwin ;;
*) fail "no pinned Claude Code for $(uname -s)" ;;
esac
case "$(uname -m)" in
x86_64 | amd64) arch=x64 ;;
aarch64 | arm64) arch=arm64 ;;
*) fail "no pinned Claude Code for $(uname -m)" ;;
esac
libc=""
if [ "$os" = linux ] && ls /lib/ld-musl-* >/dev/null 2>&1; then
    libc="-musl"
fi
package="@anthropic-ai/claude-code-$os-$arch$libc"

wanted="$package@$CLAUDE_CODE typescript-$TYPESCRIPT_SDK python-$PYTHON_SDK ccr-$CLAUDE_CODE_ROUTER"
if [ -f "$dir/installed" ] && [ "$(cat "$dir/installed")" = "$wanted" ]; then
    exit 0
fi
rm -f "$dir/installed"

echo "installing Claude Code $CLAUDE_CODE and the Anthropic SDKs below $dir (about 180 MB to fetch)"
npm install --prefix "$dir/npm" --no-audit --no-fund --no-package-lock --loglevel=error \
    "$package@$CLAUDE_CODE" "@anthropic-ai/sdk@$TYPESCRIPT_SDK" ||
    fail "npm could not install $package@$CLAUDE_CODE: is the npm registry reachable?"

npm install --prefix "$dir/ccr" --no-audit --no-fund --no-package-lock --loglevel=error \
    "@musistudio/claude-code-router@$CLAUDE_CODE_ROUTER" ||
    fail "npm could not install claude-code-router $CLAUDE_CODE_ROUTER: is the npm registry reachable?"

[ -x "$dir/python/bin/python" ] || python3 -m venv "$dir/python"
"$dir/python/bin/python" -m pip install --quiet --disable-pip-version-check "anthropic==$PYTHON_SDK" ||
    fail "pip could not install anthropic==$PYTHON_SDK: is the Python package index reachable?"

mkdir -p "$dir/bin"
# Relative, so that the folder can be moved.
ln -sf "../npm/node_modules/$package/claude" "$dir/bin/claude"
"$dir/bin/claude" --version >/dev/null || fail "$dir/bin/claude does not run on this machine"
echo "$wanted" >"$dir/installed"
