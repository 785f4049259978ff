"""chat-operator as a child process of a test."""
import os
import pathlib
import subprocess
import urllib.error
import urllib.request

from api_server import ROOT, free_port

BIN = pathlib.Path(os.environ.get("CHATCLUSTER_BIN", ROOT / "build" / "release" / "bin"))


class Operator:
    """`kubeconfig` says who it is; its log is in `folder`."""

    def __init__(self, kubeconfig, folder, number, lease_namespace="default", program=BIN / "chat-operator"):
        self.port = free_port()
        self.log = pathlib.Path(folder) / f"operator-{number}.log"
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [program, "--kubeconfig", kubeconfig, "--image", "chatcluster:test",
                 "--lease-namespace", lease_namespace, "--admin", f"127.0.0.1:{self.port}"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def answer(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def leads(self):
        return "\nchat_operator_leads 1\n" in self.answer("/metrics")[1]

    def end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def said(self):
        return self.log.read_text(errors="replace")[-4000:]
