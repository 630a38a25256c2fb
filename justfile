# transom: the only entry to building, running and testing.
# With Rust from rustup and a C compiler: `just demo`, `just test`.

set shell := ["bash", "-euo", "pipefail", "-c"]

# The compiler that all of this is checked with, if rustup has it; else the stable one. Cargo.toml
# says which version is the least.
pinned := `rustup toolchain list 2>/dev/null | grep -o '^1\.95\.0' | head -n 1 || true`
export RUSTUP_TOOLCHAIN := env('RUSTUP_TOOLCHAIN', if pinned == '' { 'stable' } else { pinned })

# Most tests wait for somebody most of the time: more of them at once than there are cores.
export RUST_TEST_THREADS := env('RUST_TEST_THREADS', '6')

target := env('CARGO_TARGET_DIR', justfile_directory() / 'target')

# List the recipes
default:
    @just --list --unsorted

# Install what the recipes need beside Rust: the compiler's WebAssembly target
setup:
    @rustup --quiet target add wasm32-wasip2

# Build the components that the host embeds and the tests use (a minute the first time)
guests: setup
    cd guests && cargo build --locked --release --workspace --exclude fixtures --target-dir target

# Build one component quickly and put it where a running transom takes it up
guest NAME: setup
    cd guests && cargo build --locked --profile guest-dev --package {{ NAME }} --target-dir target
    mkdir -p "{{ components }}"
    cp guests/target/wasm32-wasip2/guest-dev/{{ NAME }}.wasm "{{ components }}/.{{ NAME }}.new"
    mv "{{ components }}/.{{ NAME }}.new" "{{ components }}/{{ NAME }}.wasm"

components := env('XDG_DATA_HOME', home_directory() / '.local/share') / 'transom/transformers'

# Build the binary (the first time several minutes: wasmtime)
build: guests
    cargo build --locked --release

# Run the binary, such as `just run serve`
run *ARGS: guests
    cargo run --locked --release -- {{ ARGS }}

# See a transformer swapped under a running stream, on an embedded upstream (builds first: minutes)
demo: guests
    cargo run --locked -- demo

# All tests that need nothing from outside (the first time several minutes: wasmtime)
test: test-guests
    cargo test --locked

# The test that needs a second user of this machine: as root, or with sudo that asks for no password
test-users: guests
    cargo test --locked --test integration -- --ignored another_users

# Tests of the converters: as plain Rust, then as components on their recorded exchanges
test-guests: guests
    cd guests && cargo test --locked --workspace --target host-tuple --target-dir target
    cargo build --locked
    failed=0; for name in $(just _tested); do just _fixtures "$name" --quiet || failed=1; done; exit $failed

# Tests of one guest: as plain Rust, then as a component on its recorded exchanges, if it has any
test-guest NAME: guests
    cd guests && cargo test --locked --package {{ NAME }} --target host-tuple --target-dir target
    if just _tested | grep -qx {{ NAME }}; then just _fixtures {{ NAME }}; fi

# Guests with fixtures: built-in ones have them among the tests, one made by `guest new` beside its sources.
_tested:
    @for dir in tests/fixtures/*/; do set -- "$dir"*/case.json5; [ ! -e "$1" ] || basename "$dir"; done
    @for dir in guests/*/fixtures/; do [ ! -d "$dir" ] || basename "$(dirname "$dir")"; done

_fixtures NAME *ARGS:
    cargo run --locked --quiet -- guest test guests/target/wasm32-wasip2/release/{{ NAME }}.wasm {{ ARGS }}

# Tests with the real Claude Code and Anthropic's SDKs (fetches them from npm and PyPI once)
test-clients: guests
    tests/clients/install.sh "{{ target }}/clients"
    TRANSOM_CLIENTS_DIR="{{ target }}/clients" cargo test --locked --test clients

# Transformers in JavaScript and Python (fetches what makes components of them from npm and PyPI once)
test-polyglot: guests
    tests/polyglot/install.sh "{{ target }}/polyglot"
    tests/polyglot/build.sh "{{ target }}/polyglot"
    node --test guests/js/tests/
    TRANSOM_POLYGLOT_DIR="{{ target }}/polyglot" cargo test --locked --test polyglot

# Binaries for other machines are linked against a glibc of 2020, so that they run on Ubuntu 20.04 and all later.
glibc := '2.31'

# Tarballs with checksums below target/dist, for aarch64 and x86-64 (a quarter of an hour; `just dist dev` is quicker, its binaries slower)
dist PROFILE='release': guests _zig
    rm -rf "{{ target }}/dist"
    for machine in aarch64 x86_64; do just _cross "$machine" {{ PROFILE }}; done
    cat "{{ target }}/dist/SHA256SUMS"

_cross MACHINE PROFILE:
    rustup --quiet target add {{ MACHINE }}-unknown-linux-gnu
    PATH="{{ target }}/zig/bin:$PATH" cargo zigbuild --locked --bin transom --profile {{ PROFILE }} --target {{ MACHINE }}-unknown-linux-gnu.{{ glibc }}
    .ci/pack {{ MACHINE }} "{{ target }}/{{ MACHINE }}-unknown-linux-gnu/{{ if PROFILE == 'dev' { 'debug' } else { PROFILE } }}/transom" "{{ target }}/dist"

# What compiles and links for other machines: zig, as a C compiler, from PyPI.
_zig:
    .ci/install-zig "{{ target }}/zig"

# The aarch64 binary under qemu: demo and component tests, also with 39 bits of address space (cross-builds first: minutes)
test-arm64: guests _zig
    just _cross aarch64 dev
    tests/vm/arm64.sh "{{ target }}/aarch64-unknown-linux-gnu/debug/transom" guests/target/wasm32-wasip2/release "{{ target }}/arm64"

# The installer and the service in a fresh Debian with systemd, in namespaces of its own (asks sudo for root)
test-vm: guests
    cargo build --locked
    rm -rf "{{ target }}/vm/dist"
    .ci/pack "$(uname -m)" "{{ target }}/debug/transom" "{{ target }}/vm/dist"
    $([ "$(id -u)" = 0 ] || echo sudo) tests/vm/try.sh "{{ target }}"/vm/dist/transom-*-"$(uname -m)"-linux.tar.gz "{{ target }}/vm"

# Formatting and clippy, both workspaces, natively and for WebAssembly
lint: guests _tools
    PATH="{{ target }}/tools/bin:$PATH" shellcheck .ci/* config/vm/*.sh tests/vm/*.sh tests/clients/*.sh tests/polyglot/*.sh
    cargo fmt --check
    cargo clippy --locked --workspace --all-targets -- -D warnings
    cargo clippy --locked --test clients --test polyglot -- -D warnings
    cd guests && cargo fmt --check
    cd guests && cargo clippy --locked --workspace --all-targets --target host-tuple --target-dir target -- -D warnings
    cd guests && cargo clippy --locked --workspace --exclude fixtures --target-dir target -- -D warnings

# Format everything
fmt:
    cargo fmt
    cd guests && cargo fmt

# The documentation of the code, without a warning
doc: guests
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps
    cd guests && RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --workspace --target host-tuple --target-dir target

# Write docs/wit.md, the reference of the interface, from its WIT
wit-reference:
    cd guests && TRANSOM_WRITE_WIT_REFERENCE=1 cargo test --locked --package shout --test wit_reference --target host-tuple --target-dir target

# Make the catalog of models anew, from the PyPI package that carries it (raise the version here to renew it)
catalog VERSION='1.109.1':
    mkdir -p "{{ target }}/catalog"
    pip download --quiet --no-deps --dest "{{ target }}/catalog" "litellm=={{ VERSION }}"
    python3 host/catalog/rebuild.py "{{ target }}"/catalog/litellm-{{ VERSION }}-*.whl

# Write docs/coverage.md, which recorded exchange shows which rule, and docs/provider-errors.md, what clients are told
coverage:
    cd guests && TRANSOM_WRITE_COVERAGE=1 cargo test --locked --package fixtures --test coverage --test provider_errors --target host-tuple --target-dir target

# Licences, banned crates and sources of both workspaces
deny: _tools
    PATH="{{ target }}/tools/bin:$PATH" cargo deny --locked --config .cargo/deny.toml check bans licenses sources
    PATH="{{ target }}/tools/bin:$PATH" cargo deny --locked --manifest-path guests/Cargo.toml --config .cargo/deny.toml check bans licenses sources

# Spelling
typos: _tools
    PATH="{{ target }}/tools/bin:$PATH" typos

# What calling a guest costs, beside the same code run natively: opening, requests, pushes; of component files, or built-in ones by name (wants a quiet machine)
bench-guests *FILES: guests
    cd guests && cargo build --locked --release --package fixtures --example costs --target host-tuple --target-dir target
    TRANSOM_NATIVE_COSTS="$(ls "$PWD"/guests/target/*/release/examples/costs)" cargo bench --locked --bench guest_costs -- {{ FILES }}

# Throws bytes at frames, request, answer or stream for so many seconds (needs nightly Rust, which it installs)
fuzz TARGET SECONDS='60':
    @rustup toolchain list | grep -q nightly || rustup toolchain install nightly --profile minimal
    @[ -x "{{ target }}/tools/bin/cargo-fuzz" ] || { echo "building cargo-fuzz, a minute"; cargo install --quiet --locked --root "{{ target }}/tools" cargo-fuzz; }
    python3 guests/fuzz/seeds.py {{ TARGET }} "{{ target }}/fuzz/seeds/{{ TARGET }}"
    mkdir -p "{{ target }}/fuzz/corpus/{{ TARGET }}"
    cd guests/fuzz && RUSTUP_TOOLCHAIN=nightly PATH="{{ target }}/tools/bin:$PATH" cargo fuzz run --fuzz-dir . --target-dir "{{ target }}/fuzz/build" {{ TARGET }} "{{ target }}/fuzz/corpus/{{ TARGET }}" "{{ target }}/fuzz/seeds/{{ TARGET }}" -- -max_total_time={{ SECONDS }} -timeout=10 -rss_limit_mb=2048

# How long a saved change takes until it is live under `guest dev` (wants a quiet machine)
bench-dev: guests
    cargo bench --locked --bench dev_rounds

# What the hop through transom costs, beside a bare relay (builds first: minutes; wants a quiet machine)
bench *ARGS: guests
    cargo bench --locked --bench hop -- {{ ARGS }}

# Everything that a change must pass
ci:
    .ci/run

_tools:
    .ci/install-tools "{{ target }}/tools"
