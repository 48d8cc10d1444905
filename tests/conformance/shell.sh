#!/bin/sh
# SPDX-License-Identifier: MIT
# What a busybox shell makes of the kernel: a line a case, as in say.h.
cd /tmp || exit 1
mkdir -p shell && cd shell || exit 1

say() { # name, then the command whose output is the outcome
    name=$1
    shift
    echo "shell.$name: $("$@" 2>&1 | tr '\n' ' ') $?"
}

twice() { sh -c "$1"; }

say arithmetic twice 'echo $((6 * 7)) $((1 << 40))'
say pipe twice 'seq 1 1000 | grep 7 | wc -l'
say long-pipe twice 'seq 1 20000 | cat | cat | cat | tail -n 1'
say substitution twice 'echo $(echo a $(echo b))'
say here twice 'cat <<X
one
X'
say redirect twice 'echo a >f; echo b >>f; cat f; wc -c <f'
say both twice 'ls nothing >f 2>&1; cat f'
say status twice 'false; echo $?; true; echo $?; sh -c "exit 7"; echo $?'
say killed twice 'sh -c "kill -9 \$\$"; echo $?'
say trap twice 'trap "echo bye" EXIT; echo hello'
say trap-usr1 twice 'trap "echo got" USR1; kill -USR1 $$; echo after'
say background twice 'sleep 0 & wait $!; echo $?'
say wait-killed twice 'sleep 100 & kill $!; wait $!; echo $?'
say sigpipe twice 'yes | head -n 3'
say glob twice 'touch g1 g2 g3; echo g*'
say find twice 'mkdir -p d/e/f; touch d/e/f/x; find d | sort'
say links twice 'ln -sf f s; readlink s; cat s >/dev/null; ln f h; stat -c %h f'
say modes twice 'umask 027; touch m; stat -c %a m; chmod 4711 m; stat -c %a m'
say mv twice 'echo x >a; mv a b; cat b; ls a'
say rm twice 'mkdir r; rmdir r; rm -r d; ls d'
say cp twice 'dd if=/dev/zero of=z bs=1k count=100 2>/dev/null; cp z y; cmp z y; stat -c %s y'
say holes twice 'truncate -s 1M t; stat -c %s t; md5sum t'
say md5 twice 'seq 1 5000 | md5sum'
say sort twice 'seq 1 3000 | sort -r | head -n 2'
say sed twice 'echo abc | sed s/b/X/'
say awk twice "seq 1 100 | awk '{s += \$1} END {print s}'"
say tar twice 'mkdir t1; echo x >t1/a; tar c t1 | tar t'
say gzip twice 'seq 1 1000 | gzip | gunzip | md5sum'
say fifo twice 'mkfifo p; (echo through >p &); cat p'
say dev-null twice 'echo x >/dev/null; cat /dev/null | wc -c'
say dev-zero twice 'head -c 100 /dev/zero | tr "\0" a | wc -c'
say dev-full twice 'echo x >/dev/full'
say fd twice 'exec 5>f5; echo five >&5; exec 5>&-; cat f5'
say noclobber twice 'set -C; echo a >c; echo b >c; cat c'
say ulimit twice 'ulimit -n 20; ulimit -n'
say cwd twice 'cd /; pwd; cd - >/dev/null; pwd'
say read twice 'printf "a b\nc\n" | while read -r x y; do echo "$y-$x"; done'
say subshell twice '(cd /; pwd); pwd'
say nice twice 'nice; nice -n 5 true; echo $?'
say nohup twice 'nohup echo x 2>/dev/null'
say test twice '[ -p /dev/fd/0 ] ; [ -d . ] && echo d; [ -x /bin/sh ] && echo x'
say xargs twice 'seq 1 10 | xargs -n 3 echo'
say timeout twice 'timeout 1 sleep 10; echo $?'
say dd-direct twice 'dd if=z of=w bs=4k conv=fsync 2>/dev/null; cmp z w'
say no-command twice 'nothing-of-this-name'
say directory twice './'
say not-executable twice 'echo "echo x" >script; ./script'
say script twice 'printf "#!/bin/sh\necho \$1\n" >sc; chmod +x sc; ./sc arg'
say scripts twice 'n=/bin/echo; for i in 1 2 3 4 5 6; do
    printf "#!$n $i\n" >s$i; chmod +x s$i; n=$PWD/s$i; done
    for i in 1 2 5 6; do ./s$i a b; echo $?; done'
say parent twice 'echo $PPID | grep -c "^[0-9]"'
