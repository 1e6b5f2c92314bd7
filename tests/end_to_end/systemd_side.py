"""systemd's end of the daemon's socket for sd_notify(3), without systemd."""

import os
import socket
import time


class NotifySocket:
    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def stop(self):
        self.socket.close()
        os.unlink(self.path)

    def next(self, seconds):
        """The next message's lines; [] if none comes in time."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(8192).decode().splitlines()
        except TimeoutError:
            return []

    def drain(self):
        """Forgets what has been said so far."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(8192)
        except BlockingIOError:
            pass

    def wait_for(self, is_wanted, seconds):
        """All lines said until one for which `is_wanted` is true, that one included."""
        said = []
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for line in self.next(left):
                said.append(line)
                if is_wanted(line):
                    return said
        raise AssertionError(f"not said within {seconds} s; but {said}")
