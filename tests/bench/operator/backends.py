"""Real servers that answer for the shards and the Redis of all ChatClusters: one Postgres for every shard-0, one for every
shard-1, one Redis. All ChatClusters of a benchmark have the same passwords, so each connection signs on as it would anywhere.
"""
import os
import pathlib
import pwd
import secrets
import shutil
import subprocess
import time

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
SHARDS = 2
STARTS_WITHIN = 60  # seconds


def secret_values():
    return {name: secrets.token_hex(32)  # as the operator makes them
            for name in ("admin_token", "postgres_superuser_password", "postgres_chat_password", "redis_password")}


class Backends:
    def __init__(self, folder, values):
        self.folder, self.processes = pathlib.Path(folder), []
        self.user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
        for number in range(SHARDS):
            self.begin_postgres(self.folder / f"shard-{number}", values["postgres_superuser_password"])
        self.begin_redis(values["redis_password"])
        try:
            for number in range(SHARDS):
                self.wait(lambda path=self.folder / f"shard-{number}" / ".s.PGSQL.5432": path.exists(), "Postgres")
        except BaseException:
            self.close()
            raise

    def spawn(self, arguments, log, **how):
        with open(self.folder / log, "wb") as output:
            self.processes.append(subprocess.Popen([str(each) for each in arguments], stdin=subprocess.DEVNULL, stdout=output,
                                                   stderr=output, **how))

    def begin_postgres(self, home, password):
        home.mkdir()
        (home / "password").write_text(password)
        if self.user:
            owner = pwd.getpwnam(self.user)
            for path in (home, home / "password"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        how = {"user": self.user, "group": self.user, "cwd": home} if self.user else {"cwd": home}
        subprocess.run([POSTGRES / "initdb", "-D", home / "data", "-U", "postgres", "-A", "scram-sha-256", "--no-sync",
                        f"--pwfile={home / 'password'}"], check=True, stdout=subprocess.DEVNULL, **how)
        settings = {"listen_addresses": "", "unix_socket_directories": home, "max_connections": 1500, "fsync": "off",
                    "shared_buffers": "32MB"}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.spawn([POSTGRES / "postgres", "-D", home / "data", *flags], f"{home.name}.log", **how)

    def begin_redis(self, password):
        # Every address that starts so is a Pod of its own with a Redis in it.
        self.spawn([shutil.which("redis-server"), "--bind", "0.0.0.0", "--port", "6379", "--save", "", "--requirepass", password,
                    "--maxclients", "10000"], "redis.log", cwd=self.folder)

    def wait(self, ready, what):
        deadline = time.monotonic() + STARTS_WITHIN
        while not ready():
            if time.monotonic() > deadline or any(each.poll() is not None for each in self.processes):
                logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log"))
                raise RuntimeError(f"{what} did not start\n{logs}")
            time.sleep(0.05)

    def close(self):
        for each in self.processes:
            each.terminate()
        for each in self.processes:
            try:
                each.wait(20)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
