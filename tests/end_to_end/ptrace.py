"""Holds one thread of another process still, as no signal can: SIGSTOP stops a process whole. ptrace(2)."""

import ctypes
import os
import pathlib

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long
SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000  # Also threads that are no children of ours.


def _ptrace(request, thread):
    if LIBC.ptrace(request, thread, None, None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"ptrace request {request:#x} of thread {thread}: {os.strerror(code)}")


def thread_named(process, name):
    """The id of a process' thread, by the name it gave itself."""
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    raise AssertionError(f"process {process} has no thread named {name}")


class HeldThread:
    """Still from the first line of a `with` to its last; the other threads go on."""

    def __init__(self, process, name):
        self.thread = thread_named(process, name)

    def __enter__(self):
        _ptrace(SEIZE, self.thread)
        _ptrace(INTERRUPT, self.thread)
        os.waitpid(self.thread, WALL)
        return self

    def __exit__(self, *_):
        try:
            _ptrace(DETACH, self.thread)
        except OSError:
            pass  # The process was killed meanwhile.
