#!/bin/sh
# Installs transom from a tarball that the machine can see, for the machine's user: once at the first boot,
# and again whenever it is run. cloud-init.yaml and lima.yaml carry this text.
set -eu

# The user of the machine: who runs this, or the first with a home and a shell.
user=$(id -un)
lingers=
if [ "$user" = root ]; then
    user=$(getent passwd | awk -F: '$3 >= 500 && $3 < 60000 && $6 ~ "^/home/" && $7 !~ "(nologin|false)$" { print $1; exit }')
    [ -n "$user" ] || { echo 'transom: this machine has no user yet' >&2; exit 1; }
    if [ ! -e "/var/lib/systemd/linger/$user" ] && loginctl enable-linger "$user"; then lingers=$user; fi
fi

# Where OrbStack and Lima show the Mac's downloads, and where a file is put by hand.
machine=$(uname -m | sed 's/arm64/aarch64/')
tarball=$(find /var/tmp /home/*/ /home/*/Downloads /Users/*/Downloads /mnt/mac/Users/*/Downloads \
    -maxdepth 1 -name "transom-*-$machine-linux.tar.gz" 2>/dev/null |
    awk -F/ '{ print $NF "\t" $0 }' | sort -V | tail -n 1 | cut -f 2)
if [ -z "$tarball" ]; then
    echo "transom: no transom-*-$machine-linux.tar.gz in /var/tmp or a folder Downloads; put it there, run this again" >&2
    exit 0
fi

# Where sums lie beside it, as `just dist` makes them, it must be what they say.
folder=$(dirname "$tarball")
if sum=$(grep -F "  ${tarball##*/}" "$folder/SHA256SUMS" 2>/dev/null) &&
    ! (cd "$folder" && echo "$sum" | sha256sum --check --status); then
    echo "transom: $tarball is not what $folder/SHA256SUMS says; nothing is installed" >&2
    exit 1
fi

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
tar -xzf "$tarball" -C "$unpacked" --strip-components=1
chmod 755 "$unpacked"
echo "transom: installing $tarball for $user"
if [ "$user" = "$(id -un)" ]; then
    "$unpacked/install.sh" --yes
else
    runuser -l "$user" -c "'$unpacked/install.sh' --yes"
fi
# So that uninstalling takes this away too.
if [ -n "$lingers" ]; then
    runuser -l "$user" -c "echo 'linger $user' >>\"\${XDG_DATA_HOME:-\$HOME/.local/share}/transom/installed\""
fi
