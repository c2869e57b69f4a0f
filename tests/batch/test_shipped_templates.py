"""The templates that the program ships."""

from __future__ import annotations

import os

import pytest

from vmconsole.commands.acting import read_file, shipped
from vmconsole.errors import NoInput
from vmconsole.resources import data_path
from vmconsole.templates import syntax
from vmconsole.templates.vm import check


@pytest.mark.parametrize("file", sorted(os.listdir(data_path("templates"))))
def test_every_shipped_template_describes_a_vm_and_is_found_by_its_name(file: str) -> None:
    name = file.removesuffix(".tmpl")
    assert check(syntax.parse(read_file(f"@{name}"))).name == name


@pytest.mark.parametrize("word", ["@nowhere", "@../demo/berlin", "@"])
def test_a_name_that_is_not_shipped_is_refused_and_the_others_are_named(word: str) -> None:
    with pytest.raises(NoInput) as refused:
        shipped(word)
    assert "@tiny" in refused.value.hint
