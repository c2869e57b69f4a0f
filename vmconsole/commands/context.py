"""What every command is given: the store, who asks, from which face, and the clock."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vmconsole.store.session import Session
    from vmconsole.store.users import User


class Context:
    """The surroundings of one command.

    Args:
        session: the open store.
        user: who asks; rights are checked against this account.
        face: console, batch or schedule; recorded with each operation.
        clock: Unix seconds now.
        ask: puts a question to the person and returns the answer; None where nobody can be asked.
        summon: has a controller look at the store; a face that sees to one itself gives nothing.
        url, config: of the store, and of the file of settings if there is one.
        answers: to a template's questions, by name, beside those on the command line, where no secret may stand.
    """

    __slots__ = ("answers", "ask", "clock", "config", "face", "session", "summon", "url", "user")

    def __init__(
        self,
        session: Session,
        user: User,
        face: str,
        clock: Callable[[], float],
        ask: Callable[[str, bool], str] | None = None,
        summon: Callable[[], None] = lambda: None,
        answers: Mapping[str, str] | None = None,
        url: str = "",
        config: str | None = None,
    ) -> None:
        self.session = session
        self.user = user
        self.face = face
        self.clock = clock
        self.ask = ask
        self.summon = summon
        self.answers = answers or {}
        self.url = url
        self.config = config
