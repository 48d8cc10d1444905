#!/bin/sh
# SPDX-License-Identifier: MIT
# Other people's programs under fire, as a scenario: Debian's stress-ng, which
# checks its own memory, and a job with a compiler, with half of the memory that
# they need. $1 is what the job has to print. With $2 = leaving, raw reads hold
# pins meanwhile, and the host takes both memory modules away and puts them back
# during each program, which runs again and again until that is done.
export PATH=/bin:/usr/bin
answer=$1 leaving=$2 failed="" step=0

echo "@begin fire"
swapon /dev/hdc
mount -t tmpfs tmpfs /tmp
# The programs come by disk, now that there is swap: they are larger than the
# memory would be at boot.
(cd / && cpio -idu < /dev/hdd) || exit 1
cd /tmp || exit 1

# NAME: does its log say that it did something, and all of it well?
worked() {
    if [ "$1" = job ]; then
        grep -q '^@end programs pass' log
    else # how many rounds, in a table
        grep -q 'successful run completed' log &&
            awk -v name="$1" '/metrc:/ && $4 == name && $5 > 0 {n++}
                END {exit !n}' log
    fi
}

# NAME COMMAND...: it must end with status 0, and have worked.
once() {
    name=$1
    shift
    "$@" > log 2>&1
    status=$?
    if [ $status = 0 ] && worked "$name"; then
        return 0
    fi
    sed 's/^/  | /' log
    echo "@expect $name: FAILED with status $status"
    failed=1
    return 1
}

fire() {
    step=$((step + 1))
    echo "@step $step $1"
    [ "$leaving" ] && rm -f enough && { swap_modules & }
    while once "$@"; do
        [ -z "$leaving" ] || [ -e enough ] && break
    done
    wait $!
    [ "$failed" ] || echo "@expect $1: ok"
}

# Tell the host, and wait until it has done it.
swap_modules() {
    echo "@sync leaving"
    read -r _
    : > enough
}

# The host holds the reads in flight: it has to let them go.
end_reads() {
    kill "$pins"
    echo "@sync enough"
    read -r _
    wait "$pins" || failed=1
}

# NAME "OPTIONS": some workers of stress-ng's, until they have done so much.
stress() {
    # shellcheck disable=SC2086 # options are words
    fire "$1" stress-ng --$1 2 $2 --verify --no-rand-seed --timeout 0 \
        --metrics-brief
}

# Twice what there is, in MiB, for two workers. What needs little memory itself
# has one beside it that needs as much.
need=$(awk '/^MemTotal/ {print int($2 * 2 / 1024)}' /proc/meminfo)
beside="--vm 1 --vm-bytes ${need}M --vm-populate --vm-method write64 --vm-ops 1"

[ "$leaving" ] && { /tests/pins & pins=$!; }
stress vm "--vm-bytes ${need}M --vm-method zero-one --vm-ops 1"
stress fork "--fork-ops 100 $beside"
stress mmap "--mmap-bytes $((need / 2))M --mmap-ops 1"
stress mremap "--mremap-bytes $((need / 2))M --mremap-ops 2"
stress madvise "--madvise-ops 2 $beside"
stress vm-splice "--vm-splice-bytes 1M --vm-splice-ops 1000 $beside"
stress shm "--shm-bytes $((need / 8))M --shm-ops 4"
stress bigheap "--bigheap-growth $((need * 512)) --bigheap-ops 1024"
stress stack "--stack-ops 4 $beside"
stress pthread "--pthread-ops 200 $beside"
fire job bash /job "$answer"
[ "$leaving" ] && end_reads

cat /proc/mm_verify
echo "@result $(awk '/^(pswpin|pswpout|pgmigrate_success) / {print $1 "=" $2}' \
    /proc/vmstat | tr '\n' ' ')"
if [ "$failed" ]; then echo "@end fire fail"; else echo "@end fire pass"; fi
