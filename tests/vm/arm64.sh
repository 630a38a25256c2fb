#!/bin/bash
# Runs the aarch64 binary under qemu's user mode: start-up, demo, and every built-in component on its recorded
# exchanges; with all the address space there is, then with 39 bits of it as some ARM machines have. With 36 bits
# start-up and demo only.
#
# Usage: tests/vm/arm64.sh BINARY COMPONENTS DIR
#        COMPONENTS  the folder of the compiled components
#        DIR         for the emulator and the C library, fetched from Debian's archive unless they are there
set -euo pipefail

binary=$(realpath "$1")
components=$(realpath "$2")
mkdir -p "$3"
dir=$(realpath "$3")
root=$(realpath "$(dirname "$0")/../..")

fail() {
    echo "arm64.sh: $*" >&2
    exit 1
}

# Usage: fetched PACKAGE FILE: unpacks a package of Debian's below DIR, without installing it.
fetched() {
    [ ! -e "$dir/$2" ] || return 0
    (cd "$dir" && apt-get --quiet --quiet --option APT::Sandbox::User=root download "$1" && dpkg -x "$1"_*.deb . && rm "$1"_*.deb) ||
        fail "$1 cannot be fetched from the package archive, and nothing is skipped here"
    [ -e "$dir/$2" ] || fail "$1 has no $2"
}

fetched qemu-user-static usr/bin/qemu-aarch64-static
fetched libc6-arm64-cross usr/aarch64-linux-gnu/lib/libc.so.6
fetched libgcc-s1-arm64-cross usr/aarch64-linux-gnu/lib/libgcc_s.so.1
qemu=$dir/usr/bin/qemu-aarch64-static

# A home of its own, and nothing else of this machine.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT

# Usage: transom ADDRESSES ARGS...
transom() {
    env -i PATH="$PATH" HOME="$home" "$qemu" -R "$1" -L "$dir/usr/aarch64-linux-gnu" "$binary" "${@:2}"
}

# Usage: pool ADDRESSES: starts the service until it has said what it runs on.
pool() {
    local service line said=''
    mkfifo "$home/said"
    # By exec, so that the number is the service's own.
    (exec env -i PATH="$PATH" HOME="$home" "$qemu" -R "$1" -L "$dir/usr/aarch64-linux-gnu" "$binary" \
        serve --listen 127.0.0.1:0 >"$home/said" 2>&1) &
    service=$!
    while read -r line; do
        case $line in 'transformer pool'*) said=$line && break ;; esac
    done <"$home/said"
    rm "$home/said"
    kill "$service"
    wait "$service" || true
    [ -n "$said" ] || fail 'the service did not start'
    echo "$said"
}

# Usage: starts ADDRESSES WORDS POOL: what the pool must be, and the demo.
starts() {
    printf -- '--- %s\n' "$2"
    local said
    said=$(pool "$1")
    echo "$said"
    case $said in *"$3"*) ;; *) fail "this is not the step of the pool that was expected: $3" ;; esac
    transom "$1" demo | tee "$home/demo" | tail -n 3
    grep -q 'Nothing was restarted and nothing was lost' "$home/demo" || fail 'the demo did not get to its end'
}

# Usage: all_of_it ADDRESSES WORDS POOL: the same, then the components' tests.
all_of_it() {
    starts "$@"
    for fixtures in "$root"/tests/fixtures/*/; do
        name=$(basename "$fixtures")
        # Decisions of the router are no transformer's cases.
        [ -n "$(find "$fixtures" -mindepth 2 -name case.json5)" ] || continue
        transom "$1" guest test "$components/$name.wasm" "$fixtures" --quiet
    done
}

"$qemu" --version | head -n 1
transom 0 --version
all_of_it 0 'no limit of addresses' '256 instances, at most 256 MiB'
all_of_it $((1 << 39)) '39 bits of address space, by qemu-aarch64 -R' '64 instances, at most 256 MiB'
starts $((1 << 36)) '36 bits of address space, by qemu-aarch64 -R' '256 instances, at most 64 MiB'
echo 'all of it holds on aarch64'
