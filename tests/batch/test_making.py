"""What `create` and `template instantiate` ask the controller for: checked before anything is queued."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch import rows
from tests.batch.rows import NOW, ROOT
from vmconsole.batch.run import COMMON
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.parsing import parse
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput, Denied, Usage, VmconsoleError
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import User, account
from vmconsole.templates import syntax
from vmconsole.templates.template import Template

WEB = """
MEMORY = "512"
DISK = [ IMAGE = "os", CACHE = "none", TARGET = "vda" ]
DISK = [ IMAGE = "data" ]
NIC = [ NETWORK = "default", MODEL = "e1000" ]
CONTEXT = [ NETWORK = "YES", TOKEN = "abc" ]
GRAPHICS = [ TYPE = "vnc", LISTEN = "::1" ]
"""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A store with the template 0, `web`, of an ordinary user, who is user 1."""
    with open_session(str(tmp_path / "store.db"), create=True) as opened:
        rows.user(opened, 1, "ann")
        rows.insert(
            opened, "template", id=0, name="web", user_id=1, group_id=1, mode=0o644, registered=NOW, body=WEB
        )  # fmt: skip
        yield opened


def prepared(session: Session, *words: str | Path, user: User = ROOT) -> Request:
    """The one operation that a command line stands for."""
    command, rest = registry.find([str(word) for word in words])
    context = Context(session, user, "batch", lambda: NOW)
    (request,) = command.prepare(context, parse(command, rest, common=COMMON))
    return request


def made(session: Session, *words: str | Path, user: User = ROOT) -> Template:
    """The template that VMs would be made of."""
    return syntax.parse(prepared(session, *words, user=user).arguments["template"])


def values(template: Template, *keys: str) -> dict[str, Any]:
    data = template.to_data()
    return {key: data.get(key) for key in keys}


@pytest.mark.covers("ON-048")
def test_a_machine_is_described_by_options_alone(session: Session) -> None:
    template = made(
        session, "create", "--name", "x", "--cpu", "0.5", "--vcpu", "2", "--memory", "1g", "--arch", "x86_64",
        "--boot", "disk0,nic0", "--disk", "os:cache=none,4:size=20000", "--disk", "ann[her disk]",
        "--nic", "default:model=e1000,auto", "--spice", "--spice-listen", "::1", "--context", "A=1,B=two words",
        "--net_context", "--raw", 'FOO = "bar"',
    )  # fmt: skip
    assert template.to_data() == {
        "CPU": "0.5", "VCPU": "2", "MEMORY": "1g", "OS": {"ARCH": "x86_64", "BOOT": "disk0,nic0"},
        "DISK": [
            {"CACHE": "none", "IMAGE": "os"}, {"SIZE": "20000", "IMAGE_ID": "4"},
            {"IMAGE_UNAME": "ann", "IMAGE": "her disk"},
        ],
        "NIC": [{"MODEL": "e1000", "NETWORK": "default"}, {"NETWORK_MODE": "auto"}],
        "GRAPHICS": {"TYPE": "spice", "LISTEN": "::1"}, "CONTEXT": {"A": "1", "B": "two words", "NETWORK": "YES"},
        "FOO": "bar",
    }  # fmt: skip


def test_a_key_and_a_script_are_read_from_files(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    script = tmp_path / "start"
    script.write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(VmconsoleError, match="no public key"):
        made(session, "create", "--memory", "64", "--ssh")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_rsa.pub").write_text("ssh-rsa AAAA mine\n")
    own = made(session, "create", "--ssh", "--memory", "64", "--startscript", script)
    assert own.get("CONTEXT") == {"START_SCRIPT": script.read_text(), "SSH_PUBLIC_KEY": "ssh-rsa AAAA mine"}
    other = tmp_path / "other.pub"
    other.write_text("ssh-rsa BBBB other")
    named = made(session, "create", "--memory", "64", "--ssh", other)
    assert named.get("CONTEXT") == {"SSH_PUBLIC_KEY": "ssh-rsa BBBB other"}


@pytest.mark.covers("ON-136")
def test_an_option_changes_of_a_template_what_it_names(session: Session) -> None:
    template = made(session, "instantiate", "web", "--disk", "os:size=20000", "--memory", "1g", "--context", "A=1")
    assert values(template, "DISK", "MEMORY", "CONTEXT") == {
        "DISK": {"IMAGE": "os", "CACHE": "none", "TARGET": "vda", "SIZE": "20000"},
        "MEMORY": "1g",
        "CONTEXT": {"NETWORK": "YES", "TOKEN": "abc", "A": "1"},
    }
    assert values(template, "NIC", "GRAPHICS") == values(syntax.parse(WEB), "NIC", "GRAPHICS")


@pytest.mark.covers("ON-135")
def test_a_file_replaces_the_disks_of_a_template(session: Session, tmp_path: Path) -> None:
    (tmp_path / "disk.txt").write_text("DISK = [ IMAGE_ID = 4, SIZE = 2000 ]")
    request = prepared(session, "template", "instantiate", "0", tmp_path / "disk.txt")
    assert request.arguments["template_id"] == 0
    template = syntax.parse(request.arguments["template"])
    assert template.get("DISK") == {"IMAGE_ID": "4", "SIZE": "2000"}
    assert values(template, "NIC", "MEMORY") == values(syntax.parse(WEB), "NIC", "MEMORY")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("create", "needs a FILE"),
        ("create {file} --memory 64", "exclude each other"),
        ("instantiate web {file} --disk os", "exclude each other"),
        ("create --memory 64 --vnc --spice", "exclude each other"),
        ("create --memory 64 --vnc-password x", "needs --vnc"),
        ("instantiate web --persistent --multiple 2", "one VM"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    session: Session, tmp_path: Path, line: str, reason: str
) -> None:
    (tmp_path / "some").write_text("MEMORY = 64")
    with pytest.raises(Usage, match=reason):
        prepared(session, *line.format(file=tmp_path / "some").split())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("create --cpu 1", "MEMORY: is missing"),
        ("create --memory 64 --disk :size=3", "names no image"),
        ("create --memory 64 --disk os:seize=3", "no such attribute"),
        ("create --memory much", "MEMORY"),
        ("create --memory 64 --context A", "KEY=VALUE"),
        ("create --memory 64 --multiple 0", "--multiple 0"),
        ("create --memory 64 --name web,1", "','"),
    ],
)
def test_what_no_machine_can_be_made_of_is_refused(session: Session, line: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        prepared(session, *line.split())


def test_a_dry_run_shows_the_template_and_makes_nothing(session: Session) -> None:
    request = prepared(session, "instantiate", "web", "--dry", "--memory", "1g")
    assert request.already
    assert syntax.parse(request.preview).text("MEMORY") == "1g"


def test_only_an_administrator_adds_raw_text_for_the_hypervisor(session: Session, tmp_path: Path) -> None:
    ann = account(session, 1)
    raw = 'MEMORY = 64\nRAW = [ TYPE = "kvm", DATA = "<devices/>" ]'
    (tmp_path / "raw").write_text(raw)
    for words in (
        ("create", tmp_path / "raw"),
        ("create", "--memory", "64", "--raw", raw),
        ("instantiate", "web", tmp_path / "raw"),
        ("template", "create", tmp_path / "raw", "--name", "mine"),
        ("template", "update", "web", tmp_path / "raw"),
    ):
        prepared(session, *words)
        with pytest.raises(Denied, match="RAW"):
            prepared(session, *words, user=ann)
    with session.write():
        session.execute("UPDATE template SET body = ?", (raw,))
    assert "RAW" in made(session, "instantiate", "web", "--memory", "128", user=ann)


def test_the_text_of_a_template_is_replaced_or_merged(session: Session, tmp_path: Path) -> None:
    (tmp_path / "more").write_text('MEMORY = "1024"')
    replaced = prepared(session, "template", "update", "web", tmp_path / "more")
    assert replaced.arguments["body"] == 'MEMORY = "1024"\n'
    merged = syntax.parse(prepared(session, "template", "update", "0", tmp_path / "more", "--append").arguments["body"])
    assert values(merged, "MEMORY") == {"MEMORY": "1024"}
    assert values(merged, "DISK", "NIC") == values(syntax.parse(WEB), "DISK", "NIC")
    (tmp_path / "more").write_text("CPU = 1")
    with pytest.raises(BadInput, match="MEMORY"):
        prepared(session, "template", "update", "web", tmp_path / "more")
