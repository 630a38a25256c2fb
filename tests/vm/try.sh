#!/bin/bash
# Installs transom from its tarball in a fresh Debian, twice, restarts the machine, uninstalls, and compares every
# file with what was there before; then the same without systemd. Needs root; machine.sh says what else.
#
# Usage: tests/vm/try.sh TARBALL DIR
# shellcheck disable=SC2016 # commands for the machine are expanded there
set -euo pipefail

tarball=$(realpath "$1")
mkdir -p "$2"
dir=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
machine=$here/machine.sh

step() { printf -- '--- %s\n' "$*"; }

fail() {
    echo "try.sh: $*" >&2
    exit 1
}

# As the user, in the running machine, without a terminal.
as_dev() { "$machine" run "$dir" runuser -l dev -c "$1" </dev/null; }

# Usage: holds "what is claimed" COMMAND: of the machine's user.
holds() {
    as_dev "$2" >"$dir/said" 2>&1 || { cat "$dir/said" >&2; fail "does not hold: $1"; }
    echo "ok: $1"
}

# Every file and folder of the user, and what lingers, with mode and content.
state() {
    mkdir -p "$dir/root/var/lib/systemd/linger"
    (cd "$dir/root" && find home/dev etc/systemd var/lib/systemd/linger ! -type f ! -type d -printf '%M %p %l\n' -o \
        -type d -printf '%M %p\n' -o -type f -printf '%M %p ' -exec sha256sum {} \; | sort -k2)
}

unchanged() {
    state >"$dir/after"
    diff -u "$dir/before" "$dir/after" || fail "$1 left a trace"
    echo "ok: $1 left no trace"
}

fresh() {
    "$machine" halt "$dir"
    "$machine" fresh "$dir"
    mkdir "$dir/root/home/dev/transom" "$dir/root/mnt/project"
    tar -xzf "$tarball" -C "$dir/root/home/dev/transom" --strip-components=1
    # As the setup that transom replaces had it: keys in the shell's start-up file.
    printf '%s\n' 'export CEREBRAS_API_KEY="csk-from-bashrc"' "ZAI_API_KEY='zai.from-bashrc'  # a comment" 'alias ll="ls -l"' \
        >>"$dir/root/home/dev/.bashrc"
    chroot "$dir/root" chown -R dev: /home/dev
}

# A request that reaches the guest, and would reach the provider if there were a network.
converts='exec 3<>/dev/tcp/127.0.0.1/3456; . ~/.config/transom/env
    body="{\"model\":\"cerebras,m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
    printf "POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: %s\r\nconnection: close\r\ncontent-length: %s\r\n\r\n%s" \
        "$TRANSOM_API_KEY" "${#body}" "$body" >&3
    grep -i "^x-transom-transformer: cerebras@1" <&3'

with_systemd() {
    step 'a fresh machine'
    fresh
    "$machine" boot "$dir"
    trap '"$machine" halt "$dir"' EXIT
    holds 'the unit is one that systemd understands' \
        'out=$(systemd-analyze verify --user --man=no transom/config/vm/transom.service 2>&1 | grep -v "is not executable"); [ -z "$out" ] || { echo "$out"; false; }'
    state >"$dir/before"

    step 'install'
    as_dev './transom/install.sh --yes --workspace /mnt/project' | tee "$dir/first"
    holds 'the service runs' 'systemctl --user is-active transom && systemctl --user is-enabled transom'
    holds 'it answers' 'exec 3<>/dev/tcp/127.0.0.1/3456 && printf "GET /health HTTP/1.0\r\nhost: localhost\r\n\r\n" >&3 && grep -q "200 OK" <&3'
    holds 'it compiles and runs transformers under its limits' "$converts"
    holds 'the limits are in force' 'pid=$(systemctl --user show transom -p MainPID --value); grep -q "^NoNewPrivs:.*1" /proc/$pid/status && grep -q "^Seccomp:.*2" /proc/$pid/status'
    holds 'keys are in the env file alone, which is private' \
        '[ "$(stat -c %a .config/transom/env)" = 600 ] && grep -qx CEREBRAS_API_KEY=csk-from-bashrc .config/transom/env && grep -qx ZAI_API_KEY=zai.from-bashrc .config/transom/env && ! grep -r from-bashrc .bashrc .local .config/systemd'
    holds 'the service knows both keys' 'journalctl --user -u transom -o cat 2>/dev/null | grep -c "key set" | grep -qx 2 || sudo journalctl _UID=1000 -o cat | grep -c "key set" | grep -qx 2'
    holds 'a new shell points Claude Code to it' 'bash -ic "[ \$ANTHROPIC_BASE_URL = http://127.0.0.1:3456 ] && command -v transom && alias ll"'
    holds 'the workspace is linked' '[ "$(readlink project)" = /mnt/project ]'
    holds 'components must be pinned' 'grep -q "trust: \"pinned\"" .config/transom/config.json5'
    holds 'bash has its completions' 'bash -n .local/share/bash-completion/completions/transom && grep -q _transom .local/share/bash-completion/completions/transom'
    if said=$("$machine" run "$dir" env HOME=/root /home/dev/.local/bin/transom stop </dev/null 2>&1); then fail "another user could stop it: $said"; fi
    case $said in *'of user dev'*) echo 'ok: another user is told whose it is' ;; *) fail "another user is not told whose it is: $said" ;; esac

    step 'restart the service: the listener is handed over, and systemd knows whose it is'
    main='systemctl --user show transom -p MainPID --value'
    first=$(as_dev "$main")
    holds 'restart takes over' '.local/bin/transom restart && .local/bin/transom status | grep -q "as a systemd unit"'
    second=$(as_dev "$main")
    [ "$first" != "$second" ] || fail 'systemd was not told of the new process'
    holds 'reload takes over' 'systemctl --user reload transom && systemctl --user is-active transom'
    third=$(as_dev "$main")
    [ "$second" != "$third" ] || fail 'systemd was not told of the new process after a reload'
    holds 'the processes before are gone' "for _ in \$(seq 100); do [ -e /proc/$first ] || [ -e /proc/$second ] || exit 0; sleep 0.1; done; false"
    holds 'it answers after that' "$converts"
    holds 'systemd starts it anew when it is killed' "kill -9 $third; for _ in \$(seq 100); do sleep 0.1; systemctl --user is-active transom && [ \$($main) != $third ] && exit 0; done; false"
    holds 'start and stop are systemds' '.local/bin/transom stop && ! systemctl --user is-active transom && .local/bin/transom start && systemctl --user is-active transom'

    step 'install again'
    before=$(as_dev 'systemctl --user show transom -p MainPID --value')
    as_dev './transom/install.sh --yes --workspace /mnt/project' | tee "$dir/second"
    [ "$before" = "$(as_dev 'systemctl --user show transom -p MainPID --value')" ] || fail 'the service was restarted for nothing'
    ! grep -E '^(installed|added|moved|linked|made|restarted)' "$dir/second" || fail 'the second time changed something'
    echo 'ok: nothing changed'

    step 'restart the machine'
    "$machine" halt "$dir"
    "$machine" boot "$dir"
    for _ in $(seq 50); do
        [ "$(as_dev 'systemctl --user is-active transom' || true)" != active ] || break
        sleep 0.2
    done
    holds 'the service runs though nobody logged in' 'systemctl --user is-active transom'

    step 'uninstall, keeping configuration and keys'
    as_dev './transom/install.sh --uninstall'
    holds 'configuration and keys are there' 'test -f .config/transom/config.json5 && test -f .config/transom/env'
    holds 'nothing else is' '! test -e .local && ! test -e .cache && ! test -e project && ! test -e .config/systemd && ! systemctl --user is-active transom'

    step 'install, then uninstall without a trace'
    rm -rf "$dir/root/home/dev/.config"
    as_dev './transom/install.sh --yes' >/dev/null
    as_dev './transom/install.sh --uninstall --purge'
    unchanged 'uninstalling'

    step 'install where claude-code-router was'
    mkdir "$dir/root/home/dev/.claude-code-router"
    cp "$here/../ccr/two-providers.json" "$dir/root/home/dev/.claude-code-router/config.json"
    chroot "$dir/root" chown -R dev: /home/dev/.claude-code-router
    state >"$dir/before"
    as_dev './transom/install.sh --yes'
    holds 'its configuration is taken over, with components pinned and a key for clients' \
        'grep -q "zai-glm-4.7" .config/transom/config.json5 && grep -q "trust: \"pinned\"" .config/transom/config.json5 && grep -q ^TRANSOM_API_KEY= .config/transom/env'
    holds 'the service runs on it' 'systemctl --user is-active transom && .local/bin/transom status | grep -q zai'
    as_dev './transom/install.sh --uninstall --purge'
    unchanged 'uninstalling that'

    step 'the script of the first boot, as root'
    cp "$tarball" "$dir/root/var/tmp/"
    "$machine" run "$dir" sh /home/dev/transom/config/vm/first-boot.sh </dev/null >"$dir/said"
    holds 'it installed for the user of the machine' 'systemctl --user is-active transom && .local/bin/transom --version'
    "$machine" halt "$dir"
    trap - EXIT
}

without_systemd() {
    step 'without a running systemd'
    fresh
    state >"$dir/before"
    in_chroot() { chroot "$dir/root" runuser -l dev -c "$1" </dev/null; }
    in_chroot './transom/install.sh --yes' | tee "$dir/said"
    grep -q 'the service was not started' "$dir/said" || fail 'it does not say that nothing was started'
    in_chroot './transom/install.sh --uninstall --purge'
    unchanged 'uninstalling without systemd'
}

with_systemd
without_systemd
echo 'all of it holds'
