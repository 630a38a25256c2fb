#!/bin/sh
# A fresh Debian with systemd as its first process, in namespaces of its own: a machine to install on, that boots
# in seconds and can be thrown away. Its network is a loopback of its own. Needs root.
#
# Usage: tests/vm/machine.sh fresh DIR        a new file system, with a user `dev`
#        tests/vm/machine.sh boot DIR         starts it, and waits until it is up
#        tests/vm/machine.sh run DIR CMD...   runs something in it, as root
#        tests/vm/machine.sh halt DIR
set -eu

suite=trixie
packages=systemd,systemd-sysv,dbus,libpam-systemd,sudo,ca-certificates

fail() {
    echo "machine.sh: $*" >&2
    exit 1
}

# mmdebstrap from PATH, else from Debian's archive without installing it.
bootstrap() {
    if command -v mmdebstrap >/dev/null; then
        mmdebstrap "$@"
        return
    fi
    if [ ! -x "$dir/tools/usr/bin/mmdebstrap" ]; then
        mkdir -p "$dir/tools"
        (cd "$dir/tools" && apt-get --quiet --quiet --option APT::Sandbox::User=root download mmdebstrap && dpkg -x mmdebstrap_*.deb .) ||
            fail 'mmdebstrap is not here and cannot be fetched: apt-get install mmdebstrap'
    fi
    perl "$dir/tools/usr/bin/mmdebstrap" "$@"
}

fresh() {
    if [ ! -f "$dir/$suite.tar" ]; then
        echo "making a Debian ($suite) with systemd: a minute or two"
        bootstrap --quiet --format=tar --variant=minbase --include="$packages" "$suite" "$dir/$suite.tar.new"
        mv "$dir/$suite.tar.new" "$dir/$suite.tar"
    fi
    rm -rf "$dir/root"
    mkdir "$dir/root"
    tar -xf "$dir/$suite.tar" -C "$dir/root"
    rm -f "$dir/root/etc/machine-id"
    useradd --root "$dir/root" --create-home --shell /bin/bash dev
    echo 'dev ALL=(ALL) NOPASSWD:ALL' >"$dir/root/etc/sudoers.d/dev"
}

# The unified hierarchy of control groups, wherever this system has it.
control_groups() {
    for place in /sys/fs/cgroup /sys/fs/cgroup/unified; do
        [ ! -f "$place/cgroup.procs" ] || [ ! -f "$place/cgroup.controllers" ] || { echo "$place"; return; }
    done
    fail 'no unified hierarchy of control groups here, which systemd needs'
}

boot() {
    [ ! -e "$dir/pid" ] || fail "it runs already, or was not halted: $dir/pid"
    group=$(control_groups)/transom-machine
    mkdir -p "$group"
    # The first process is in the group before it makes a namespace of it.
    sh -c 'echo $$ >"$1/cgroup.procs" && exec unshare --mount --pid --ipc --uts --net --cgroup --fork --kill-child=KILL \
        sh "$2" first-process "$3"' sh "$group" "$0" "$dir" </dev/null >"$dir/console" 2>&1 &
    outer=$!
    for _ in $(seq 100); do
        inner=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null || true)
        inner=${inner% }
        [ -z "$inner" ] || break
        sleep 0.1
    done
    [ -n "${inner:-}" ] || fail "it did not start: $(cat "$dir/console")"
    echo "$inner" >"$dir/pid"
    for _ in $(seq 300); do
        state=$(run systemctl is-system-running 2>/dev/null || true)
        case $state in running | degraded) return ;; esac
        sleep 0.2
    done
    fail "it did not come up ($state): $(cat "$dir/console")"
}

first_process() {
    root=$dir/root
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    for place in run tmp sys/fs/cgroup; do mount -t tmpfs tmpfs "$root/$place"; done
    chmod 1777 "$root/tmp"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    hostname vm
    exec chroot "$root" env -i container=transom PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
}

run() {
    nsenter --target "$(cat "$dir/pid")" --mount --pid --ipc --uts --net --cgroup --root --wd \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

halt() {
    [ -e "$dir/pid" ] || return 0
    run systemctl --no-block exit 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$(cat "$dir/pid")" 2>/dev/null || true
    rm -f "$dir/pid"
}

[ $# -ge 2 ] || fail 'usage: tests/vm/machine.sh fresh|boot|run|halt DIR [CMD...]'
[ "$(id -u)" = 0 ] || fail 'a file system and namespaces of its own want root; just test-vm asks sudo for it'
action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2
case $action in
fresh) fresh ;;
boot) boot ;;
first-process) first_process ;;
run) run "$@" ;;
halt) halt ;;
*) fail "unknown: $action" ;;
esac
