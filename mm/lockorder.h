/* SPDX-License-Identifier: MIT */
/*
 * The lock order, written once.
 *
 * A task takes locks from the top of this list to its bottom, never upwards.
 * The debug build checks every acquisition against these ranks
 * (kernel/lock.c). Locks marked (irq) are also taken by interrupt handlers, so
 * everybody takes them with interrupts off.
 *
 * Why this order, in one breath: a system call locks its file, touches user
 * memory (mmap lock), faults, finds a page (page lock), asks who maps it (anon
 * lock), changes a page table (pt lock), and moves counts and lists, which are
 * leaves.
 */
#ifndef MM_LOCKORDER_H
#define MM_LOCKORDER_H

enum lock_rank {
    RANK_NONE = 0,
    RANK_FILE,       /* mutex: an open file's position and flags */
    RANK_SWAPON,     /* mutex: swapon and swapoff, one at a time */
    RANK_FS_TREE,    /* mutex: the tree of names */
    RANK_PIPE,       /* mutex: a pipe's buffer */
    RANK_INODE,      /* mutex: a file's contents */
    RANK_AIO,        /* mutex: an AIO context's set-up */
    RANK_EPOLL,      /* mutex: which files epolls watch */
    RANK_FILE_LOCKS, /* mutex: locks on files, as programs take them */
    RANK_SHM,        /* mutex: the table of System V segments */
    RANK_REMOVAL,    /* a turn: one removal of memory at a time */
    RANK_SECTIONS,   /* mutex: sections neither come nor go (mm/removal.h) */
    RANK_MMAP,       /* rwsem: an address space's list of areas */
    RANK_FAULT_FILE, /* mutex: a file's size, and filling its holes */
    RANK_RECLAIM,    /* no lock: memory is waited for, and perhaps reclaimed.
                        So nobody allocates (ALLOC_WAIT) with one of the
                        following held: reclaim may want them, or tries them
                        in vain */
    RANK_PAGE,       /* bit: what a page is (swap cache, under move) */
    RANK_FILE_AREAS, /* mutex: the areas that show a file */
    RANK_ANON,       /* mutex: an anon_vma's list of areas */
    RANK_OOM,        /* mutex: the OOM killer, one at a time */
    RANK_MM_LIST,    /* mutex: the list of all address spaces */
    RANK_FDTABLE,    /* spin: a process's open files */
    RANK_FUTEX,      /* spin: a bucket of futex sleepers */
    RANK_TASKS,      /* spin (irq): the list of tasks, parents and children */
    RANK_SIGNAL,     /* spin (irq): a process's signals */
    RANK_PT,         /* spin: an address space's page-table entries */
    RANK_MAPPINGS,   /* spin: the list of all files in memory */
    RANK_PLACES,     /* spin: which page is where in a file */
    RANK_SWAP,       /* spin (irq): swap slots and the swap cache */
    RANK_LRU,        /* spin (irq): LRU lists */
    RANK_PINS,       /* spin (irq): the register of pins */
    RANK_REMOVING,   /* spin (irq): the removal under way, and the last one */
    RANK_DISK,       /* spin (irq): a disk channel's queue */
    RANK_DISK_STATS, /* spin (irq): a disk's statistics */
    RANK_SLAB,       /* spin (irq): an object cache */
    RANK_PCP,        /* spin (irq): a processor's free frames */
    RANK_ZONE,       /* spin (irq): buddy lists, section isolation */
    RANK_VMAP,       /* spin (irq): kernel stacks' address space */
    RANK_EVENT,      /* spin (irq): the counter of an eventfd or timerfd */
    RANK_RANDOM,     /* spin (irq): the random generator's key */
    RANK_DEVICE,     /* spin (irq): registers: ACPI, hotplug, PCI, tty */
    RANK_TLB,        /* spin: a shootdown's request slot */
    RANK_GUARD,      /* spin: the inside of a mutex or rwsem */
    RANK_WAITQ,      /* spin (irq): a queue of sleepers */
    RANK_EPOLL_NEWS, /* spin (irq): an epoll's ready files; from within a queue
                        that is being woken, as the next one */
    RANK_EPOLL_WAIT, /* spin (irq): who sleeps in epoll_wait */
    RANK_TIMER,      /* spin (irq): timers */
    RANK_RUNQ,       /* spin (irq): a processor's runnable tasks */
    RANK_LOADAVG,    /* spin (irq): the load average */
    RANK_CONSOLE,    /* spin (irq): a line of output */
    RANK_SWAP_HINT,  /* spin (irq): swap slots are looked at, under any lock */
};

#endif
