"""A certificate authority for a test or a test cluster, by openssl: elliptic keys take milliseconds."""
import pathlib
import subprocess

DAYS = "30"  # a test cluster may stay a while


def _openssl(*arguments, cwd):
    done = subprocess.run(["openssl", *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}:\n{done.stdout.decode(errors='replace')}")


class Authority:
    """Everything it makes lies in `folder` as NAME.crt and NAME.key."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.folder.mkdir(parents=True, exist_ok=True)
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", DAYS,
                 "-subj", f"/CN=chatcluster-test-{name}", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                 cwd=self.folder)
        self.certificate = self.folder / f"{name}.crt"

    def issue(self, name, subject, usage, names=()):
        """`subject` as /O=group/CN=user, `usage` serverAuth or clientAuth, `names` as DNS:localhost or IP:127.0.0.1."""
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject,
                 "-keyout", f"{name}.key", "-out", f"{name}.csr", cwd=self.folder)
        extensions = f"extendedKeyUsage={usage}\nkeyUsage=digitalSignature\n"
        if names:
            extensions += "subjectAltName=" + ",".join(names) + "\n"
        (self.folder / f"{name}.ext").write_text(extensions)
        _openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.crt", "-CAkey", f"{self.name}.key",
                 "-CAcreateserial", "-days", DAYS, "-extfile", f"{name}.ext", "-out", f"{name}.crt", cwd=self.folder)
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def key(self, name):
        """A key alone, as PEM: what signs service accounts' tokens."""
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key", cwd=self.folder)
        return self.folder / f"{name}.key"
