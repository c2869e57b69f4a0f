"""The documents name what there is, and only that."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from vmconsole.commands import registry

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_every_command_and_every_option_has_one_line_of_help() -> None:
    told = {command.words: command.help for command in registry.every()}
    told |= {f"{each.words} {option.long}": option.help for each in registry.every() for option in each.options}
    assert [name for name, text in told.items() if not text or "\n" in text] == []


def test_every_command_is_in_the_readme_or_the_documents_beside_it() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS if path.parent.name != "adr")
    coded = " ".join(re.findall(r"`([^`\n]+)`", text) + re.findall(r"```[^\n]*\n(.*?)```", text, re.DOTALL))
    words = [command.words for command in registry.every()]
    assert [each for each in words if not re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", coded)] == []


def test_every_task_that_a_document_names_is_one_of_run() -> None:
    told = subprocess.run([ROOT / "run", "help"], check=True, capture_output=True, text=True).stdout
    tasks = set(re.findall(r"^  (\w+)", told, re.MULTILINE)) | {"help"}
    named = {task for path in DOCUMENTS for task in re.findall(r"\./run ([a-z]+)", path.read_text(encoding="utf-8"))}
    assert named <= tasks


@pytest.mark.parametrize("document", names(DOCUMENTS))
def test_every_link_into_the_tree_leads_somewhere(document: str) -> None:
    path = ROOT / document
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_records_of_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("record", names(RECORDS))
def test_a_record_tells_the_context_the_decision_and_its_consequences(record: str) -> None:
    path = ROOT / record
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"# {int(path.name[:4])}. ")
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
