/* SPDX-License-Identifier: MIT */
/* getrandom, /dev/random and /dev/urandom: all the same, and never waiting. */
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/process.h>
#include <kernel/random.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>

#define GRND_NONBLOCK 1u
#define GRND_RANDOM   2u
#define GRND_INSECURE 4u

#define AT_ONCE 256u

/* A signal ends it after the first piece, as nothing is lost. */
static s64 put_random(u64 ubuf, u64 len)
{
    u8 bytes[AT_ONCE];
    u64 done = 0;
    int err = 0;

    while (done < len && !err && !(done && signal_is_pending())) {
        u64 n = min_u64(len - done, AT_ONCE);

        random_bytes(bytes, n);
        err = copy_to_user(ubuf + done, bytes, n);
        if (!err)
            done += n;
    }
    memset(bytes, 0, sizeof(bytes));
    return done ? (s64)done : err;
}

/* buffer, length, flags */
s64 sys_getrandom(const u64 *a)
{
    u32 flags = (u32)a[2];

    if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) ==
            (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    return put_random(a[0], min_u64(a[1], INT32_MAX));
}

static s64 random_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    (void)f;
    (void)pos;
    return put_random(ubuf, len);
}

static s64 random_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    u8 bytes[AT_ONCE];
    u64 done = 0;

    (void)f;
    (void)pos;
    while (done < len && !(done && fatal_signal_pending())) {
        u64 n = min_u64(len - done, AT_ONCE);

        if (copy_from_user(bytes, ubuf + done, n))
            return done ? (s64)done : -EFAULT;
        random_add(bytes, n);
        done += n;
    }
    return (s64)done;
}

const struct file_ops random_ops = {
    .anywhere = true, .read = random_read, .write = random_write};
