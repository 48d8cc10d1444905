# SPDX-License-Identifier: MIT
"""The memory system calls, as programs see them; mm_verify after each."""
from tests.harness import diskimage, scenario


def test_memory_calls(boot, design, cpus):
    """user/tests/memcalls.c, which Linux passes too."""
    m = boot(design=design, cpus=cpus, init="/tests/memcalls",
             files={"hdc": diskimage.swap(32)})
    scenario.play(m).check()
    m.wait_exit()


def test_moving(boot, design, cpus):
    """mremap, MADV_PAGEOUT and fork, all at once, on the same pages."""
    m = boot(design=design, cpus=cpus, init="/tests/moving",
             append="-- 2 2 8", files={"hdc": diskimage.swap(32)},
             cpu_limit=240)
    report = scenario.play(m).check()
    m.wait_exit()
    assert report.results["swapped_out"] > 0
