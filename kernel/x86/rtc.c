/* SPDX-License-Identifier: MIT */
/*
 * The wall clock: the battery-backed clock is read once, at boot; from then on
 * the time since boot is added to it. It is taken to show UTC.
 */
#include <kernel/time.h>
#include <kernel/x86/io.h>
#include <kernel/x86/private.h>

#define INDEX    0x70
#define DATA     0x71
#define STATUS_A 0x0a /* bit 7: it is just being changed */
#define STATUS_B 0x0b /* bit 2: binary, not BCD; bit 1: 24 hours */
#define TRIES    100000

struct date {
    u8 second, minute, hour, day, month, year, century;
};

static u64 epoch_ns; /* the wall clock at boot; written once */

u64 wall_ns(u64 since_boot)
{
    return epoch_ns + since_boot;
}

static u8 read_reg(u8 reg)
{
    outb(INDEX, reg);
    return inb(DATA);
}

static u8 from_bcd(u8 v)
{
    return (u8)((v >> 4) * 10 + (v & 15));
}

static void read_date(struct date *d)
{
    for (unsigned i = 0; i < TRIES && (read_reg(STATUS_A) & 0x80); i++)
        ;
    *d = (struct date){read_reg(0), read_reg(2), read_reg(4),   read_reg(7),
                       read_reg(8), read_reg(9), read_reg(0x32)};
    if (read_reg(STATUS_B) & 4)
        return;
    d->second = from_bcd(d->second);
    d->minute = from_bcd(d->minute);
    d->hour = from_bcd(d->hour & 0x7f);
    d->day = from_bcd(d->day);
    d->month = from_bcd(d->month);
    d->year = from_bcd(d->year);
    d->century = from_bcd(d->century);
}

static bool leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static u64 days_since_1970(unsigned year, unsigned month, unsigned day)
{
    static const u16 before[] = {0,   31,  59,  90,  120, 151,
                                 181, 212, 243, 273, 304, 334};
    u64 days = day - 1 + before[month - 1] + (month > 2 && leap(year));

    for (unsigned y = 1970; y < year; y++)
        days += 365 + leap(y);
    return days;
}

/* A clock that shows nonsense leaves 1970. */
void rtc_init(void)
{
    struct date d;
    unsigned year;

    read_date(&d);
    year = (d.century == 19 || d.century == 20 ? d.century * 100u : 2000u) +
           d.year;
    if (year < 1970 || d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31 ||
        d.hour > 23 || d.minute > 59)
        return;
    epoch_ns = (days_since_1970(year, d.month, d.day) * 86400 + d.hour * 3600u +
                d.minute * 60u + d.second) *
               NSEC_PER_SEC;
}
