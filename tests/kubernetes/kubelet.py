"""A stand-in for kubelet: what the API server asks of it for the logs of Pods, and nothing else."""
import http.server
import ssl
import threading
import urllib.parse


class Kubelet:
    """Serves the logs of one node on the loopback interface. `lines[pod]` is what its container has written; more() adds
    to it, and end() ends it, for those who follow."""

    def __init__(self, authority):
        self.lines, self.ended, self.asked = {}, set(), []
        self.changed = threading.Condition()
        certificate, key = authority.issue("kubelet", "/CN=kubelet", "serverAuth", ["IP:127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def more(self, pod, *lines):
        with self.changed:
            self.lines.setdefault(pod, []).extend(lines)
            self.changed.notify_all()

    def end(self, pod):
        with self.changed:
            self.ended.add(pod)
            self.changed.notify_all()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _handler(kubelet):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                parameters = dict(urllib.parse.parse_qsl(url.query))
                _, kind, name_space, pod, container = url.path.split("/")
                kubelet.asked.append((kind, name_space, pod, container, parameters))
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                try:
                    self._write(pod, parameters)
                except OSError:
                    pass  # who followed is gone

            def _write(self, pod, parameters):
                with kubelet.changed:
                    at = len(kubelet.lines.get(pod, []))
                    written = kubelet.lines.get(pod, [])
                tail = int(parameters.get("tailLines", at))
                self._chunk("".join(line + "\n" for line in written[max(at - tail, 0):at]))
                while parameters.get("follow") == "true":
                    with kubelet.changed:
                        kubelet.changed.wait_for(
                            lambda: len(kubelet.lines[pod]) > at or pod in kubelet.ended, timeout=60)
                        new, at = kubelet.lines[pod][at:], len(kubelet.lines[pod])
                        done = pod in kubelet.ended
                    self._chunk("".join(line + "\n" for line in new))
                    if done:
                        break
                self.wfile.write(b"0\r\n\r\n")

            def _chunk(self, text):
                if text:
                    self.wfile.write(f"{len(text.encode()):x}\r\n{text}\r\n".encode())
                    self.wfile.flush()

        return Handler
