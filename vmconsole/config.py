"""The settings, one row each with unit, default and meaning. A TOML file sets them; the store's own win over it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmconsole.errors import BadInput, NoInput, NotFound, Unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmconsole.store.session import Store

PREFIX = "setting:"
"""Keys of the store's table `meta` that hold settings."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `unit` is s, % or empty; `low` and `high` bound numbers; `choices` bounds words."""

    name: str
    default: float | bool | str
    unit: str
    help: str
    low: float = 0
    high: float = 1e9
    choices: tuple[str, ...] = ()


POLICIES = ("packing", "striping", "load", "custom", "fixed")

SETTINGS: tuple[Setting, ...] = (
    Setting("shutdown_timeout", 180.0, "s", "how long a guest may ignore the power button before that is final", 1),
    Setting("force_destroy_on_timeout", False, "", "cut the power of a guest that ignores the power button"),
    Setting("vm_submit_on_hold", False, "", "new VMs wait on hold until they are released"),
    Setting("sweep_period", 5.0, "s", "time between two looks at everything on a host", 0.2, 3600),
    Setting("sweep_deadline", 10.0, "s", "how long a host may take to answer a sweep", 1, 600),
    Setting("unreachable_after", 20.0, "s", "silence after which a host is in error, its VMs unknown", 1, 3600),
    Setting("connect_timeout", 10.0, "s", "how long connecting may take to a host that has no limit itself", 1, 600),
    Setting("sample_period", 60.0, "s", "time between two stored monitoring samples of a VM", 1, 86400),
    Setting("sample_keep", 43200.0, "s", "age at which monitoring samples are dropped", 60, 31536000),
    Setting("placement_period", 15.0, "s", "time between two placement cycles when none is asked for", 0.2, 3600),
    Setting("schedule_period", 15.0, "s", "time after which a refused scheduled action is tried again", 0.2, 3600),
    Setting("placement_policy", "striping", "", "which host gets a new VM", choices=POLICIES),
    Setting("placement_rank", "", "", "the rank of hosts under the policy custom, for VMs without one of their own"),
    Setting("datastore_capacity_check", True, "", "new disks need room for their full size in a datastore"),
    Setting("datastore_policy", "striping", "", "which datastore gets a new VM's files", choices=POLICIES[:2]),
    Setting("migration_bandwidth", 0, "", "MiB a second that a live migration may take, 0 for all there is", 0, 65536),
    Setting("live_resched", False, "", "a running VM that is to leave its host moves while it runs"),
    Setting("idle_exit", 600.0, "s", "a controller started on demand ends after this long without work", 1),
    Setting("operations_per_host", 4, "", "operations executed at the same time on one host", 1, 64),
    Setting("backups_at_once", 5, "", "backups that schedules have under way at the same time", 1, 1000),
    Setting("backups_per_host", 2, "", "backups that schedules have under way at the same time on one host", 1, 100),
    Setting("missing_reports", 3, "", "sweeps without a domain after which its VM counts as powered off", 1, 100),
)  # fmt: skip

BY_NAME = {setting.name: setting for setting in SETTINGS}


_YES, _NO = ("yes", "true", "on", "1"), ("no", "false", "off", "0")


class Settings:
    """The values in force: ``settings["sweep_period"]``."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._values = {setting.name: setting.default for setting in SETTINGS}
        self._values.update(values or {})

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def put(self, name: str, value: Any) -> None:
        """Take a changed setting up at once."""
        self._values[name] = value

    def number(self, name: str) -> float:
        """A numeric setting, in the setting's unit."""
        return float(self._values[name])


def check(name: str, value: object) -> float | bool | str:
    """The value as the setting wants it.

    Raises:
        NotFound: there is no such setting.
        BadInput: the value is of the wrong kind or out of bounds.
    """
    setting = BY_NAME.get(name)
    if setting is None:
        raise NotFound(f"there is no setting {name!r}", code="NO_SETTING", hint=f"settings: {', '.join(BY_NAME)}")
    if isinstance(setting.default, bool):
        word = str(value).lower()
        if word not in _YES and word not in _NO:
            raise BadInput(f"setting {name} is yes or no, not {value!r}", code="INPUT_SETTING")
        return word in _YES
    if isinstance(setting.default, str):
        if setting.choices and value not in setting.choices:
            raise BadInput(f"setting {name} is one of {', '.join(setting.choices)}", code="INPUT_SETTING")
        return str(value)
    try:
        number = float(str(value))
    except ValueError:
        number = float("nan")
    if not setting.low <= number <= setting.high:
        raise BadInput(
            f"setting {name} is a number from {setting.low:g} to {setting.high:g}, not {value!r}", code="INPUT_SETTING"
        )
    return int(number) if isinstance(setting.default, int) else number


def read_file(path: str | None) -> dict[str, Any]:
    """The settings of a TOML file; none when `path` is None.

    Raises:
        NoInput: the file is missing or unreadable.
        Unusable: somebody else may write it, it is not TOML, or it holds something that is no setting.
    """
    if path is None:
        return {}
    import tomllib

    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022:
                raise Unusable(
                    f"configuration file {path}: others may write it",
                    code="CONFIG_UNSAFE",
                    hint=f"chmod go-w {path}",
                )
            values = tomllib.load(file)
    except OSError as error:
        raise NoInput(f"configuration file {path}: {error.strerror}", code="CONFIG_FILE") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"configuration file {path}: {error}", code="CONFIG_SYNTAX") from error
    try:
        return {name: check(name, value) for name, value in values.items()}
    except (NotFound, BadInput) as error:
        raise Unusable(f"configuration file {path}: {error.message}", code="CONFIG_VALUE", hint=error.hint) from error


def load(store: Store, path: str | None) -> Settings:
    """Defaults, under the file's settings, under the store's."""
    values = read_file(path)
    for key, text in store.query("SELECT key, value FROM meta WHERE key LIKE ?", (f"{PREFIX}_%",)):
        name = key.removeprefix(PREFIX)
        if name in BY_NAME:
            values[name] = check(name, text)
    return Settings(values)
