/* SPDX-License-Identifier: MIT */
/*
 * Time: the time-stamp counter tells it, the local APIC's timer calls.
 *
 * Both are measured once against the PIT; where there is none (QEMU's microvm),
 * the counter against the APIC's timer. No other timer may stay armed: on a
 * machine that counts instructions, time jumps to the next one as soon as all
 * processors sleep (tickless). So the PIT and the RTC are put to rest.
 */
#include <kernel/irq.h>
#include <kernel/print.h>
#include <kernel/time.h>
#include <kernel/x86/io.h>
#include <kernel/x86/private.h>

#define PIT_HZ     1193182u
#define MEASURE_HZ 100 /* over a hundredth of a second */
#define MHZ        1000000ull
#define ASSUMED_HZ 1000000000u /* the APIC's timer without a PIT, as QEMU's */

static u64 tsc_start, timer_hz; /* written once, at boot */
static u64 ns_per_tick;         /* times 2^32; written once, at boot */

/* Channel 2, whose gate and output are at port 0x61, counts down once. False:
   it is not there, as the gate cannot be shut. */
static bool pit_wait(void)
{
    u16 count = PIT_HZ / MEASURE_HZ;

    outb(0x61, (inb(0x61) & ~2) & ~1);
    if (inb(0x61) & 1)
        return false;
    outb(0x43, 0xb0);
    outb(0x42, count & 0xff);
    outb(0x42, count >> 8);
    outb(0x61, inb(0x61) | 1);
    while (!(inb(0x61) & 0x20))
        ;
    return true;
}

/* As long, by the APIC's timer. */
static void lapic_wait(void)
{
    u32 end = lapic_timer_left() - ASSUMED_HZ / MEASURE_HZ;

    while (lapic_timer_left() > end)
        cpu_relax();
}

/* Real clocks are whole numbers of MHz; the rest is what reading cost. */
static u64 to_mhz(u64 hz)
{
    u64 rounded = (hz + MHZ / 2) / MHZ * MHZ;

    return rounded ? rounded : hz;
}

static void rest_other_timers(void)
{
    outb(0x43, 0x30); /* PIT channel 0: mode 0, and let it end */
    outb(0x40, 1);
    outb(0x40, 0);
    outb(0x70, 0x0a); /* RTC: hold the divider */
    outb(0x71, 0x66);
}

static u64 tsc_hz; /* fixed after clock_init */

u64 clock_tsc_hz(void)
{
    return tsc_hz;
}

/* What both count in 1 / MEASURE_HZ seconds. */
static void measure(u64 *tsc, u64 *timer)
{
    u64 before;

    lapic_timer_start(0xffffffff);
    before = rdtsc();
    if (pit_wait()) {
        *tsc = rdtsc() - before;
        *timer = 0xffffffff - lapic_timer_left();
        return;
    }
    printk("clock: no PIT; the APIC's timer is taken for one of 1 GHz\n");
    before = rdtsc();
    lapic_wait();
    *tsc = rdtsc() - before;
    *timer = ASSUMED_HZ / MEASURE_HZ;
}

void clock_init(void)
{
    u64 start = rdtsc(), tsc, timer;

    rtc_init();
    measure(&tsc, &timer);
    tsc_hz = to_mhz(tsc * MEASURE_HZ);
    timer_hz = to_mhz(timer * MEASURE_HZ);
    ns_per_tick = (NSEC_PER_SEC << 32) / tsc_hz;
    lapic_timer_start(0);
    rest_other_timers();
    __atomic_store_n(&tsc_start, start, __ATOMIC_RELEASE);
}

u64 tsc_to_ns(u64 cycles)
{
    return (u64)((unsigned __int128)cycles * ns_per_tick >> 32);
}

u64 now_ns(void)
{
    u64 start = __atomic_load_n(&tsc_start, __ATOMIC_ACQUIRE);

    if (!start)
        return 0;
    return tsc_to_ns(rdtsc() - start);
}

/* Too far for the counter: it comes early, and whoever asked asks again. */
void arch_set_clock(u64 when)
{
    u64 now = now_ns();
    u64 ns = when > now ? when - now : 1;
    u64 count =
        ns > 4 * NSEC_PER_SEC ? 0xffffffff : ns * timer_hz / NSEC_PER_SEC + 1;

    lapic_timer_start(when ? (u32)min_u64(count, 0xffffffff) : 0);
}
