#!/bin/sh
# Installs transom for the user who runs it, from the files beside this script: binary, configuration, service
# of systemd's user manager, lines in the shell's start-up file, completions. Says what it did; run again it changes only
# what differs. Needs no network and no root. What it made is listed in ~/.local/share/transom/installed, by
# which --uninstall takes it all away again.
set -eu
umask 077

usage() {
    cat <<'TEXT'
Usage: ./install.sh [--yes] [--workspace DIR] [--no-service] [--no-shell]
       ./install.sh --uninstall [--purge]

  --yes            Do not ask: take over claude-code-router's configuration if there is one, move keys,
                   write the shell lines, start the service
  --workspace DIR  Link ~/NAME-OF-DIR to DIR, such as a folder of the Mac
  --no-service     Leave systemd alone
  --no-shell       Leave the shells' start-up files alone
  --uninstall      Take away what was installed; asks before it deletes configuration and keys,
                   and keeps them where nobody can be asked
  --purge          With --uninstall: delete configuration, keys and transformers too

Exit codes: 0, 1 for a failure, 2 for wrong usage.
TEXT
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

say() { printf '%s\n' "$*"; }

# What a user has to do by hand is told once more at the end.
todo=
todo() { todo="$todo  - $*
"; }

# Usage: agreed QUESTION: yes with --yes; no where nobody can be asked.
agreed() {
    [ "$yes" = no ] || return 0
    [ -t 0 ] || return 1
    printf '%s [y/N] ' "$1"
    read -r answer || answer=
    case $answer in [yY]*) return 0 ;; esac
    return 1
}

# --- what was made, in the order in which it was made --------------------------------------------------

record() { grep -qxF "$*" "$made" 2>/dev/null || printf '%s\n' "$*" >>"$made"; }

# Usage: folder DIR: makes it and those above it that are missing, and remembers those.
folder() {
    [ ! -d "$1" ] || return 0
    folder "$(dirname "$1")"
    mkdir "$1"
    missing="$missing$1
"
}

# Folders come into being before the list can be written; they are taken over here.
missing=
record_folders() {
    printf '%s' "$missing" | while IFS= read -r path; do record "folder $path"; done
    missing=
}

# Usage: put FILE TARGET MODE: by rename, so that a program that runs keeps its file. False if it was so already.
put() {
    if cmp -s "$1" "$2"; then
        say "already there: $2"
        return 1
    fi
    folder "$(dirname "$2")"
    record_folders
    # Called as a condition, so that the shell itself does not stop at a failure here.
    if ! { cp "$1" "$2.new" && chmod "$3" "$2.new" && mv "$2.new" "$2"; }; then
        rm -f "$2.new"
        fail "$2 cannot be written; what was there is there still. Make room, and run this again"
    fi
    record "file $2"
    say "installed $2"
}

# Usage: rewrite FILE, with the new text on stdin. Through the file, so that links, owner and mode stay.
rewrite() {
    cat >"$1.transom-new"
    cat "$1.transom-new" >"$1"
    rm -f "$1.transom-new"
}

# --- the parts of an installation ----------------------------------------------------------------------

fits_this_machine() {
    [ "$(uname -s)" = Linux ] || fail 'transom runs on Linux; on a Mac install it in a virtual machine, as docs/vm.md shows'
    [ -f "$here/transom" ] || fail "there is no binary beside this script: unpack the whole tarball ('just dist' makes one)"
    version=$("$here/transom" --version 2>/dev/null) ||
        fail "the binary does not run here: this machine is $(uname -m), and needs glibc 2.31 or later; take the tarball for it"
}

install_binary() {
    changed=no
    if put "$here/transom" "$bin" 755; then changed=yes; fi
}

install_config() {
    if [ -e "$config_file" ]; then
        say "kept $config_file"
    else
        if [ -f "$ccr" ] && agreed "Take over the configuration of claude-code-router, $ccr?"; then import_config; fi
        [ -e "$config_file" ] || put "$here/config/vm/config.json5" "$config_file" 600 || true
        make_client_key
    fi
    [ ! -e "$env_file" ] || chmod 600 "$env_file"
}

# What claude-code-router's file says, in a file of our own; keys that stand in it go into the env file. The file
# that it is made from stays as it is.
import_config() {
    folder "$config"
    record_folders
    had_env=no
    [ ! -e "$env_file" ] || had_env=yes
    "$bin" config import "$ccr" --write --move-keys --service --config "$config_file" ||
        todo "see what was told of $ccr above, and mend $config_file"
    [ ! -e "$config_file" ] || record "file $config_file"
    [ "$had_env" = yes ] || [ ! -e "$env_file" ] || record "file $env_file"
}

# A key for clients of this machine, so that another user or a web page cannot spend the providers' keys.
make_client_key() {
    grep -q 'TRANSOM_API_KEY' "$config_file" || return 0
    if ! grep -q '^TRANSOM_API_KEY=' "$env_file" 2>/dev/null; then
        add_key TRANSOM_API_KEY "$(od -An -tx1 -N24 /dev/urandom | tr -d ' \n')"
        say "made a key for clients (TRANSOM_API_KEY in $env_file)"
    fi
}

# The variables that the configuration's keys stand in.
key_names() {
    grep -v '^[[:space:]]*//' "$config_file" 2>/dev/null | grep -o 'api_key"\{0,1\}[[:space:]]*:.*' |
        grep -o '\$[{]\{0,1\}[A-Z_][A-Z0-9_]*' | tr -d '\044{' | grep -vx TRANSOM_API_KEY | sort -u || true
}

# Keys that are nowhere yet: asked for where somebody can be asked, and not shown.
ask_for_keys() {
    for name in $(key_names); do
        if grep -q "^$name=." "$env_file" 2>/dev/null; then continue; fi
        if [ "$yes" = no ] && [ -t 0 ]; then
            say "The provider's key for $name (not shown; empty: later)"
            if "$bin" key set "$name"; then
                record "file $env_file"
                continue
            fi
        fi
        todo "keep the provider's key: transom key set $name"
    done
}

# Usage: add_key NAME VALUE
add_key() {
    folder "$config"
    record_folders
    if [ ! -e "$env_file" ]; then
        : >"$env_file"
        record "file $env_file"
    elif [ -n "$(tail -c 1 "$env_file")" ]; then
        printf '\n' >>"$env_file"
    fi
    chmod 600 "$env_file"
    printf '%s=%s\n' "$1" "$2" >>"$env_file"
}

start_up_files='.bashrc .bash_profile .profile .zshrc .zshenv .zprofile'

# Keys in shell start-up files are in every process of the user, and often readable by others.
move_keys() {
    for rc in $start_up_files; do
        [ -f "$HOME/$rc" ] || continue
        for name in $(key_names); do move_key "$HOME/$rc" "$name"; done
    done
}

# Begins a line of a start-up file whose key is in the env file, and does nothing. The line that stood there follows,
# with dots for the key; --uninstall puts it back.
moved=": # moved into transom's env file: "

# Characters of keys that neither a shell nor sed takes for something else.
plain='[A-Za-z0-9._:/+=@-]'

# Usage: move_key FILE NAME: from a line that does nothing but set it; another is left to the user.
move_key() {
    assigned=$(grep -v -e '^[[:space:]]*#' -e "^$moved" "$1" | grep -cE "(^|[^A-Za-z0-9_])$2=") || return 0
    line=$(grep -E "^[[:space:]]*(export[[:space:]]+)?$2=($plain+|\"$plain+\"|'$plain+')([[:space:]]+#.*|[[:space:]]*)\$" "$1") || line=
    # One that continues the line before it is no command of its own.
    if [ "$assigned" != 1 ] || [ -z "$line" ] || continues "$1" "$line"; then
        say "left $2 in $1: it is not set by one line that does nothing else"
        todo "transom key set $2, and take it out of $1"
        return
    fi
    value=$(printf '%s\n' "$line" | sed "s/^[^=]*=[\"']\\{0,1\\}\\($plain*\\).*\$/\\1/")
    if grep -q "^$2=" "$env_file" 2>/dev/null && ! grep -qxF "$2=$value" "$env_file"; then
        say "left $2 in $1: $env_file has another value"
        todo "decide on one $2: a variable of the shell wins over $env_file for commands, not for the service"
        return
    fi
    if ! agreed "Move $2 from $1 to $env_file (readable by you alone)?"; then
        say "left $2 in $1"
        todo "$2 is not seen by the service: './install.sh --yes' moves it to $env_file"
        return
    fi
    grep -qxF "$2=$value" "$env_file" 2>/dev/null || add_key "$2" "$value"
    without=$(printf '%s\n' "$line" | sed "s/^\\([^=]*=[\"']\\{0,1\\}\\)$plain*/\\1.../")
    replace "$1" "$line" "$moved$without"
    say "moved $2 from $1 to $env_file"
}

# Usage: continues FILE LINE: the line before it ends with a backslash.
continues() { line=$2 awk '$0 == ENVIRON["line"] && before ~ /\\$/ { found = 1 } { before = $0 } END { exit !found }' "$1"; }

# Usage: replace FILE LINE OTHER
replace() {
    # A file that ends without a line end stays one.
    { line=$2 other=$3 awk '$0 == ENVIRON["line"] { print ENVIRON["other"]; next } { print }' "$1" |
        if [ -n "$(tail -c 1 "$1")" ]; then printf '%s' "$(cat)"; else cat; fi; } | rewrite "$1"
}

# Usage: bring_back FILE: the lines that move_key took out, with the keys as the env file has them now.
bring_back() {
    grep "^$moved" "$1" >"$temporary" || return 0
    while IFS= read -r line; do
        without=${line#"$moved"}
        name=$(printf '%s\n' "$without" | sed -e 's/=.*//' -e 's/^[[:space:]]*//' -e 's/^export[[:space:]]*//')
        value=$(sed -n "s/^$name=//p" "$env_file" 2>/dev/null | tail -n 1 | sed -e 's/^"\(.*\)"$/\1/' -e "s/^'\\(.*\\)'\$/\\1/")
        case $value in
        '' | *[!A-Za-z0-9._:/+=@-]*) say "left $name out of $1: $env_file has no plain text for it" ;;
        *)
            replace "$1" "$line" "$(printf '%s\n' "$without" | sed "s|\\.\\.\\.|$value|")"
            say "brought $name back to $1"
            ;;
        esac
    done <"$temporary"
}

# Usage: link_workspace DIR
link_workspace() {
    [ -d "$1" ] || fail "--workspace $1: there is no such folder"
    link="$HOME/$(basename "$1")"
    if [ "$(readlink "$link" 2>/dev/null)" = "$1" ]; then
        say "already there: $link"
    elif [ -e "$link" ] || [ -L "$link" ]; then
        say "left $link: something else has this name"
    else
        ln -s "$1" "$link"
        record "link $link"
        say "linked $link to $1"
    fi
}

# --- shells --------------------------------------------------------------------------------------------

begin='# >>> transom >>>'
end='# <<< transom <<<'

shell_lines() {
    case $1 in
    fish)
        # shellcheck disable=SC2016 # written as it stands
        printf '%s\n' 'contains -- "$HOME/.local/bin" $PATH; or set -gx PATH "$HOME/.local/bin" $PATH' \
            'transom activate --shell fish 2>/dev/null | source'
        ;;
    *)
        # shellcheck disable=SC2016 # written as it stands
        printf '%s\n' 'case ":$PATH:" in *":$HOME/.local/bin:"*) ;; *) export PATH="$HOME/.local/bin:$PATH" ;; esac' \
            "eval \"\$(transom activate --shell $1 2>/dev/null)\""
        [ "$1" != zsh ] || printf '%s\n' "(( \$+functions[compdef] )) && fpath=('${zsh_completions%/*}' \$fpath) && autoload -Uz _transom && compdef _transom transom"
        ;;
    esac
}

without_block() { sed "/^$begin\$/,/^$end\$/d" "$1"; }

# Usage: add_shell SHELL FILE, if the user has the file or the shell.
add_shell() {
    [ -e "$2" ] || [ "${SHELL##*/}" = "$1" ] || return 0
    install_completions "$1"
    block=$(printf '%s\n' "$begin" "# Claude Code through transom; made by its install.sh." && shell_lines "$1" && printf '%s' "$end")
    if [ -e "$2" ] && [ "$(sed -n "/^$begin\$/,/^$end\$/p" "$2")" = "$block" ]; then
        say "already there: the lines in $2"
        return
    fi
    if ! agreed "Add lines to $2 that put transom on PATH and point Claude Code to it?"; then
        say "left $2"
        todo "in a shell: eval \"\$($bin activate)\""
        return
    fi
    folder "$(dirname "$2")"
    record_folders
    if [ ! -e "$2" ]; then
        (umask 022 && : >"$2")
        record "file $2"
    elif [ -n "$(tail -c 1 "$2")" ]; then
        printf '\n' >>"$2"
        record "newline $2"
    fi
    if grep -qx "$begin" "$2"; then without_block "$2" | rewrite "$2"; fi
    printf '%s\n' "$block" >>"$2"
    record "block $2"
    say "added lines to $2: new shells point Claude Code to transom"
}

# Usage: install_completions SHELL: where it looks for those of its user.
install_completions() {
    case $1 in
    bash) place=${BASH_COMPLETION_USER_DIR:-$share/bash-completion}/completions/transom ;;
    zsh) place=$zsh_completions ;;
    fish) place=${XDG_CONFIG_HOME:-$HOME/.config}/fish/completions/transom.fish ;;
    esac
    "$bin" completions "$1" >"$temporary"
    put "$temporary" "$place" 644 || true
}

# --- the service ---------------------------------------------------------------------------------------

# True if a user manager answers. Where nobody is logged in it has to be found.
manager() {
    : "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
    export XDG_RUNTIME_DIR
    # In a chroot systemctl says yes to everything and does nothing.
    [ -d /run/systemd/system ] && systemctl --user show-environment >/dev/null 2>&1
}

linger() {
    user=$(id -un)
    [ ! -e "/var/lib/systemd/linger/$user" ] || return 0
    if loginctl enable-linger "$user" 2>/dev/null || sudo -n loginctl enable-linger "$user" 2>/dev/null; then
        record "linger $user"
        say 'the service will start at boot, and outlive the login (linger)'
    else
        todo "to have it start at boot, as root: loginctl enable-linger $user"
    fi
}

install_service() {
    if ! command -v systemctl >/dev/null; then
        say 'no systemd here: no service was installed'
        todo "start it by hand: $bin start"
        return
    fi
    unit_changed=no
    if put "$here/config/vm/transom.service" "$unit" 644; then unit_changed=yes; fi
    other_places
    enable_unit
    linger
    # A manager that lingering has just started needs a moment.
    for _ in 1 2 3 4 5 6; do
        if manager || [ ! -d /run/systemd/system ]; then break; fi
        sleep 0.5
    done
    if ! manager; then
        say 'no user manager of systemd answers here: the service was not started'
        todo 'start it after the next login: transom start'
        return
    fi
    systemctl --user daemon-reload
    start_service
}

# Folders that the shell has elsewhere are not known to the user manager.
other_places() {
    places=
    for name in XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_STATE_HOME; do
        eval "value=\${$name:-}"
        [ -z "$value" ] || places="${places}Environment=\"$name=$value\"
"
    done
    drop_in="$unit.d/places.conf"
    if [ -z "$places" ]; then
        rm -f "$drop_in"
        return
    fi
    printf '# Where the shell that ran install.sh has its folders.\n[Service]\n%sEnvironmentFile=-%s\n' \
        "$places" "$config/service.env" >"$temporary"
    if put "$temporary" "$drop_in" 644; then unit_changed=yes; fi
}

# What `systemctl --user enable` does, also where no user manager can be asked.
enable_unit() {
    wanted="$(dirname "$unit")/default.target.wants"
    [ "$(readlink "$wanted/transom.service" 2>/dev/null)" != "$unit" ] || return 0
    folder "$wanted"
    record_folders
    ln -sf "$unit" "$wanted/transom.service"
    record "link $wanted/transom.service"
}

start_service() {
    if ! systemctl --user --quiet is-active transom.service; then
        systemctl --user restart transom.service || true
        verb='started'
    elif [ "$unit_changed" = yes ]; then
        systemctl --user restart transom.service || true
        verb='restarted'
    elif [ "$changed" = yes ]; then
        # A new binary takes over; what runs is finished by the old one.
        "$bin" restart || systemctl --user restart transom.service || true
        verb='restarted'
    else
        verb='left running'
    fi
    if systemctl --user --quiet is-active transom.service; then
        say "$verb the service"
    else
        say 'the service does not run; it said:'
        journalctl --user --unit transom.service --lines 10 --no-pager --output cat 2>/dev/null || true
        todo "mend what it says, then: transom start"
    fi
}

# --- taking it away ------------------------------------------------------------------------------------

# Whatever serves: the unit is one of them at most.
stop_all() {
    if manager; then
        systemctl --user --quiet stop transom.service 2>/dev/null || true
    fi
    [ -x "$bin" ] || return 0
    for note in "$state"/service/*.json; do
        [ -f "$note" ] || continue
        address=$(sed -n 's/^  "listen": "\(.*\)".*/\1/p' "$note")
        "$bin" stop --listen "$address" || true
    done
}

uninstall() {
    [ -e "$made" ] || fail "nothing to take away: there is no $made"
    stop_all
    keep=no
    # Keys are deleted by a word of their own: --yes is not enough.
    yes=no
    if [ "$purge" = no ] && ! agreed "Delete $config and $data too (configuration, keys, transformers)?"; then
        keep=yes
    fi
    # While the keys are still there.
    for rc in $start_up_files; do
        [ ! -f "$HOME/$rc" ] || bring_back "$HOME/$rc"
    done
    # Newest first: a folder is empty only after what is in it.
    cp "$made" "$temporary"
    sed '1!G;h;$!d' "$temporary" >"$temporary.reversed"
    rm -rf "$cache" "$state" "$made"
    [ "$keep" = yes ] || rm -rf "$data" "$config"
    while read -r kind path; do undo "$kind" "$path"; done <"$temporary.reversed"
    rm -f "$temporary.reversed"
    if manager; then systemctl --user daemon-reload; fi
    if [ "$keep" = yes ]; then
        for path in "$config" "$data"; do
            [ ! -d "$path" ] || say "kept $path; to delete it too: rm -r $path"
        done
    fi
    say 'transom is uninstalled; shells that run keep the variables they have'
}

# Usage: undo KIND PATH, of a line of the list.
undo() {
    case $1 in
    file)
        case $keep$2 in yes"$config"/* | yes"$data"/*) return ;; esac
        # A start-up file of a shell may hold more than our lines by now.
        case $2 in
        *rc | *config.fish) [ ! -s "$2" ] || return 0 ;;
        esac
        rm -f "$2"
        ;;
    link) [ ! -L "$2" ] || rm "$2" ;;
    folder) rmdir "$2" 2>/dev/null || return 0 ;;
    block)
        [ -e "$2" ] || return 0
        without_block "$2" | rewrite "$2"
        ;;
    newline)
        [ -s "$2" ] || return 0
        printf '%s' "$(cat "$2")" | rewrite "$2"
        ;;
    linger) loginctl disable-linger "$2" 2>/dev/null || sudo -n loginctl disable-linger "$2" 2>/dev/null || true ;;
    *) return 0 ;;
    esac
    say "took away: $1 $2"
}

# -------------------------------------------------------------------------------------------------------

yes=no purge=no action=install workspace='' service=yes shells=yes
while [ $# -gt 0 ]; do
    case $1 in
    --yes) yes=yes ;;
    --workspace)
        [ $# -ge 2 ] || { usage >&2; exit 2; }
        workspace=$2
        shift
        ;;
    --no-service) service=no ;;
    --no-shell) shells=no ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

here=$(cd "$(dirname "$0")" && pwd)
[ -f "$here/transom" ] || here=$(cd "$here/../.." && pwd)
bin=$HOME/.local/bin/transom
config=${XDG_CONFIG_HOME:-$HOME/.config}/transom
config_file=$config/config.json5
ccr=$HOME/.claude-code-router/config.json
share=${XDG_DATA_HOME:-$HOME/.local/share}
data=$share/transom
zsh_completions=$share/zsh/site-functions/_transom
cache=${XDG_CACHE_HOME:-$HOME/.cache}/transom
state=${XDG_STATE_HOME:-$HOME/.local/state}/transom
env_file=$config/env
unit=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/transom.service
made=$data/installed
temporary=$(mktemp)
trap 'rm -f "$temporary"' EXIT

if [ "$action" = uninstall ]; then
    uninstall
    exit 0
fi
fits_this_machine
# Those above them may be new, and the binary would make them later, unrecorded.
for path in "$data" "$cache" "$state"; do folder "$path"; done
record_folders
install_binary
install_config
move_keys
ask_for_keys
[ -z "$workspace" ] || link_workspace "$workspace"
if [ "$shells" = yes ]; then
    add_shell bash "$HOME/.bashrc"
    add_shell zsh "${ZDOTDIR:-$HOME}/.zshrc"
    add_shell fish "${XDG_CONFIG_HOME:-$HOME/.config}/fish/config.fish"
fi
[ "$service" = no ] || install_service
say "$version is installed. What its configuration says:"
"$bin" check || todo "mend what 'transom check' says above"
[ -z "$todo" ] || printf 'Left to you:\n%s' "$todo"
