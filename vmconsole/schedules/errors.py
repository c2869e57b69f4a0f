"""Everything that can be wrong with a rule of time a person wrote.

BadInput(ValueError)        code INPUT             of vmconsole.templates.errors, which every face already answers
└── ScheduleError           code INPUT_SCHEDULE    one or many problems
    ├── TimeError           code INPUT_TIME        a moment cannot be read or does not exist
    ├── CronError           code INPUT_CRON        a cron expression cannot be read or never fires
    └── UnknownZone         code INPUT_TIME_ZONE   the time-zone database does not have it
"""

from __future__ import annotations

from collections.abc import Iterable

from vmconsole.templates.errors import BadInput


class ScheduleError(BadInput):
    """A rule of time is refused; `problems` lists all that is wrong with it, one sentence each."""

    code = "INPUT_SCHEDULE"

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class TimeError(ScheduleError):
    """A moment cannot be read, does not exist or is out of bounds."""

    code = "INPUT_TIME"


class CronError(ScheduleError):
    """A cron expression cannot be read, or names no day at all."""

    code = "INPUT_CRON"


class UnknownZone(ScheduleError):
    """A time zone is not in the time-zone database."""

    code = "INPUT_TIME_ZONE"
