"""Passwords are starred wherever templates are shown."""

from __future__ import annotations

import pytest

from vmconsole.templates.secrets import concealed, concealed_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('GRAPHICS = [ PASSWD = "geheim", TYPE = "VNC" ]', 'GRAPHICS = [ PASSWD = "***", TYPE = "VNC" ]'),
        (r'PASSWORD="a \"b\" c" X="1"', 'PASSWORD="***" X="1"'),
        ("passwd = geheim, TYPE = VNC ]", 'passwd = "***", TYPE = VNC ]'),
        ('PASSWD =\n "ge\nheim"', 'PASSWD =\n "***"'),
        ('NO_PASSWD_HERE = "1"', 'NO_PASSWD_HERE = "1"'),
        ('ROOT_PASSWORD = "shown"', 'ROOT_PASSWORD = "shown"'),
    ],
)
def test_a_text_keeps_everything_but_the_password(text: str, shown: str) -> None:
    assert concealed_text(text) == shown


def test_a_document_is_starred_at_any_depth_and_left_as_it_is() -> None:
    document = {"template": 'PASSWD = "geheim"', "vm": {"GRAPHICS": [{"PASSWD": "geheim", "PORT": 1, "PASSWORD": ""}]}}
    assert concealed(document) == {
        "template": 'PASSWD = "***"',
        "vm": {"GRAPHICS": [{"PASSWD": "***", "PORT": 1, "PASSWORD": ""}]},
    }
    assert "geheim" in str(document)
