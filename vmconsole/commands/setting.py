"""The commands on settings."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.request import Request
from vmconsole.commands.results import Column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.results import Listing, Text

_HERE = "vmconsole.commands.setting"

COMMANDS: tuple[Command, ...] = (
    Command("config list", "list settings", (), LIST_OPTIONS, reader=f"{_HERE}:list_settings"),
    Command(
        "config set",
        "change a setting of the store",
        (Argument("name", "setting"), Argument("value", "text")),
        (),
        preparer=f"{_HERE}:change",
    ),
)

COLUMNS = (
    Column("NAME", 26, "name of the setting"),
    Column("VALUE", 12, "value in force, without a configuration file", right=True),
    Column("UNIT", 4, "unit"),
    Column("DEFAULT", 12, "value when nothing sets it", right=True),
    Column("MEANING", 60, "what it does", expands=True),
)


def list_settings(context: Context, command: Command, values: Values) -> Listing | Text:
    """Every setting with its value and meaning."""
    from vmconsole import config
    from vmconsole.commands.simple_lists import listing

    settings = config.load(context.session, None)
    documents = [
        {
            "id": setting.name,
            "value": settings[setting.name],
            "unit": setting.unit,
            "default": setting.default,
            "meaning": setting.help,
        }
        for setting in config.SETTINGS
    ]
    rows = [(one["id"], _shown(one["value"]), one["unit"], _shown(one["default"]), one["meaning"]) for one in documents]
    return listing("SETTING", COLUMNS, rows, documents, values)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def change(context: Context, command: Command, values: Values) -> list[Request]:
    """Change a setting for everybody who uses the store."""
    from vmconsole import config

    targets.require_administrator(context, "config set")
    value = config.check(values["name"], values["value"])
    if values["name"] == "placement_rank":
        _check_rank(str(value))
    return [Request("setting.set", {"name": values["name"], "value": value}, label=f"setting {values['name']}")]


def _check_rank(text: str) -> None:
    """Raise BadInput unless the text is a rank of hosts."""
    from vmconsole.errors import BadInput
    from vmconsole.templates import rank
    from vmconsole.templates.errors import RankError

    try:
        rank.parse(text)
    except RankError as error:
        raise BadInput(f"setting placement_rank: {error}", code="INPUT_SETTING") from error
