/* SPDX-License-Identifier: MIT */
/*
 * The forms of /proc's files and some of /sys's: a line with each number
 * reduced to N, or to the width of its column. The keys asked for are those
 * that both kernels should have, in their order.
 */
#include "proctext.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int keep_widths;

/* Numbers become N, or how wide their column is. */
static const char *form(const char *line)
{
    static char out[512];
    unsigned n = 0;

    while (*line && *line != '\n' && n < sizeof(out) - 8) {
        const char *from = line;

        line += strspn(line, " ");
        if (!isdigit((unsigned char)*line)) {
            line = from;
            out[n++] = *line == '\t' ? '~' : *line;
            line++;
            continue;
        }
        line += strspn(line, "0123456789");
        if (*from == ' ' && keep_widths)
            n += (unsigned)sprintf(out + n, "[%d]", (int)(line - from));
        else
            n += (unsigned)sprintf(out + n, *from == ' ' ? " N" : "N");
    }
    out[n] = 0;
    return out;
}

/* The form of the line that begins so. */
static void say_form(const char *file, const char *from, const char *key)
{
    const char *line = line_of(from, key);

    printf("form.%s %s: %s\n", file, key, line ? form(line) : "none");
}

static void forms(const char *file, const char *const *keys)
{
    const char *from = slurp(file);

    for (; *keys; keys++)
        say_form(file, from, *keys);
}

/* Are these keys there, and one after the other? */
static void order(const char *file, const char *const *keys)
{
    const char *at = slurp(file), *last = at;

    for (; *keys; keys++) {
        at = line_of(text, *keys);
        if (!at || at < last)
            break;
        last = at;
    }
    printf("order.%s: %s\n", file, *keys ? *keys : "ok");
}

static void keyed(const char *file, const char *const *keys)
{
    forms(file, keys);
    order(file, keys);
}

/* Words of a line, lines of a file. */
static void columns(const char *file, const char *from, const char *key)
{
    const char *p = line_of(from, key);
    int n = 0;

    while (p && *p && *p != '\n') {
        n += !isspace((unsigned char)*p) &&
             (p == from || isspace((unsigned char)p[-1]));
        p++;
    }
    FACT(n, "%s %s", file, key);
}

static const char *const meminfo_keys[] = {
    "MemTotal:",       "MemFree:",      "MemAvailable:",
    "Buffers:",        "Cached:",       "SwapCached:",
    "Active:",         "Inactive:",     "Active(anon):",
    "Inactive(anon):", "Active(file):", "Inactive(file):",
    "Unevictable:",    "Mlocked:",      "SwapTotal:",
    "SwapFree:",       "Dirty:",        "Writeback:",
    "AnonPages:",      "Mapped:",       "Shmem:",
    "KReclaimable:",   "Slab:",         "SReclaimable:",
    "SUnreclaim:",     "KernelStack:",  "PageTables:",
    "NFS_Unstable:",   "Bounce:",       "CommitLimit:",
    "Committed_AS:",

    "VmallocUsed:",    "Percpu:",       "HugePages_Total:",
    "HugePages_Free:", "Hugepagesize:", NULL};
static const char *const status_keys[] = {"Name:",
                                          "Umask:",
                                          "State:",
                                          "Tgid:",
                                          "Ngid:",
                                          "Pid:",
                                          "PPid:",
                                          "TracerPid:",
                                          "Uid:",
                                          "Gid:",
                                          "FDSize:",
                                          "Groups:",
                                          "NStgid:",
                                          "NSpid:",
                                          "NSpgid:",
                                          "NSsid:",
                                          "VmPeak:",
                                          "VmSize:",
                                          "VmLck:",
                                          "VmPin:",
                                          "VmHWM:",
                                          "VmRSS:",
                                          "RssAnon:",
                                          "RssFile:",
                                          "RssShmem:",
                                          "VmData:",
                                          "VmStk:",
                                          "VmExe:",
                                          "VmLib:",
                                          "VmPTE:",
                                          "VmSwap:",
                                          "HugetlbPages:",
                                          "CoreDumping:",
                                          "THP_enabled:",
                                          "Threads:",
                                          "SigQ:",
                                          "SigPnd:",
                                          "ShdPnd:",
                                          "SigBlk:",
                                          "SigIgn:",
                                          "SigCgt:",
                                          "CapInh:",
                                          "CapPrm:",
                                          "CapEff:",
                                          "CapBnd:",
                                          "CapAmb:",
                                          "NoNewPrivs:",
                                          "Seccomp:",
                                          "Seccomp_filters:",
                                          "Speculation_Store_Bypass:",
                                          "SpeculationIndirectBranch:",
                                          "Cpus_allowed:",
                                          "Cpus_allowed_list:",
                                          "Mems_allowed_list:",
                                          "voluntary_ctxt_switches:",
                                          "nonvoluntary_ctxt_switches:",
                                          NULL};
static const char *const vmstat_keys[] = {"nr_free_pages ",
                                          "nr_zone_inactive_anon ",
                                          "nr_zone_active_anon ",
                                          "nr_mlock ",
                                          "nr_inactive_anon ",
                                          "nr_active_anon ",
                                          "nr_slab_unreclaimable ",
                                          "nr_anon_pages ",
                                          "nr_file_pages ",
                                          "nr_dirty ",
                                          "nr_writeback ",
                                          "nr_shmem ",
                                          "nr_foll_pin_acquired ",
                                          "nr_page_table_pages ",
                                          "pgpgin ",
                                          "pgpgout ",
                                          "pswpin ",
                                          "pswpout ",
                                          "pgfault ",
                                          "pgmajfault ",
                                          "pgsteal_kswapd ",
                                          "pgsteal_direct ",
                                          "pgscan_kswapd ",
                                          "pgscan_direct ",
                                          "oom_kill ",
                                          "pgmigrate_success ",
                                          "pgmigrate_fail ",
                                          NULL};
static const char *const stat_keys[] = {
    "cpu ",           "cpu0 ",          "ctxt ",    "btime ", "processes ",
    "procs_running ", "procs_blocked ", "softirq ", NULL};
static const char *const cpuinfo_keys[] = {"processor",
                                           "vendor_id",
                                           "cpu family",
                                           "model\t",
                                           "stepping",
                                           "siblings",
                                           "core id",
                                           "cpu cores",
                                           "apicid",
                                           "fpu\t",
                                           "wp\t",
                                           "clflush size",
                                           "cache_alignment",
                                           "address sizes",
                                           "power management",
                                           NULL};
static const char *const zoneinfo_keys[] = {
    "  pages free ",         "        min ",         "        low ",
    "        high ",         "        spanned ",     "        present ",
    "        managed ",      "      nr_free_pages ", "    cpu: ",
    "              count: ", "              high: ", "              batch: ",
    "  node_unreclaimable:", "  start_pfn:",         NULL};

static void keyed_files(void)
{
    subject = "columns";
    keep_widths = 1;
    keyed("/proc/meminfo", meminfo_keys);
    keyed("/proc/self/status", status_keys);
    keep_widths = 0;
    forms("/proc/vmstat", vmstat_keys);
    keyed("/proc/stat", stat_keys);
    keyed("/proc/cpuinfo", cpuinfo_keys);
    keyed("/proc/zoneinfo", zoneinfo_keys);
    columns("/proc/stat", slurp("/proc/stat"), "cpu ");
    columns("/proc/stat", text, "softirq ");
}

/* ---- files of one line, or of a table ---- */

static void tables(void)
{
    static const char *const whole[] = {
        "/proc/loadavg",
        "/proc/uptime",
        "/proc/self/statm",
        "/proc/self/oom_score",
        "/proc/self/oom_score_adj",
        "/proc/self/comm",
        "/proc/sys/vm/swappiness",
        "/proc/sys/vm/min_free_kbytes",
        "/proc/sys/vm/overcommit_memory",
        "/proc/sys/vm/overcommit_ratio",
        "/proc/sys/vm/max_map_count",
        "/proc/sys/vm/panic_on_oom",
        "/proc/sys/vm/watermark_scale_factor",
        "/proc/sys/vm/mmap_min_addr",
        "/proc/sys/vm/page-cluster",
        "/proc/sys/kernel/pid_max",
        "/proc/sys/kernel/threads-max",
        "/proc/sys/kernel/ostype",
        "/proc/sys/fs/aio-max-nr",
        "/proc/sys/fs/aio-nr",
        "/sys/devices/system/cpu/online",
        "/sys/devices/system/cpu/possible",
        "/sys/devices/system/cpu/present",
        "/sys/devices/system/memory/memory0/state",
        "/sys/devices/system/memory/memory0/phys_index",
        "/sys/devices/system/memory/memory0/removable"};

    for (unsigned i = 0; i < COUNT(whole); i++)
        printf("form.%s: %s\n", whole[i],
               *slurp(whole[i]) ? form(text) : "none");
    printf("form.block size: %d\n",
           (int)strspn(slurp("/sys/devices/system/memory/block_size_bytes"),
                       "0123456789abcdef") > 0);
    say_form("/proc/swaps", slurp("/proc/swaps"), "Filename");
    say_form("/proc/buddyinfo", slurp("/proc/buddyinfo"), "Node 0, zone");
    columns("/proc/buddyinfo", text, "Node 0, zone");
    columns("/proc/self/stat", slurp("/proc/self/stat"), "");
    columns("/proc/self/statm", slurp("/proc/self/statm"), "");
    FACT(!strncmp(slurp("/proc/version"), "Linux version ", 14), "version");
    say_form("/proc/interrupts", slurp("/proc/interrupts"), "     ");
    say_form("/proc/interrupts", text, "LOC:");
    say_form("/proc/interrupts", text, "TLB:");
    say_form("/proc/mounts", slurp("/proc/mounts"), "proc /proc proc ");
    say_form("/proc/mounts", text, "sysfs /sys sysfs ");
    say_form("/proc/mounts", text, "tmpfs /tmp tmpfs ");
    columns("/proc/mounts", text, "tmpfs /tmp tmpfs ");
    char *at = slurp("/proc/self/limits") ? text : NULL;

    for (char *line = strtok(at, "\n"); line; line = strtok(NULL, "\n")) {
        char name[27];

        snprintf(name, sizeof(name), "%.25s", line);
        if (strstr(name, "processes") || strstr(name, "signals") ||
            strstr(name, "locked"))
            line = line + strlen(line); /* as large as the machine */
        printf("limits.%s: %s|\n", name, line);
    }
}

/* ---- fd, fdinfo, exe, cwd, cmdline, environ, oom_score_adj ---- */

static void say_link(const char *path)
{
    char to[256] = "";
    long n = readlink(path, to, sizeof(to) - 1);

    say_result(n < 0 ? -1 : 0, 0, "%s", path);
    printf("link.%s to: %s\n", path, form(to));
}

static void say_file(const char *path)
{
    int fd = open(path, O_RDONLY);
    char buf[512];
    long n = read(fd, buf, sizeof(buf));

    close(fd);
    for (long i = 0; i < n; i++)
        buf[i] = !buf[i] ? '|' : buf[i] == '\n' ? '$' : buf[i];
    printf("file.%s: %.*s\n", path, n > 0 ? (int)n : 0, buf);
}

static void say_fdinfo(const char *name, int fd)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    slurp(path);
    static const char *const keys[] = {"pos:", "flags:", "mnt_id:", "ino:"};

    for (unsigned i = 0; i < COUNT(keys); i++) {
        const char *line = line_of(text, keys[i]);

        printf("fdinfo.%s %s %s\n", name, keys[i],
               !line    ? "none"
               : i >= 2 ? form(line)
                        : (strtok((char *)line, "\n"), line));
        slurp(path);
    }
}

static void write_adj(const char *value)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);

    NUM(write(fd, value, strlen(value)), "write %s",
        strcmp(value, "\n") ? value : "a line's end");
    close(fd);
    slurp("/proc/self/oom_score_adj");
    FACT(strtol(text, NULL, 10), "then");
}

static void small_files(void)
{
    static const char *const bad[] = {
        "0", "1000", "-1000", "1001", "-1001", "x", "", "12x", " 7", "\n", "5"};
    int fd, ends[2], mem = memfd_create("named", 0);
    char path[64];

    subject = "link";
    if (pipe(ends))
        return;
    dup2(open("/tmp/small", O_RDWR | O_CREAT | O_APPEND, 0600), 50);
    dup2(ends[0], 51);
    dup2(mem, 52);
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 53);
    fcntl(53, F_SETFD, FD_CLOEXEC);
    (void)!write(50, "12345", 5);
    say_link("/proc/self/exe");
    say_link("/proc/self/cwd");
    say_link("/proc/self/root");
    say_link("/proc/self");
    for (int n = 50; n < 55; n++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", n);
        say_link(path);
    }
    say_fdinfo("a file", 50);
    say_fdinfo("a pipe", 51);
    say_fdinfo("a memfd", 52);
    say_fdinfo("close on exec", 53);
    unlink("/tmp/small");
    say_link("/proc/self/fd/50");
    fd = open("/proc/self/fd/50", O_RDONLY);
    NUM(read(fd, path, sizeof(path)), "open an unlinked file again");
    close(fd);
    say_file("/proc/self/cmdline");
    say_file("/proc/self/comm");
    say_file("/proc/self/environ");
    say_file("/proc/self/oom_score_adj");
    subject = "oom_score_adj";
    for (unsigned i = 0; i < COUNT(bad); i++)
        write_adj(bad[i]);
    if (fork() == 0) {
        slurp("/proc/self/oom_score_adj");
        FACT(strtol(text, NULL, 10), "a child's");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    write_adj("0");
}

/* What cannot be opened, read or written so. */
static void refusals(void)
{
    static const char *const paths[] = {
        "/proc/meminfo",
        "/proc/self/maps",
        "/proc/self/stat",
        "/proc/nothing",
        "/proc/99999/stat",
        "/proc/self/fd/99",
        "/proc/self/fdinfo/99",
        "/proc/self/task/99999/stat",
        "/proc/self",
        "/proc/self/task",
        "/proc/self/mem",
        "/proc/self/comm",
        "/proc/sys/vm/swappiness",
        "/sys/devices/system/memory/memory0/state"};
    char buf[8];

    subject = "refuse";
    for (unsigned i = 0; i < COUNT(paths); i++) {
        int fd = open(paths[i], O_RDONLY);

        OKAY(fd, "%s open", paths[i]);
        if (fd >= 0) {
            say_result(lseek(fd, 3, SEEK_SET), 1, "%s seek", paths[i]);
            say_result(lseek(fd, -1, SEEK_SET), 1, "%s seek to -1", paths[i]);
            say_result(lseek(fd, 0, SEEK_SET), 1, "%s seek to 0", paths[i]);
            OKAY(write(fd, buf, 1), "%s write", paths[i]);
            close(fd);
        }
        OKAY(open(paths[i], O_RDONLY | O_CREAT | O_EXCL, 0600), "%s create",
             paths[i]);
        OKAY(unlink(paths[i]), "%s unlink", paths[i]);
        OKAY(mkdir(paths[i], 0700), "%s mkdir", paths[i]);
    }
}

int main(int argc, char **argv)
{
    char *const args[] = {"procfiles", "one", "", "a b", NULL}, *const env[] = {
                                                                    "A=1",
                                                                    "B=", NULL};

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 1)
        execve(argv[0], args, env);
    keyed_files();
    tables();
    small_files();
    refusals();
    return 0;
}
