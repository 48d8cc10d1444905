/* SPDX-License-Identifier: MIT */
/*
 * What the processor says of itself (CPUID), for /proc/cpuinfo. All processors
 * of a machine are taken to be like the one that is asked.
 */
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/x86/arch.h>
#include <kernel/x86/private.h>

enum { A, B, C, D };

static void cpuid(u32 leaf, u32 r[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(r[A]), "=b"(r[B]), "=c"(r[C]), "=d"(r[D])
                     : "a"(leaf), "c"(0));
}

/* Linux's words for the bits of a register, from bit 0 on, in the order of
   Linux's list. "-": no bit, or one without a word. */
static const struct {
    u32 leaf, reg;
    const char *words;
} features[] = {
    {1, D,
     "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat "
     "pse36 pn clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe"},
    {0x80000001, D,
     "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - "
     "fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow"},
    {1, C,
     "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma "
     "cx16 xtpr pdcm - pcid dca sse4_1 sse4_2 x2apic movbe popcnt "
     "tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor"},
    {0x80000001, C,
     "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse "
     "3dnowprefetch osvw ibs xop skinit wdt - lwp fma4 tce - - - tbm topoext"},
    {7, B,
     "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - "
     "mpx rdt_a avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb "
     "intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl"},
};

/* The words of the bits that are set, a space behind each. */
static size_t add_words(char *out, size_t size, const char *words, u32 bits)
{
    size_t n = 0;

    for (; *words && bits; bits >>= 1) {
        size_t len = 0;

        while (words[len] && words[len] != ' ')
            len++;
        if ((bits & 1) && *words != '-' && n + len + 2 <= size) {
            memcpy(out + n, words, len);
            out[n + len] = ' ';
            n += len + 1;
        }
        words += len + (words[len] == ' ');
    }
    return n;
}

static void find_flags(struct cpu_facts *f)
{
    u32 max[4], ext[4], r[4];
    size_t n = 0;

    cpuid(0, max);
    cpuid(0x80000000, ext);
    for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
        u32 leaf = features[i].leaf;

        if (leaf > (leaf >> 31 ? ext[A] : max[A]))
            continue;
        cpuid(leaf, r);
        n += add_words(f->flags + n, sizeof(f->flags) - n, features[i].words,
                       r[features[i].reg]);
    }
    f->flags[n ? n - 1 : 0] = 0;
    f->levels = max[A];
}

static void find_names(struct cpu_facts *f)
{
    u32 r[4], words[13] = {0};

    cpuid(0, r);
    words[0] = r[B];
    words[1] = r[D];
    words[2] = r[C];
    str_copy(f->vendor, (const char *)words, sizeof(f->vendor));
    for (unsigned i = 0; i < 3; i++)
        cpuid(0x80000002 + i, words + 4 * i);
    words[12] = 0;
    str_copy(f->name, (const char *)words, sizeof(f->name));
}

void cpu_facts(struct cpu_facts *f)
{
    u32 r[4];

    *f = (struct cpu_facts){.tsc_hz = clock_tsc_hz()};
    find_names(f);
    find_flags(f);
    cpuid(1, r);
    f->family = r[A] >> 8 & 15;
    f->model = r[A] >> 4 & 15;
    f->stepping = r[A] & 15;
    if (f->family == 6 || f->family == 15)
        f->model |= r[A] >> 12 & 0xf0;
    if (f->family == 15)
        f->family += r[A] >> 20 & 0xff;
    f->clflush = (r[B] >> 8 & 0xff) * 8;
    cpuid(0x80000008, r);
    f->phys_bits = r[A] & 0xff;
    f->virt_bits = r[A] >> 8 & 0xff;
    cpuid(0x80000006, r);
    f->cache_kib = r[C] >> 16;
}
