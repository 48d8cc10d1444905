# SPDX-License-Identifier: MIT
"""The one program that starts machines here: QEMU, its disk, its judge.

A test builds a Machine (machine.py) from plain facts (spec.py), gives it
disks that obey (disk.py) and reads what its programs say (scenario.py). A
run ends in one of four ways (outcome.py) and leaves a folder that says all
there is to know about it (runfolder.py).

Nothing here sleeps and hopes: every wait is for a condition (watch.py), and
ends early, with a diagnosis, when the condition can no longer come true.
"""
