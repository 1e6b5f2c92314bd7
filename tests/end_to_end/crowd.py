"""Thousands of connections that each ask once and then stay idle, held by a process of its own.

  crowd.py PORT COUNT [CA]    says "ready" when all of them have their answer, and holds them until its input ends
"""

import resource
import socket
import ssl
import subprocess
import sys

REQUEST = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
FILES_BESIDES = 256


def raise_open_files(wanted):
    """Both sides of a connection need a file, each in its own process. False if the system does not allow it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return True
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
    except (ValueError, OSError):
        return False
    return True


class Crowd:
    def __init__(self, port, count, *more):
        self.process = subprocess.Popen([sys.executable, __file__, str(port), str(count), *more], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if line != "ready\n":
            self.stop()
            raise AssertionError(f"no crowd of {count}: {line!r}")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    raise_open_files(count + FILES_BESIDES)
    context = ssl.create_default_context(cafile=sys.argv[3]) if len(sys.argv) > 3 else None
    held = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), 30)
        if context:
            # Who comes again resumes its session, which costs both sides less.
            session = held[0].session if held else None
            connection = context.wrap_socket(connection, server_hostname="localhost", session=session)
        connection.sendall(REQUEST)
        answer = b""
        while not answer.endswith(b"OK"):
            more = connection.recv(4096)
            if not more:
                sys.exit(f"connection {len(held)} ended: {answer!r}")
            answer += more
        if b" 200 OK\r\n" not in answer:
            sys.exit(f"connection {len(held)} got {answer!r}")
        held.append(connection)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
