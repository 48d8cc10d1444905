/* SPDX-License-Identifier: MIT */
/*
 * Stand-ins for what kernel/ and kernel/x86/ export to mm/: see unit.h.
 * Locks check what the debug kernel checks: order, and sleeping with a
 * spinlock held; a lock that is taken twice would be a deadlock.
 */
#include <kernel/block.h>
#include <kernel/boot.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/testpoint.h>
#include <kernel/time.h>
#include <kernel/wait.h>
#include <kernel/x86/directmap.h>
#include <mm/lockorder.h>
#include <mm/section.h>

#include "standins.h"

/* The host's C library: its headers and the kernel's do not mix. */
int printf(const char *fmt, ...);
int vprintf(const char *fmt, va_list ap);
int fflush(void *stream);
void abort(void) NORETURN;
void *mmap(void *addr, size_t len, int prot, int flags, int fd, long off);
int mprotect(void *addr, size_t len, int prot);
#define HOST_MAP_FLAGS 0x4022 /* private, anonymous, no reserve */

char *host_arena;
struct boot_info boot_info;
bool host_quiet = true, host_signal, host_fatal, host_dying;
u64 host_limit[16] = {[0 ... 15] = ~0ull};
bool (*host_event)(void);
void (*host_at_point)(const char *name);
struct mm *host_oom_victim;

void printk(const char *fmt, ...)
{
    va_list ap;

    if (host_quiet)
        return;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    printf("panic: ");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(NULL); /* abort does not */
    abort();
}

void panic_too_small(const char *what)
{
    panic("too little memory for %s", what);
}

void event_write(const char *line, size_t len)
{
    (void)line;
    (void)len;
}

void testpoint(const char *name)
{
    if (host_at_point)
        host_at_point(name);
}

void str_copy(char *dst, const char *src, size_t size)
{
    size_t n = 0;

    for (; size && src[n] && n + 1 < size; n++)
        dst[n] = src[n];
    if (size)
        dst[n] = 0;
}

/* ---- the order of locks ---- */

#define HELD_MAX 64
static struct lock_class held[HELD_MAX];
static unsigned nr_held, nr_spins;

static void check_order(const struct lock_class *c, bool nested)
{
    for (unsigned i = 0; i < nr_held; i++)
        if (held[i].rank > c->rank || (held[i].rank == c->rank && !nested))
            panic("lock order: \"%s\" wanted with \"%s\" held", c->name,
                  held[i].name);
}

static void note(const struct lock_class *c, bool nested, bool check)
{
    if (check)
        check_order(c, nested);
    held[nr_held++] = *c;
}

static void forget(const struct lock_class *c)
{
    unsigned i = nr_held;

    while (i-- > 0)
        if (held[i].rank == c->rank)
            break;
    if (i >= nr_held)
        return;
    for (nr_held--; i < nr_held; i++)
        held[i] = held[i + 1];
}

void lock_order_wanted(const struct lock_class *c, int how)
{
    (void)how;
    check_order(c, false);
}

void lock_order_taken(const struct lock_class *c)
{
    note(c, false, false);
}

void lock_order_released(const struct lock_class *c)
{
    forget(c);
}

unsigned host_locks_held(void)
{
    return nr_held + nr_spins;
}

/* A page that the other one leaves locked stays locked: its lock is a bit, and
   its own, not ours. */
static void forget_page_locks(void)
{
    const struct lock_class page = {"page", RANK_PAGE};

    for (unsigned i = nr_held; i > 0; i--)
        forget(&page);
}

void host_as_other(void (*fn)(void *arg), void *arg)
{
    struct lock_class saved[HELD_MAX];
    unsigned n = nr_held;
    bool old = set_memalloc(false);

    memcpy(saved, held, sizeof(saved));
    nr_held = 0;
    fn(arg);
    forget_page_locks();
    ASSERT(nr_held == 0);
    memcpy(held, saved, sizeof(saved));
    nr_held = n;
    set_memalloc(old);
}

/* ---- locks ---- */

void spin_init(struct spinlock *l, const char *name, int rank)
{
    *l = (struct spinlock){.class = {name, rank}};
}

static void spin(struct spinlock *l, bool nested)
{
    if (l->locked)
        panic("spinlock \"%s\" is taken twice", l->class.name);
    note(&l->class, nested, true);
    l->locked = 1;
    nr_spins++;
}

unsigned long host_spins;

void spin_lock(struct spinlock *l)
{
    host_spins++;
    spin(l, false);
}

void spin_lock_nested(struct spinlock *l)
{
    spin(l, true);
}

void spin_unlock(struct spinlock *l)
{
    l->locked = 0;
    nr_spins--;
    forget(&l->class);
}

u64 spin_lock_irqsave(struct spinlock *l)
{
    spin(l, false);
    return 0;
}

void spin_unlock_irqrestore(struct spinlock *l, u64 flags)
{
    (void)flags;
    spin_unlock(l);
}

bool spin_is_mine(struct spinlock *l)
{
    return l->locked;
}

void might_sleep(void)
{
    if (nr_spins)
        panic("sleeps with \"%s\" held", held[nr_held - 1].name);
}

void might_wait(int how)
{
    (void)how;
    might_sleep();
}

void mutex_init(struct mutex *m, const char *name, int rank)
{
    *m = (struct mutex){.class = {name, rank}};
}

void mutex_lock(struct mutex *m)
{
    might_sleep();
    if (m->owner)
        panic("mutex \"%s\" is taken twice", m->class.name);
    note(&m->class, false, true);
    m->owner = (struct task *)m;
}

bool mutex_trylock(struct mutex *m)
{
    if (m->owner)
        return false;
    note(&m->class, false, false);
    m->owner = (struct task *)m;
    return true;
}

int mutex_lock_killable(struct mutex *m)
{
    mutex_lock(m);
    return 0;
}

void mutex_unlock(struct mutex *m)
{
    m->owner = NULL;
    forget(&m->class);
}

void rwsem_init(struct rwsem *s, const char *name, int rank)
{
    *s = (struct rwsem){.class = {name, rank}};
}

void down_read(struct rwsem *s)
{
    might_sleep();
    ASSERT(s->state.v >= 0);
    note(&s->class, false, true);
    s->state.v++;
}

int down_read_killable(struct rwsem *s)
{
    down_read(s);
    return 0;
}

int down_write_killable(struct rwsem *s)
{
    down_write(s);
    return 0;
}

bool down_read_trylock(struct rwsem *s)
{
    if (s->state.v < 0)
        return false;
    note(&s->class, false, false);
    s->state.v++;
    return true;
}

void up_read(struct rwsem *s)
{
    s->state.v--;
    forget(&s->class);
}

void down_write(struct rwsem *s)
{
    might_sleep();
    ASSERT(s->state.v == 0);
    note(&s->class, false, true);
    s->state.v = -1;
}

void up_write(struct rwsem *s)
{
    s->state.v = 0;
    forget(&s->class);
}

/* ---- sleeping: the world goes on until we are woken ---- */

void waitq_init(struct waitq *q)
{
    list_init(&q->sleepers);
}

void wake_up_one(struct waitq *q)
{
    struct waiter *w;

    if (list_empty(&q->sleepers))
        return;
    w = list_first(&q->sleepers, struct waiter, node);
    list_del(&w->node);
    w->woken = true;
}

void wake_up_all(struct waitq *q)
{
    while (!list_empty(&q->sleepers))
        wake_up_one(q);
}

bool waitq_busy(struct waitq *q)
{
    return !list_empty(&q->sleepers);
}

void wait_prepare(struct waitq *q, struct waiter *w)
{
    w->queue = q;
    w->woken = false;
    list_add_tail(&w->node, &q->sleepers);
}

void wait_sleep(struct waiter *w, int how)
{
    might_sleep();
    while (!w->woken && !(how && host_signal))
        if (!(host_event && host_event()) && !host_disk_step())
            panic("sleeps, and nothing will wake it");
    list_del(&w->node);
}

void wait_finish(struct waitq *q, struct waiter *w)
{
    (void)q;
    list_del(&w->node);
}

bool fatal_signal_pending(void)
{
    return host_fatal;
}

bool signal_is_pending(void)
{
    return host_signal;
}

/* ---- the running task ---- */

static bool memalloc, in_irq;

bool set_memalloc(bool on)
{
    bool old = memalloc;

    memalloc = on;
    return old;
}

bool is_memalloc(void)
{
    return memalloc;
}

u64 current_limit(unsigned which)
{
    return host_limit[which];
}

bool is_oom_victim(void)
{
    return host_dying;
}

bool in_interrupt(void)
{
    return in_irq;
}

/* Nobody: the tests work on other address spaces. */
struct mm *current_mm(void)
{
    return NULL;
}

int current_pid(void)
{
    return 1;
}

int current_tid(void)
{
    return 1;
}

void current_count_fault(bool major)
{
    (void)major;
}

const char *current_comm(void)
{
    return "unit";
}

unsigned cpu_id(void)
{
    return 0;
}

unsigned cpu_count(void)
{
    return 1;
}

unsigned host_runnable = 1; /* the test itself */

unsigned sched_runnable(void)
{
    return host_runnable;
}

void yield(void)
{
    host_disk_step();
}

struct task *kthread_run(int (*fn)(void *), void *arg, const char *name)
{
    (void)fn;
    (void)arg;
    (void)name;
    return (struct task *)&memalloc; /* there: nothing looks into it */
}

int oom_kill_mm_users(struct mm *mm)
{
    host_oom_victim = mm;
    return 1;
}

u64 now_ns(void)
{
    static u64 t;

    return t += 1000;
}

/* Time stands still but for host_time_passes: no limit is reached before. */
static struct timer *armed[8];

static struct timer **find_timer(const struct timer *t)
{
    for (unsigned i = 0; i < ARRAY_SIZE(armed); i++)
        if (armed[i] == t)
            return &armed[i];
    return NULL;
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
    t->fn = fn;
    t->arg = arg;
}

void timer_arm(struct timer *t, u64 when)
{
    struct timer **place = find_timer(t);

    (void)when;
    place = place ? place : find_timer(NULL);
    ASSERT(place);
    *place = t;
}

bool timer_cancel(struct timer *t)
{
    struct timer **place = find_timer(t);

    if (place)
        *place = NULL;
    return place != NULL;
}

static void end_timer(void *arg)
{
    struct timer *t = arg;

    in_irq = true;
    t->fn(t->arg);
    in_irq = false;
}

bool host_time_passes(void)
{
    struct timer *t;

    for (unsigned i = ARRAY_SIZE(armed); i-- > 0;) {
        t = armed[i];
        if (!t)
            continue;
        armed[i] = NULL;
        host_as_other(end_timer, t);
        return true;
    }
    return false;
}

u64 cmdline_u64(const char *key, u64 otherwise)
{
    (void)key;
    return otherwise;
}

/* ---- the processor ---- */

int directmap_add(pfn_t pfn, u64 n)
{
    return mprotect(pfn_to_virt(pfn), n << PAGE_SHIFT, 3) ? -ENOMEM : 0;
}

/* A stale access is a SIGSEGV, as it is a page fault in the kernel. */
void directmap_remove(pfn_t pfn, u64 n)
{
    if (mprotect(pfn_to_virt(pfn), n << PAGE_SHIFT, 0))
        panic("mprotect");
}

/* ---- the disk ---- */

#define DISK_PAGES 4096

static struct list_head requests = LIST_INIT(requests);
static char *disk;
int host_fail_reads, host_fail_writes;

static void submit(struct bio *bio)
{
    list_add_tail(&bio->node, &requests);
}

struct blockdev host_disk = {
    .name = "hdc",
    .sectors = DISK_PAGES * (PAGE_SIZE / SECTOR_SIZE),
    .submit = submit,
};

void bio_submit(struct bio *bio)
{
    bio->dev->submit(bio);
}

static void transfer(struct bio *bio)
{
    char *on_disk = disk + bio->sector * SECTOR_SIZE;
    char *in_memory = (char *)pfn_to_virt(bio->segs->pfn) + bio->segs->off;
    int *fails = bio->op == BIO_READ ? &host_fail_reads : &host_fail_writes;

    bio->error = *fails > 0 ? -EIO : 0;
    *fails -= *fails > 0;
    if (bio->error)
        return;
    if (bio->op == BIO_READ)
        memcpy(in_memory, on_disk, bio->segs->len);
    else
        memcpy(on_disk, in_memory, bio->segs->len);
    bio->done = bio->segs->len;
}

static void end_request(void *arg)
{
    struct bio *bio = arg;

    in_irq = true;
    bio->end(bio);
    in_irq = false;
}

bool host_disk_step(void)
{
    struct bio *bio;

    if (list_empty(&requests))
        return false;
    bio = list_first(&requests, struct bio, node);
    list_del(&bio->node);
    transfer(bio);
    host_as_other(end_request, bio);
    return true;
}

static void set_done(struct bio *bio)
{
    *(bool *)bio->private = true;
}

int bio_submit_wait(struct bio *bio)
{
    bool done = false;

    bio->private = &done;
    bio->end = set_done;
    bio_submit(bio);
    while (!done)
        host_disk_step();
    return bio->error;
}

/* ---- the machine ---- */

static void *reserve(size_t bytes, int prot)
{
    void *p = mmap(NULL, bytes, prot, HOST_MAP_FLAGS, -1, 0);

    if (p == (void *)-1)
        panic("mmap of %zu bytes", bytes);
    return p;
}

static void make_swap_header(void)
{
    u32 *fields = (u32 *)(disk + 1024);

    fields[0] = 1; /* version */
    fields[1] = DISK_PAGES - 1;
    memcpy(disk + 4086, "SWAPSPACE2", 10);
}

void host_machine(unsigned boot_sections, unsigned sections)
{
    u64 bytes = (u64)sections * SECTION_SIZE;

    host_arena = reserve(bytes + SECTION_SIZE, 3);
    host_arena =
        (char *)(((u64)host_arena + SECTION_SIZE - 1) & ~(SECTION_SIZE - 1));
    mprotect(host_arena + boot_sections * SECTION_SIZE,
             bytes - boot_sections * SECTION_SIZE, 0);
    boot_info.nr_ram = 1;
    boot_info.ram[0] =
        (struct boot_range){0, (u64)boot_sections * SECTION_SIZE};
    boot_info.nr_reserved = 1;
    boot_info.reserved[0] = (struct boot_range){0, 65536};
    disk = reserve(DISK_PAGES * PAGE_SIZE, 3);
    make_swap_header();
}
