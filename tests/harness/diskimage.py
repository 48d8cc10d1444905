# SPDX-License-Identifier: MIT
"""What is on a disk: nothing, a pattern, a swap header, a file.

The pattern is the same here and in the guest's programs: the eight bytes at
byte offset o of the disk (a multiple of 8) are the little-endian number
((o + 1) * 0x9e3779b97f4a7c15) ^ seed, cut to 64 bits. No two words of a
disk are equal and none is 0, so a test can say where wrong data came from.
"""
from __future__ import annotations

import array
import struct
import sys
import tempfile

MIB = 1 << 20
PAGE = 4096
GOLDEN = 0x9e3779b97f4a7c15
MASK = (1 << 64) - 1


def pattern_bytes(offset, length, seed=0):
    """The pattern from a byte offset on (both multiples of 8)."""
    start = (offset + 1) * GOLDEN
    stop = start + length * GOLDEN
    words = array.array(
        "Q", [(x & MASK) ^ seed for x in range(start, stop, 8 * GOLDEN)])
    if sys.byteorder == "big":
        words.byteswap()
    return words.tobytes()


def first_difference(data, offset, seed=0):
    """Where data read at this offset leave the pattern; None if nowhere."""
    right = pattern_bytes(offset, len(data), seed)
    if data == right:
        return None
    return next(i for i, (a, b) in enumerate(zip(data, right)) if a != b)


def swap_header(size):
    """The first page of a swap area of this size, as mkswap writes it."""
    page = bytearray(PAGE)
    version, last_page, bad_pages = 1, size // PAGE - 1, 0
    struct.pack_into("<III", page, 1024, version, last_page, bad_pages)
    page[-10:] = b"SWAPSPACE2"
    return bytes(page)


class Image:
    """How to make an image, so that a run can be repeated from its log.

    Its recipe is ["blank" | "pattern" | "swap", MiB] or ["file", path].
    """

    def __init__(self, *recipe):
        self.recipe = [str(word) for word in recipe]
        kind, what = self.recipe[:2]
        self.path = what if kind == "file" else None
        self.seed = int(self.recipe[2]) if len(recipe) > 2 else 0
        self.size = 0 if self.path else int(float(what) * MIB)

    def open(self):
        """An open file with the contents; without a name if we made it."""
        if self.path:
            image = open(self.path, "r+b")
            self.size = image.seek(0, 2)
        else:
            image = tempfile.TemporaryFile()
            self.write_to(image)
        return image

    def write_to(self, image):
        """Write the contents; what is zero stays a hole."""
        kind = self.recipe[0]
        if kind == "pattern":
            for offset in range(0, self.size, MIB):
                length = min(MIB, self.size - offset)
                image.write(pattern_bytes(offset, length, self.seed))
        elif kind == "swap":
            image.write(swap_header(self.size))
        image.truncate(self.size)
        image.flush()


def blank(mib):
    """A disk of zeroes."""
    return Image("blank", mib)


def pattern(mib, seed=0):
    """A disk whose every word is known."""
    return Image("pattern", mib, seed)


def swap(mib):
    """A swap device, ready for swapon."""
    return Image("swap", mib)


def of_file(path):
    """A file, written in place."""
    return Image("file", path)
