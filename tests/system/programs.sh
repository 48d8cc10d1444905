#!/bin/bash
# SPDX-License-Identifier: MIT
# A job of other people's programs, as a scenario: a dynamic bash writes a C
# program, a dynamic tcc compiles it, the result is linked to the C library and
# run. $1 is what the last program has to print.
export PATH=/usr/bin:/bin
echo "@begin programs"

expect() { # text, what it should be, what it is
    if [ "$2" = "$3" ]; then
        echo "@expect $1: ok"
    else
        echo "@expect $1: FAILED not '$2' but '$3'"
        failed=1
    fi
}

cd /tmp || exit 1

echo "@step 1 a shell counts, makes arrays, and reads a pipe"
words=(one two three)
expect "array" "3 three" "${#words[@]} ${words[2]}"
expect "pipe" "6" "$(printf '%s\n' "${words[@]}" "${words[@]}" | wc -l)"
expect "process substitution" "two" "$(sed -n 2p <(printf '%s\n' "${words[@]}"))"
expect "here document" "9" "$(sort -n <<< $'9\n10' | head -n 1)"

echo "@step 2 functions by the hundred are written, compiled and linked"
{
    echo 'int printf(const char *, ...);'
    for ((i = 0; i < 200; i++)); do
        echo "static unsigned f$i(unsigned x) { return x * ${i}u + (x >> 7) + 1; }"
    done
    echo 'int main(void) { unsigned x = 1;'
    echo 'for (int round = 0; round < 1000; round++) {'
    for ((i = 0; i < 200; i++)); do echo "x = f$i(x) ^ round;"; done
    echo '} printf("%u\n", x); return 0; }'
} > job.c
tcc -o job job.c
expect "tcc" "0" "$?"

echo "@step 3 what was compiled runs, from the file and from memory"
expect "the program's output" "$1" "$(./job)"
expect "tcc -run" "$1" "$(tcc -run job.c)"

echo "@step 4 a library looks for a ring of events before it calls the kernel"
cat > aio.c << 'END'
int printf(const char *, ...);
int io_setup(int, void **), io_destroy(void *);
int io_getevents(void *, long, long, void *, long *);
int main(void) { void *ring = 0, *events[4]; long at_once[2] = {0, 0};
int made = io_setup(1, &ring);
int got = io_getevents(ring, 0, 1, events, at_once);
printf("%d %d %d\n", made, got, io_destroy(ring)); return 0; }
END
tcc -o aio aio.c /usr/lib/x86_64-linux-gnu/libaio.so.1
expect "libaio" "0 0 0" "$(./aio)"

cat /proc/mm_verify
if [ "$failed" ]; then echo "@end programs fail"; else echo "@end programs pass"; fi
