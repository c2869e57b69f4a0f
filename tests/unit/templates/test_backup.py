"""BACKUP_CONFIG: what a VM says of its own backups."""

from __future__ import annotations

import pytest

from vmconsole.templates import configuration
from vmconsole.templates.backup import BackupSpec
from vmconsole.templates.errors import TemplateError
from vmconsole.templates.syntax import parse
from vmconsole.templates.vm import backup_spec, check


def test_a_vm_without_any_wish_is_backed_up_in_full_at_rest_if_it_can_be() -> None:
    assert backup_spec({}) == BackupSpec(incremental=False, keep_last=None, freeze=True, volatile=False)


def test_the_section_is_read_with_the_template_and_may_be_changed_later() -> None:
    section = 'BACKUP_CONFIG = [ MODE = "increment", KEEP_LAST = "4", FS_FREEZE = "none", BACKUP_VOLATILE = "yes" ]'
    wanted = BackupSpec(incremental=True, keep_last=4, freeze=False, volatile=True)
    assert check(parse(f'MEMORY = "64"\n{section}')).backup == wanted
    after = configuration.changed({"MEMORY": "64"}, configuration.parse(section), append=False)
    assert backup_spec(after.to_data()) == wanted


@pytest.mark.parametrize("wrong", ['MODE = "half"', 'KEEP_LAST = "0"', 'FS_FREEZE = "hard"', 'KEEP = "1"'])
def test_a_section_that_makes_no_sense_is_refused(wrong: str) -> None:
    with pytest.raises(TemplateError, match="BACKUP_CONFIG/"):
        check(parse(f'MEMORY = "64"\nBACKUP_CONFIG = [ {wrong} ]'))
