from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends import connect
from backends.base import BadUri
from backends.uri import MAX_LENGTH, parse

SSH = "qemu+ssh://root@host.example:2222/system?keyfile=/root/.ssh/key&no_tty=1"


@pytest.mark.parametrize(
    "uri",
    [
        "qemu:///system",
        "qemu:///session",
        "qemu+unix:///system",
        "qemu:///system?mode=legacy",
        "qemu+ssh://host/system",
        "qemu+ssh://host_alias/session",
        "qemu+ssh://root@10.0.0.1/system?proxy=native&mode=direct&sshauth=agent,privkey&known_hosts=/etc/keys",
        "qemu+ssh://admin@[fd00::1]:22/system",
        "qemu+tls://host/system?no_verify=1",
        "test:///default",
        "test:///srv/fleet%20one.xml",
        SSH,
    ],
)
def test_an_allowed_uri_is_shown_as_it_was_given(uri: str) -> None:
    assert parse(uri).safe == uri


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        ("", "qemu+ssh://"),
        ("hostalias", "qemu+ssh://"),
        ("qemu:/system", "qemu+ssh://"),
        ("xen:///system", "xen"),
        ("qemu+ext://host/system?command=/bin/true", "ext"),
        ("test+ext:///default?command=/bin/true", "ext"),
        ("test+ssh://host/default", "ssh"),
        ("qemu+tcp://host/system", "tcp"),
        ("qemu+libssh2://host/system", "libssh2"),
        ("qemu+://host/system", "transport"),
        ("QEMU:///system", "QEMU"),
        ("qemu+ssh:///system", "host name"),
        ("qemu://host/system", "takes no host name"),
        ("qemu+unix://host/system", "takes no host name"),
        ("qemu+ssh://host", "path"),
        ("qemu+ssh://host/embed", "/embed"),
        ("qemu+ssh://host/system/", "/system/"),
        ("qemu+ssh://host/..%2fsystem", "path"),
        ("qemu+ssh://-oProxyCommand=x/system", "-oProxyCommand"),
        ("qemu+ssh://-l@host/system", "-l"),
        ("qemu+ssh://a@b@host/system", "a@b"),
        ("qemu+ssh://root:secret@host/system", "password"),
        ("qemu+ssh://@host/system", "user"),
        ("qemu+ssh://ho$(id)st/system", "ho$(id)st"),
        ("qemu+ssh://host;id/system", "host;id"),
        ("qemu+ssh://host:0/system", "0"),
        ("qemu+ssh://host:65536/system", "65536"),
        ("qemu+ssh://host:+22/system", "+22"),
        ("qemu+ssh://host:/system", "port"),
        ("qemu+ssh://[fd00::1/system", "IPv6"),
        ("qemu+ssh://[fd00::1]x/system", "IPv6"),
        ("qemu+ssh://[fe80::1%25eth0]/system", "IPv6"),
        ("qemu+ssh://[not-an-address]/system", "IPv6"),
        ("qemu+ssh://host/system#x", "#"),
        ("qemu+ssh://host/system?", "''"),
        ("qemu+ssh://host/system?command=/bin/true", "command"),
        ("qemu+ssh://host/system?COMMAND=/bin/true", "COMMAND"),
        ("qemu+ssh://host/system?%63ommand=/bin/true", "ommand"),
        ("qemu+ssh://host/system?no_tty=1;command=/bin/true", "no_tty"),
        ("qemu+ssh://host/system?netcat=nc", "netcat"),
        ("qemu+ssh://host/system?socket=/x$(id)", "socket"),
        ("qemu+ssh://host/system?pkipath=/tmp", "pkipath"),
        ("qemu+ssh://host/system?authfile=/tmp/x", "authfile"),
        ("qemu+ssh://host/system?no_sanity=1", "no_sanity"),
        ("qemu+ssh://host/system?no_tty=yes", "no_tty"),
        ("qemu+ssh://host/system?no_verify", "no_verify"),
        ("qemu+ssh://host/system?keyfile=relative", "keyfile"),
        ("qemu+ssh://host/system?keyfile=/a%0ab", "keyfile"),
        ("qemu+ssh://host/system?keyfile=/a&keyfile=/b", "twice"),
        ("qemu+ssh://host/system?keyfile=/%ff", "bytes"),
        ("qemu:///system?keyfile=/a", "keyfile"),
        ("test:///default?mode=auto", "mode"),
        ("test:///", "test URI"),
        ("test://host/default", "host name"),
        ("test:///a%00b", "test URI"),
        ("qemu+ssh://host/system\n", "control"),
        ("qemu+ssh://h st/system", "blank"),
        ("qemu+ssh://h\u00f6st/system", "ASCII"),
        ("qemu+ssh://host\x1b]0;x\x07/system", "control"),
    ],
)
def test_a_refused_uri_is_refused_with_the_part_named(uri: str, named: str) -> None:
    with pytest.raises(BadUri) as refusal:
        parse(uri)
    assert named in refusal.value.message


def test_a_uri_beyond_the_length_limit_is_refused() -> None:
    with pytest.raises(BadUri):
        parse("test:///" + "a" * MAX_LENGTH)


def test_a_command_in_a_uri_is_never_run(tmp_path: Path) -> None:
    marker, program = tmp_path / "marker", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    for uri in (f"qemu+ssh://host/system?command={program}", f"qemu+ext:///system?command={program}"):
        with pytest.raises(BadUri):
            connect(uri, name="h1", run_dir=tmp_path)
    assert not marker.exists()


def test_ssh_is_always_kept_off_the_terminal() -> None:
    assert "no_tty=1" in parse("qemu+ssh://host/system").render()
    assert "no_tty=1" in parse("qemu+ssh://host/system?no_tty=0").render()


def test_an_unchecked_host_is_marked_for_a_warning() -> None:
    assert parse("qemu+ssh://host/system?no_verify=1").unverified
    assert not parse("qemu+ssh://host/system?no_verify=0").unverified
    assert not parse(SSH).unverified


def test_a_value_cannot_smuggle_a_parameter_into_what_libvirt_reads() -> None:
    rendered = parse("qemu+ssh://host/system?keyfile=/k%26command%3D/bin/sh%3bsocket%3d1").render()
    assert rendered == "qemu+ssh://host/system?keyfile=/k%26command%3D/bin/sh%3Bsocket%3D1&no_tty=1"


@given(st.text(max_size=60))
def test_whatever_passes_means_the_same_when_read_again(text: str) -> None:
    for uri in (text, f"qemu+ssh://{text}/system", f"qemu+ssh://host/system?{text}", f"test:///{text}"):
        with suppress(BadUri):
            parsed = parse(uri)
            assert parse(parsed.safe) == parsed
            assert parsed.safe.isascii()
            assert parsed.safe.isprintable()
