#!/bin/sh
# SPDX-License-Identifier: MIT
# Install what is missing to build hotcow and to run its tests. Quiet and
# quick if nothing is. On Debian and its relatives this is one apt-get, after
# one question (none if CI=true or nobody is there to answer); elsewhere the
# list is printed. SKIP_SETUP=1 goes on without.
set -eu

packages="gcc libc6-dev make binutils python3 qemu-system-x86 musl-tools
busybox-static grub-pc-bin grub-common xorriso mtools libcmocka-dev
python3-pytest python3-pytest-xdist gdb linux-libc-dev tcc procps stress-ng"

[ "${SKIP_SETUP:-0}" = 1 ] && exit 0

by_hand() {
    for tool in gcc ld python3 qemu-system-x86_64 musl-gcc busybox; do
        command -v "$tool" >/dev/null || missing="${missing:-} $tool"
    done
    [ -z "${missing:-}" ] && exit 0
    cat >&2 <<END
hotcow: missing:$missing
There is no apt-get here. Install by hand, by the names your system has for
these Debian packages:
$packages
(busybox must be the static one). On a system that is not x86-64 Linux:
CROSS_COMPILE=x86_64-elf- builds the kernel. \`make doctor\` says more;
\`make SKIP_SETUP=1 ...\` goes on without.
END
    exit 1
}

missing_packages() {
    for package in $packages; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
            grep -q ' installed$' || printf '%s ' "$package"
    done
}

ask() {
    if [ "${CI:-}" = true ] || ! [ -t 0 ]; then
        echo "hotcow: installing by apt: $missing"
        return 0
    fi
    printf 'hotcow needs %s: install by apt now? [Y/n] ' "$missing"
    read -r answer
    case $answer in [nN]*) return 1 ;; esac
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    by_hand
fi
missing=$(missing_packages)
[ -z "$missing" ] && exit 0
if ! ask; then
    echo "Not installed. \`make SKIP_SETUP=1 ...\` goes on without." >&2
    exit 1
fi

sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    if ! command -v sudo >/dev/null; then
        echo "hotcow: as root, run: apt-get install $missing" >&2
        exit 1
    fi
fi
$sudo apt-get update -qq || true # an old list may do
# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $missing
