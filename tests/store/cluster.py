"""A throw-away PostgreSQL server."""

from __future__ import annotations

import glob
import itertools
import os
import shutil
import subprocess
import tempfile

import psycopg

ADMINISTRATOR = "vmconsole"


class Cluster:
    """A database cluster in a temporary directory; when we are root it runs as `postgres`, since it refuses root."""

    def __init__(self, programs: str) -> None:
        self._programs = programs
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._numbers = itertools.count()
        # Not below pytest's directory: the path of a socket has 107 bytes at most, and postgres may not enter there.
        self.directory = tempfile.mkdtemp(prefix="vmconsole-pg-")
        if self._as_user:
            shutil.chown(self.directory, "postgres")
        self._data = os.path.join(self.directory, "data")

    @staticmethod
    def programs() -> str | None:
        """The directory of initdb and pg_ctl of the newest installed version, or None."""
        on_path = shutil.which("initdb")
        if on_path:
            return os.path.dirname(on_path)
        versions = glob.glob("/usr/lib/postgresql/*/bin/initdb")
        return os.path.dirname(max(versions, key=lambda path: int(path.split("/")[4]))) if versions else None

    def start(self) -> None:
        """Makes the cluster and waits until it answers. Without fsync, as nothing in it outlives the tests."""
        self._run(
            "initdb", "--pgdata", self._data, "--username", ADMINISTRATOR, "--auth", "trust", "--encoding", "UTF8",
            "--no-locale", "--no-sync",
        )  # fmt: skip
        self.launch()

    def launch(self) -> None:
        """Starts the server of an existing cluster."""
        options = f"-c listen_addresses= -c unix_socket_directories={self.directory} -c fsync=off -c max_connections=60"
        log = os.path.join(self.directory, "log")
        self._run("pg_ctl", "start", "--wait", "--pgdata", self._data, "--log", log, "--options", options)

    def stop(self, mode: str = "fast") -> None:
        """Stops the server; mode `immediate` is what a crash is like."""
        self._run("pg_ctl", "stop", "--wait", "--pgdata", self._data, "--mode", mode)

    def remove(self) -> None:
        """Stops the server and leaves nothing behind."""
        self.stop("immediate")
        shutil.rmtree(self.directory)

    def url(self, database: str, user: str = ADMINISTRATOR) -> str:
        return f"postgresql://{user}@/{database}?host={self.directory}"

    def administer(self, statement: str) -> None:
        """Runs one statement as administrator, outside a transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create_database(self, owner: str = ADMINISTRATOR) -> str:
        name = f"test_{next(self._numbers)}"
        self.administer(f"CREATE DATABASE {name} OWNER {owner}")
        return name

    def require_password(self, role: str, password: str) -> None:
        """Makes a role that must give a password; all others are trusted."""
        self.administer(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        rules = os.path.join(self._data, "pg_hba.conf")
        with open(rules, "r+", encoding="utf-8") as file:
            others = file.read()
            file.seek(0)
            file.write(f"local all {role} scram-sha-256\n{others}")
        self.administer("SELECT pg_reload_conf()")

    def drop_database(self, name: str) -> None:
        self.administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, os.path.join(self._programs, program), *arguments]
        # Not captured through a pipe, which the server would inherit and keep open.
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/", check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed with status {done.returncode}")
