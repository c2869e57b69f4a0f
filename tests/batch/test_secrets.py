"""A VNC password stands in the store and on the host, and in nothing that is printed or logged."""

from __future__ import annotations

from pathlib import Path

from tests.batch.conftest import Program

SECRET = "geheim77"


def test_no_output_log_or_error_shows_a_vnc_password(program: Program, tmp_path: Path) -> None:
    template, other = tmp_path / "sec.tmpl", tmp_path / "other.tmpl"
    template.write_text(f'NAME = "sec"\nMEMORY = "16"\nGRAPHICS = [ TYPE = "VNC", PASSWD = "{SECRET}" ]\n')
    other.write_text(f'GRAPHICS = [ PASSWD = "{SECRET}2", LISTEN = "not; an address" ]\n')
    outputs = [
        program(*words)
        for words in (
            ("host", "create", "test:///default", "--name", "h1"),
            ("template", "create", template),
            ("template", "instantiate", "sec"),
            ("updateconf", "0", other),
            ("create", other),
        )
    ]
    program.wait_until(0, "runn")
    wanted: list[tuple[str, ...]] = [("show", "0"), ("template", "show", "sec"), ("operation", "list")]
    wanted += [("operation", "show", operation["id"]) for operation in program.json("operation", "list")]
    listings: list[tuple[str, ...]] = [("list",), ("template", "list")]
    for words in (*wanted, *listings):
        outputs += [program(*words, form) for form in ("--json", "--xml", "--yaml")]
        outputs.append(program(*words))
    assert [done.returncode for done in outputs[:3]] == [0, 0, 0]
    assert any('PASSWD="***"' in done.stdout for done in outputs)
    assert not [done.args for done in outputs if SECRET in done.stdout + done.stderr]
    logs = [path for path in program.store.parent.rglob("*") if path.suffix in (".log", ".err")]
    assert logs
    assert not [path for path in logs if SECRET in path.read_text(encoding="utf-8")]
    assert SECRET.encode() in b"".join(path.read_bytes() for path in program.store.parent.glob("vmconsole.db*"))
