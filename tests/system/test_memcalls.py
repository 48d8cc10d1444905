# SPDX-License-Identifier: MIT
"""The memory system calls, as programs see them; mm_verify after each."""
from tests.harness import diskimage, scenario


def test_memory_calls(boot, design, cpus):
    """user/tests/memcalls.c, which Linux passes too."""
    m = boot(design=design, cpus=cpus, init="/tests/memcalls",
             files={"hdc": diskimage.swap(32)})
    scenario.play(m).check()
    m.wait_exit()
