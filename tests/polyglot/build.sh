#!/bin/sh
# Makes components of the transformers in guests/js and guests/python, with what install.sh installed below DIR:
#
#   DIR/cerebras.wasm   the twin of `cerebras` in JavaScript
#   DIR/ported.wasm     the plugin of docs/porting-from-ccr.md
#   DIR/zai.wasm        the twin of `zai` in Python
#
# Usage: tests/polyglot/build.sh DIR
set -eu

[ $# -eq 1 ] || { echo "usage: tests/polyglot/build.sh DIR" >&2; exit 1; }
dir=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)

for guest in cerebras ported; do
    "$dir/npm/node_modules/.bin/componentize-qjs" --sync --wit "$root/wit/transformer" --world guest \
        --js "$root/guests/js/$guest/transformer.js" --module-root "$root/guests/js" --output "$dir/$guest.wasm"
done

cd "$root/guests/python/zai"
PYTHONDONTWRITEBYTECODE=1 "$dir/python/bin/componentize-py" --wit-path "$root/wit/transformer" --world guest \
    componentize app --output "$dir/zai.wasm"
