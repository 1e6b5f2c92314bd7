"""A file system of 100 MB that may be filled without harm to anybody."""

import os
import pathlib
import subprocess
import time

BYTES = 100_000_000


def run(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class SmallDisk:
    """Root gets ext4 on a loop device, or a tmpfs where there are no loop devices; others get a tmpfs in a
    user and mount namespace, in which the daemon has to run (`under`)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "disk"
        self.folder.mkdir()
        self.seen = self.folder  # Where this process finds it.
        self.under = []
        self.holder = None
        image = pathlib.Path(folder) / "disk.img"
        if os.geteuid() == 0:
            with open(image, "wb") as file:
                file.truncate(BYTES)
            # -m 0: no blocks kept back for root, which the daemon may be.
            if run("mkfs.ext4", "-q", "-m", "0", image) and run("mount", "-o", "loop", image, self.folder):
                self.kind = "ext4 on a loop device"
                return
            if not run("mount", "-t", "tmpfs", "-o", f"size={BYTES}", "tocsin-test", self.folder):
                raise AssertionError("root can mount neither a loop device nor a tmpfs here")
            self.kind = "tmpfs"
            return
        self.holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
             f'mount -t tmpfs -o size={BYTES} tocsin-test "$0" && echo mounted && exec sleep infinity', self.folder],
            stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"mounted\n":
            raise AssertionError("cannot mount a tmpfs in a user namespace; run this as root")
        self.under = ["nsenter", "--target", str(self.holder.pid), "--user", "--mount", "--preserve-credentials", "--"]
        self.seen = pathlib.Path(f"/proc/{self.holder.pid}/root{self.folder}")
        self.kind = "tmpfs in a namespace"

    def free(self):
        status = os.statvfs(self.seen)
        return status.f_bavail * status.f_frsize

    def ballast(self, name, size=None):
        """A file of this size; without one, all that is left, to the last block."""
        path = self.seen / name
        with open(path, "wb", buffering=0) as file:
            try:
                block = 1 << 20
                while size is None or size > 0:
                    block = block if size is None else min(block, size)
                    written = file.write(b"\0" * block)
                    if size is not None:
                        size -= written
            except OSError:
                if size is not None:
                    raise
                for block in (65536, 4096, 1):  # The rest, in smaller pieces.
                    try:
                        while True:
                            file.write(b"\0" * block)
                    except OSError:
                        pass
        return path

    def stop(self):
        if self.holder is not None:
            self.holder.kill()
            self.holder.communicate()
            return
        for _ in range(50):  # The kernel may still hold it for a moment after the daemon's end.
            if run("umount", self.folder):
                return
            time.sleep(0.1)
        raise AssertionError(f"cannot unmount {self.folder}")
