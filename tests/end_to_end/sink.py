"""A webhook destination that remembers what it was sent, and a metrics endpoint to scrape."""

import http.server
import json
import threading
import time


class Page:
    def __init__(self, headers, body, status=200):
        self.status = status  # What it was answered.
        self.at = time.time()
        self.key = headers["Idempotency-Key"]
        self.headers = headers
        self.body = json.loads(body)
        self.event = self.body["event"]
        self.incident = self.body["incident"]["id"]

    def __repr__(self):
        return f"{self.event} {self.incident} {self.key}"


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # A peer that was killed in the middle of a request is what some tests are about.


class Sink:
    """Answers every POST with `status` after it was kept; `hang` makes it answer nothing at all, `closes` ends the connection
    after each answer."""

    def __init__(self):
        self.status = 200
        self.hang = threading.Event()
        self.closes = False
        self.pages = []
        self.changed = threading.Condition()
        sink = self

        class Requests(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = sink.status
                with sink.changed:
                    sink.pages.append(Page(self.headers, body, status))
                    sink.changed.notify_all()
                if sink.hang.is_set():
                    self.rfile.read(1)  # Until the sender gives up.
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if sink.closes:
                    self.send_header("Connection", "close")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = _Server(("127.0.0.1", 0), Requests)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/pages"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def snapshot(self):
        with self.changed:
            return list(self.pages)

    def wait_for(self, event, seconds, incident=None):
        """The first page with this event (of this incident)."""
        def found():
            for page in self.pages:
                if page.event == event and incident in (None, page.incident):
                    return page
            return None

        with self.changed:
            self.changed.wait_for(found, seconds)
            page = found()
            if page is None:
                raise AssertionError(f"no {event} within {seconds} s; pages: {self.pages}")
            return page

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Gauge:
    """A metrics endpoint with one gauge."""

    def __init__(self, name):
        self.name = name
        self.value = 0
        gauge = self

        class Requests(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = f"{gauge.name} {gauge.value}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = _Server(("127.0.0.1", 0), Requests)
        self.target = f"127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
