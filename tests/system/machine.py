"""A booted Debian 12: debootstrap into a cache folder, an overlay above it, systemd-nspawn as its machine. Only what
was started here is ended; the cache stays for the next run."""

import ctypes
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

MIRROR = os.environ.get("TOCSIN_DEBIAN_MIRROR", "http://deb.debian.org/debian")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "tocsin"
CLONE_NEWNET = 0x40000000


def run(*command, seconds=600, **options):
    return subprocess.run([str(word) for word in command], check=True, timeout=seconds, **options)


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return value


def dependencies(package):
    """Names of the packages a .deb depends on; of alternatives the first."""
    text = subprocess.run(["dpkg-deb", "-f", package, "Depends"], check=True, capture_output=True, text=True).stdout
    return [re.split(r"[ |(]", part.strip())[0] for part in text.split(",")]


def base_tree(package, log):
    """A Debian 12 with what the package needs and nothing of its own; made once."""
    wanted = sorted(set(dependencies(package)) | {"systemd", "systemd-sysv", "dbus", "man-db", "ca-certificates"})
    name = "debian-12-" + hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:12]
    tree = CACHE / name
    if tree.is_dir():
        return tree
    CACHE.mkdir(parents=True, exist_ok=True)
    making = CACHE / (name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    run("debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus", "bookworm", making, MIRROR,
        stdout=log, stderr=log)
    run("chroot", making, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted, stdout=log, stderr=log,
        env={"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})
    making.rename(tree)
    return tree


class Machine:
    def __init__(self, package, scratch, log):
        self.scratch = pathlib.Path(scratch)
        self.root = self.scratch / "root"
        self.log = log
        self.nspawn = None
        for folder in ("root", "upper", "work"):
            (self.scratch / folder).mkdir()
        lower = base_tree(package, log)
        run("mount", "-t", "overlay", "-o", f"lowerdir={lower},upperdir={self.scratch}/upper,workdir={self.scratch}/work",
            "tocsin-system-test", self.root)
        shutil.copy(package, self.root / "tocsin.deb")

    def boot(self):
        # A network of its own with a loopback only: the test reaches it by entering its namespace.
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--directory", self.root, "--boot", "--private-network", "--register=no",
             "--keep-unit", "--console=pipe", f"--machine=tocsin-test-{os.getpid()}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.init = wait_until(self._first_process, 30, "the machine's first process")
        wait_until(lambda: self.try_("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"), 90,
                   "the machine is up")
        self.enter_network()

    def _first_process(self):
        if self.nspawn.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended with {self.nspawn.returncode}")
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        for child in children:
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        return None

    def enter_network(self):
        """From now on 127.0.0.1 is the machine's, for this process and its children."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/proc/{self.init}/ns/net", "rb") as namespace:
            if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def try_(self, *command, seconds=120):
        return subprocess.run(["nsenter", "--target", str(self.init), "--all", "--", *command], check=False,
                              capture_output=True, text=True, timeout=seconds)

    def run(self, *command, seconds=120):
        done = self.try_(*command, seconds=seconds)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def show(self, unit, name):
        return self.run("systemctl", "show", "--property", name, "--value", unit).strip()

    def main_process(self, unit):
        """The id of a service's main process as this side sees it."""
        wanted = self.show(unit, "MainPID")
        for folder in pathlib.Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                if os.readlink(folder / "ns/pid") != os.readlink(f"/proc/{self.init}/ns/pid"):
                    continue
                ids = re.search(r"^NSpid:\s+(.*)$", (folder / "status").read_text(), re.MULTILINE).group(1).split()
            except OSError:
                continue
            if ids[-1] == wanted:
                return int(folder.name)
        raise AssertionError(f"{unit} has no main process")

    def file(self, path):
        return self.root / path.lstrip("/")

    def stop(self):
        if self.nspawn is not None and self.nspawn.poll() is None:
            self.nspawn.send_signal(signal.SIGTERM)  # An orderly power-off.
            try:
                self.nspawn.wait(60)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        for _ in range(50):
            if subprocess.run(["umount", self.root], check=False, capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError(f"cannot unmount {self.root}")
