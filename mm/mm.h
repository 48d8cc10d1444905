/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: the public header of mm/ for kernel/ and fs/.
 *
 * An mm is a page table and a sorted array of areas (vmas). Threads share it.
 * The areas are guarded by mmap_lock; the entries of the page table by
 * pt_lock; tables are only freed with mmap_lock held for writing (or when
 * nobody can use the mm any more), so a walk under pt_lock needs, besides,
 * mmap_lock or an area found through its anon_vma.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include <kernel/lock.h>
#include <kernel/x86/pgtable.h>

struct anon_vma;
struct mapping;
struct page;

/* Linux's protection and mapping bits, as user programs pass them. */
#define PROT_READ           1
#define PROT_WRITE          2
#define PROT_EXEC           4
#define PROT_SEM            8          /* means nothing here */
#define PROT_GROWSDOWN      0x01000000 /* from the start of the stack */
#define MAP_SHARED          0x01
#define MAP_PRIVATE         0x02
#define MAP_FIXED           0x10
#define MAP_ANONYMOUS       0x20
#define MAP_GROWSDOWN       0x0100
#define MAP_LOCKED          0x2000
#define MAP_NORESERVE       0x4000
#define MAP_POPULATE        0x8000
#define MAP_FIXED_NOREPLACE 0x100000
#define MAP_NOWRITE         0x80000000 /* not the user's: see VM_NOWRITE */
#define MREMAP_MAYMOVE      1
#define MREMAP_FIXED        2
#define MREMAP_DONTUNMAP    4
#define MCL_CURRENT         1
#define MCL_FUTURE          2
#define MCL_ONFAULT         4
#define MS_ASYNC            1
#define MS_INVALIDATE       2
#define MS_SYNC             4
#define MADV_NORMAL         0
#define MADV_RANDOM         1
#define MADV_SEQUENTIAL     2
#define MADV_WILLNEED       3
#define MADV_DONTNEED       4
#define MADV_FREE           8
#define MADV_REMOVE         9
#define MADV_DONTFORK       10
#define MADV_DOFORK         11
#define MADV_DONTDUMP       16
#define MADV_DODUMP         17
#define MADV_WIPEONFORK     18
#define MADV_KEEPONFORK     19
#define MADV_COLD           20
#define MADV_PAGEOUT        21
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#define MADV_DONTNEED_LOCKED 24

enum vma_flags {
    VM_READ = PROT_READ,
    VM_WRITE = PROT_WRITE,
    VM_EXEC = PROT_EXEC,
    VM_ACCESS = VM_READ | VM_WRITE | VM_EXEC,
    VM_SHARED = 8,
    VM_GROWSDOWN = 16, /* the stack */
    VM_DONTFORK = 32,
    VM_WIPEONFORK = 64,   /* a child finds it empty */
    VM_LOCKED = 128,      /* stays in memory: not for reclaim */
    VM_LOCKONFAULT = 256, /* locked, but nothing is faulted in for that */
    VM_NORESERVE = 512,   /* the user asked not to count it */
    VM_ACCOUNT = 1024,    /* counted as promised (mm/commit.h) */
    VM_NOWRITE = 2048,    /* shows a file that is open for reading only */
};

/* One area. All fields: mmap_lock; start, end and pgoff change only with the
   anon_vma's and the file's areas' lock held too, as the reverse map computes
   with them. */
struct vma {
    struct mm *mm;         /* fixed */
    u64 start, end;        /* byte addresses, page aligned, end exclusive */
    u64 pgoff;             /* file: page in the file at start;
                                else: start >> 12 at creation */
    u32 flags;             /* enum vma_flags */
    u16 on_anon, on_file;  /* mm_verify()'s scratch: its last walk that met
                                the area on these lists; their locks */
    struct mapping *file;  /* NULL = anonymous; a counted reference */
    struct anon_vma *anon; /* a counted reference; NULL until first write */
    struct list_head anon_node; /* on anon's list, under its lock */
    struct list_head file_node; /* on file's list, under its areas' lock */
    const char *name;           /* "[heap]", "[stack]" or NULL; static */
};

/* How many areas an mm may have. /proc/sys/vm writes it; a hint. */
extern u64 vm_max_map_count;

struct mm {
    struct pgtable pt;       /* root fixed; see pgtable.h */
    struct spinlock pt_lock; /* guards all entries below the root, and rss */
    struct rwsem mmap_lock;  /* guards areas */
    struct vma **areas;      /* sorted by start */
    unsigned nr_areas, max_areas;
    atomic_t users;        /* tasks that run in it; at 0 it is emptied */
    atomic_t refs;         /* + others that look at it; at 0 it is freed */
    /* Called by the last user's end, before the memory goes; may sleep. Written
       whole, by users, with always the same. NULL: nothing to do. */
    void (*at_end)(struct mm *mm);
    struct list_head node; /* list of all mms, mm_list_lock */
    u64 brk_start, brk;    /* mmap_lock */
    u64 arg_start, env_start, env_end; /* strings on the stack; mmap_lock */
    u64 rss, swapped, tables; /* pages present, swap entries, table frames;
                                pt_lock */
    struct list_head table_list; /* those frames, by page.lru; pt_lock */
    u64 peak_rss;             /* pt_lock */
    u64 total_vm, data_vm, locked_vm; /* pages of all areas; of private
                                         writable ones; of VM_LOCKED ones;
                                         mmap_lock for writing */
    u64 peak_vm;              /* the most that total_vm was; likewise */
    u64 mmap_top;      /* new areas go below; fixed after exec */
    u32 def_flags;     /* VM_LOCKED..., of areas to come; mmap_lock */
    s16 oom_score_adj; /* -1000 never, 1000 first; written whole. A child
                          inherits it, exec keeps it */
    int pid;           /* for messages: whose it is */
    char comm[16];
    bool oom_victim; /* written by the OOM killer only */
    bool reaped;     /* its private memory was taken: mm/oom_reap.c; pt_lock */
    bool no_oom;     /* init: chosen last */
};

/* One more page is present. pt_lock. */
static inline void mm_rss_more(struct mm *mm)
{
    if (++mm->rss > mm->peak_rss)
        mm->peak_rss = mm->rss;
}

/* Boot: the whole of mm/, in the right order. Once, on one processor. */
void mm_boot(void);
/* Later at boot, when threads can be made: kswapd. */
void mm_start_threads(void);

/* A new, empty address space with one user. NULL: no memory. May sleep. */
struct mm *mm_create(void);
/* fork: a child with the same areas, pages shared for COW. The caller is the
   mm's user. NULL: no memory (everything is undone) or a fatal signal. */
struct mm *mm_fork(struct mm *parent);
/* One user less; the last one unmaps everything. May sleep. */
void mm_put_user(struct mm *mm);
/* A reference for looking; the page table may be emptied meanwhile. */
void mm_get(struct mm *mm);
void mm_put(struct mm *mm);
/* Where exec has put the arguments' and the environment's strings. */
void mm_set_args(struct mm *mm, u64 arg_start, u64 env_start, u64 env_end);
/* Set pid and comm, for messages. */
void mm_set_owner(struct mm *mm, int pid, const char *comm);

/*
 * Walk over all mms that have users: returns the next one after `prev` with a
 * reference on it, dropping the one on prev; NULL at the end. A child comes
 * after its parent. May sleep.
 */
struct mm *mm_next(struct mm *prev);

/* System calls' work. They take the mmap_lock themselves. Addresses are the
   user's: anything is checked. Return 0, an address, or -errno. */
s64 mm_mmap(struct mm *mm, u64 addr, u64 len, u32 prot, u32 map_flags,
            struct mapping *file, u64 file_page);
s64 mm_munmap(struct mm *mm, u64 addr, u64 len);
s64 mm_mremap(struct mm *mm, u64 addr, u64 old_len, u64 new_len, u64 flags,
              u64 new_addr);
s64 mm_mlock(struct mm *mm, u64 addr, u64 len, bool on_fault);
s64 mm_munlock(struct mm *mm, u64 addr, u64 len);
s64 mm_mlockall(struct mm *mm, u64 flags); /* MCL_ */
s64 mm_munlockall(struct mm *mm);
s64 mm_msync(struct mm *mm, u64 addr, u64 len, u64 flags); /* MS_ */
s64 mm_mprotect(struct mm *mm, u64 addr, u64 len, u32 prot);
s64 mm_brk(struct mm *mm, u64 new_brk); /* always returns the break */
s64 mm_madvise(struct mm *mm, u64 addr, u64 len, int advice);
s64 mm_mincore(struct mm *mm, u64 addr, u64 len, u8 *vec); /* kernel vec */
/* exec: an area of a file or of zeroes at a fixed place, named. */
int mm_map_fixed(struct mm *mm, u64 start, u64 end, u32 vm_flags,
                 struct mapping *file, u64 file_page, const char *name);

/* exec: leave room for a stack of so many bytes, in a new mm. */
void mm_leave_stack_room(struct mm *mm, u64 limit);

/* Areas. The caller holds mmap_lock. */
struct vma *vma_find(struct mm *mm, u64 addr);      /* contains addr, or NULL */
struct vma *vma_find_next(struct mm *mm, u64 addr); /* first with end > addr */

/* Page faults: mm/fault.c. */
enum fault_access { FAULT_READ, FAULT_WRITE, FAULT_EXEC };
enum fault_result {
    FAULT_DONE,      /* mended (perhaps by somebody else): retry */
    FAULT_NO_AREA,   /* SIGSEGV, SEGV_MAPERR */
    FAULT_NO_ACCESS, /* SIGSEGV, SEGV_ACCERR */
    FAULT_BUS,       /* SIGBUS: beyond the file's end, or swap-in error */
    FAULT_NO_MEMORY, /* nothing left: the task is to be killed */
    FAULT_KILLED,    /* a fatal signal came while waiting */
    FAULT_MIGRATING, /* only with no_wait_move: would wait for a move */
    FAULT_LOCKED,    /* likewise: for a page that is locked, perhaps by a
                        mover, or is being read */
};

/*
 * Make `addr` accessible. No locks held; may sleep for memory, for the disk
 * and for a migration to end, and holds no lock while it does so.
 */
enum fault_result mm_fault(struct mm *mm, u64 addr, enum fault_access how);
/* The same for callers that hold pins, which must not wait for a move: they
   wait for no page that somebody else has locked. */
enum fault_result mm_fault_no_wait_move(struct mm *mm, u64 addr,
                                        enum fault_access how);
/* Sleep until the page at addr is not being moved. No pins held. -EINTR. */
int mm_wait_for_move(struct mm *mm, u64 addr);

/*
 * The memory of a process, of which the caller is a user, from and to a kernel
 * buffer: mm/remote.c. No locks held; may sleep for a fault.
 * mm_access: all len bytes, which lie within one page; 0, or -EFAULT, -ENOMEM,
 * -EINTR (a fatal signal), and nothing was copied.
 * mm_peek: up to len bytes, as many as are there.
 */
int mm_access(struct mm *mm, u64 addr, void *buf, u64 len, bool write);
u64 mm_peek(struct mm *mm, u64 addr, void *buf, u64 len);

/* What is behind a user address: the entry and the page, for people. Returns
   the length, as snprintf. */
int mm_describe_address(struct mm *mm, u64 addr, char *buf, size_t size);

#endif
