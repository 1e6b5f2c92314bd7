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
        self.ended = False

    def __enter__(self):
        _ptrace(SEIZE, self.thread)
        _ptrace(INTERRUPT, self.thread)
        os.waitpid(self.thread, WALL)
        return self

    def has_ended(self):
        """True once the thread was killed. Its process ends, as others see it, not before this was asked."""
        if not self.ended:
            thread, status = os.waitpid(self.thread, WALL | os.WNOHANG)
            self.ended = thread != 0 and (os.WIFSIGNALED(status) or os.WIFEXITED(status))
        return self.ended

    def __exit__(self, *_):
        if not self.has_ended():
            _ptrace(DETACH, self.thread)
