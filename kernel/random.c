/* SPDX-License-Identifier: MIT */
/*
 * Random bytes: the ChaCha20 stream of a key that nobody else knows.
 *
 * Each block of 64 bytes gives half of itself away and becomes the next key
 * with the other half, so that who learns the key later cannot tell what was
 * handed out before. The processor's RDRAND, where there is one, and its clock
 * are stirred in each time: without RDRAND the bytes differ from boot to boot
 * and are no secret from a determined neighbour.
 */
#include <kernel/lock.h>
#include <kernel/random.h>
#include <kernel/string.h>
#include <kernel/x86/arch.h>
#include <mm/lockorder.h>

#define KEY_WORDS 8
#define GIVEN     32 /* bytes of a block */

static struct spinlock lock = SPINLOCK_INIT("random", RANK_RANDOM);
static u32 key[KEY_WORDS]; /* lock */
static u64 counter;        /* blocks so far; lock */

static u32 rotate(u32 x, int n)
{
    return x << n | x >> (32 - n);
}

static void quarter_round(u32 *x, int a, int b, int c, int d)
{
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);
}

static void double_round(u32 *x)
{
    for (int i = 0; i < 4; i++)
        quarter_round(x, i, i + 4, i + 8, i + 12);
    for (int i = 0; i < 4; i++)
        quarter_round(x, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12);
}

/* RFC 8439's block function; its nonce is the machine's fresh entropy. */
static void block(u32 out[16])
{
    u64 fresh = arch_entropy();
    u32 in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    memcpy(in + 4, key, sizeof(key));
    counter++;
    memcpy(in + 12, &counter, sizeof(counter));
    memcpy(in + 14, &fresh, sizeof(fresh));
    memcpy(out, in, sizeof(in));
    for (int i = 0; i < 10; i++)
        double_round(out);
    for (int i = 0; i < 16; i++)
        out[i] += in[i];
}

/* One block at a time, so that interrupts are not off for long. */
void random_bytes(void *buf, size_t len)
{
    u32 out[16];

    for (size_t done = 0; done < len; done += GIVEN) {
        u64 flags = spin_lock_irqsave(&lock);

        block(out);
        memcpy(key, out, sizeof(key));
        spin_unlock_irqrestore(&lock, flags);
        memcpy((char *)buf + done, out + KEY_WORDS, min_u64(len - done, GIVEN));
    }
    memset(out, 0, sizeof(out));
}

void random_add(const void *buf, size_t len)
{
    const u8 *bytes = buf;
    u32 out[16];
    u64 flags = spin_lock_irqsave(&lock);

    for (size_t i = 0; i < len; i++)
        ((u8 *)key)[i % sizeof(key)] ^= bytes[i];
    block(out);
    memcpy(key, out, sizeof(key));
    spin_unlock_irqrestore(&lock, flags);
}
