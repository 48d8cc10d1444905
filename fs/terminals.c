/* SPDX-License-Identifier: MIT */
/*
 * Which terminals there are: the serial line, and, if the machine has a
 * screen, the virtual terminals. /dev/tty0 is the one that is seen, /dev/tty
 * the caller's own, /dev/console the last console= of the command line.
 */
#include <drivers/serial.h>
#include <drivers/vga/vt.h>
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <fs/tty.h>
#include <kernel/boot.h>
#include <kernel/console.h>
#include <kernel/process.h>
#include <kernel/uaccess.h>

#define TTY0    make_rdev(4, 0)
#define OWN_TTY make_rdev(5, 0)
#define CONSOLE make_rdev(5, 1)

#define KDGKBTYPE     0x4b33
#define KDGETMODE     0x4b3a
#define VT_GETSTATE   0x5603
#define VT_ACTIVATE   0x5606
#define VT_WAITACTIVE 0x5607
#define KB_101        2
#define KD_TEXT       0

static struct tty serial, vts[NR_VTS];

/* ---- drivers ---- */

static void serial_out(unsigned nr, const char *buf, size_t n)
{
    (void)nr;
    serial_write(buf, n);
}

static void serial_in(u8 c)
{
    tty_byte(&serial, c);
}

static void vt_in(unsigned nr, u8 c)
{
    tty_byte(&vts[nr], c);
}

struct vt_state { /* as Linux's struct vt_stat */
    u16 active, signal, state;
};

static s64 tell_state(u64 arg)
{
    struct vt_state now = {(u16)(vt_shown() + 1), 0, (1u << (NR_VTS + 1)) - 1};

    return copy_to_user(arg, &now, sizeof(now)) ? -EFAULT : 0;
}

static s64 activate(u64 arg)
{
    if (arg < 1 || arg > NR_VTS)
        return -ENXIO;
    vt_show((unsigned)arg - 1);
    return 0;
}

/* What chvt and openvt ask. A terminal is seen as soon as it is activated, so
   that nobody ever waits for it. */
static s64 vt_ioctl(unsigned nr, u32 cmd, u64 arg)
{
    u8 keyboard = KB_101;

    (void)nr;
    switch (cmd) {
    case KDGKBTYPE:
        return copy_to_user(arg, &keyboard, 1) ? -EFAULT : 0;
    case KDGETMODE:
        return put_user_u32(arg, KD_TEXT);
    case VT_GETSTATE:
        return tell_state(arg);
    case VT_ACTIVATE:
        return activate(arg);
    case VT_WAITACTIVE:
        return arg < 1 || arg > NR_VTS ? -ENXIO : 0;
    default:
        return -ENOTTY;
    }
}

static const struct tty_driver serial_driver = {.write = serial_out};
static const struct tty_driver vt_driver = {
    .write = vt_write, .reply = vt_take_reply, .ioctl = vt_ioctl};

/* ---- opening ---- */

struct tty *tty_by_session(int sid)
{
    if (sid && sid == READ_ONCE(serial.session))
        return &serial;
    for (unsigned i = 0; sid && i < NR_VTS; i++)
        if (sid == READ_ONCE(vts[i].session))
            return &vts[i];
    return NULL;
}

int tty_of_session(int sid)
{
    struct tty *tty = tty_by_session(sid);

    if (!tty)
        return 0;
    return (int)make_rdev(4, tty == &serial ? 64 : tty->nr + 1);
}

int tty_foreground(int sid)
{
    struct tty *tty = tty_by_session(sid);

    return tty ? READ_ONCE(tty->foreground) : -1;
}

/* What a node means when it is opened. */
static struct tty *find_tty(const struct inode *inode)
{
    if (inode->rdev == OWN_TTY)
        return tty_by_session(current_process()->sid);
    if (inode->rdev == TTY0 || (inode->rdev == CONSOLE && console_is_screen()))
        return &vts[vt_shown()];
    return inode->private;
}

/* As in Linux, those that are now one terminal, now another, do not become
   anybody's own by being opened. */
int tty_open(struct inode *inode, struct file *f)
{
    struct tty *tty = find_tty(inode);

    if (!tty)
        return -ENXIO;
    f->private = tty;
    if (!(f->flags & O_NOCTTY) && inode->rdev != OWN_TTY &&
        inode->rdev != TTY0 && inode->rdev != CONSOLE)
        tty_offer(tty);
    return 0;
}

/* ---- boot ---- */

static void add(const char *path, u64 rdev, struct tty *tty)
{
    inode_put(fs_mknod(path, S_IFCHR | 0666, rdev, &tty_ops, tty));
}

static void add_vts(void)
{
    for (unsigned i = 0; i < NR_VTS; i++) {
        char path[] = "/dev/ttyx";

        path[sizeof(path) - 2] = (char)('1' + i);
        tty_start(&vts[i], &vt_driver, i, OPOST | ONLCR, true);
        add(path, make_rdev(4, i + 1), &vts[i]);
    }
    add("/dev/tty0", TTY0, NULL);
    vt_set_input(vt_in);
}

/* A machine that a program drives (exit=debug) does not hear itself typing. */
void tty_init(void)
{
    char word[8];

    tty_start(&serial, &serial_driver, 0, 0,
              !cmdline_get("exit", word, sizeof(word)));
    serial_set_input(serial_in);
    add("/dev/ttyS0", make_rdev(4, 64), &serial);
    if (vt_is_there())
        add_vts();
    add("/dev/tty", OWN_TTY, NULL);
    add("/dev/console", CONSOLE, &serial);
}
