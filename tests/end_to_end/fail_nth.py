"""Lets calls of a real process fail: the other side of tests/failure/fail_nth.cpp."""

import errno
import mmap
import pathlib
import struct

from daemon import BINARY

LIBRARY = BINARY.parent / "tests" / "failure" / "libfail_nth.so"
KINDS = ("allocation", "writing", "syncing", "syncing_folder", "renaming", "connecting", "looking_up")
ENTRY = struct.Struct("QQQQq")  # calls, first, last, failed, error
FOR_EVER = (1 << 64) - 1


class FailNth:
    """What a process that runs with `env` shall fail at, and what it has called. One process at a time."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "fail-nth"
        self.path.write_bytes(bytes(ENTRY.size * len(KINDS)))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.env = {"LD_PRELOAD": str(LIBRARY), "TOCSIN_FAIL_NTH": str(self.path)}

    def _entry(self, kind):
        return ENTRY.unpack_from(self.memory, KINDS.index(kind) * ENTRY.size)

    def calls(self, kind):
        return self._entry(kind)[0]

    def failed(self, kind):
        return self._entry(kind)[3]

    def arm(self, kind, first, *, persistent, error=errno.EIO):
        """The call with this number fails, counted from 1 and from the last reset; `persistent`: and all after it."""
        at = KINDS.index(kind) * ENTRY.size
        struct.pack_into("q", self.memory, at + 32, error)
        struct.pack_into("Q", self.memory, at + 16, FOR_EVER if persistent else first)
        struct.pack_into("Q", self.memory, at + 8, first)  # Last: from here on it acts.

    def disarm(self):
        for index in range(len(KINDS)):
            struct.pack_into("Q", self.memory, index * ENTRY.size + 8, 0)

    def reset(self):
        """For the next process."""
        self.memory[:] = bytes(len(self.memory))

    def stop(self):
        self.memory.close()
