"""A VM template with its meaning: every attribute typed and checked, or all that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from vmconsole.templates import backup, devices, machine, rank, requirements, user_inputs, values
from vmconsole.templates.backup import BackupSpec
from vmconsole.templates.devices import DiskSpec, NicSpec
from vmconsole.templates.errors import Problem, TemplateError
from vmconsole.templates.machine import GraphicsSpec, InputSpec, OsSpec
from vmconsole.templates.names import check_vm_name
from vmconsole.templates.scheduled import ScheduledAction, scheduled_action
from vmconsole.templates.section import Section
from vmconsole.templates.sizes import memory_mib
from vmconsole.templates.template import NOWHERE, Attribute, Place, Template
from vmconsole.templates.user_inputs import UserInput

T = TypeVar("T")

MOST_VCPUS = 4096
MOST_OF_A_KIND = 512

SINGLE_TEXTS = frozenset({"NAME", "CPU", "VCPU", "VCPU_MAX", "MEMORY", "MEMORY_MAX"})
SINGLE_VECTORS = frozenset(
    {"OS", "FEATURES", "GRAPHICS", "CPU_MODEL", "RAW", "CONTEXT", "BACKUP_CONFIG", "USER_INPUTS"}
)
REPEATED_VECTORS = frozenset({"DISK", "NIC", "NIC_ALIAS", "INPUT", "SCHED_ACTION"})
# Written by the controller into a VM's own template; in a template that is read they say nothing.
CONTROLLER_OWNED = frozenset({"VMID", "TEMPLATE_ID", "SNAPSHOT", "AUTOMATIC_REQUIREMENTS"})
EXPRESSIONS: Mapping[str, Callable[[str], object]] = {
    "SCHED_REQUIREMENTS": requirements.parse,
    "SCHED_DS_REQUIREMENTS": requirements.parse,
    "SCHED_RANK": rank.parse,
    "SCHED_DS_RANK": rank.parse,
}


@dataclass(frozen=True, slots=True)
class VmSpec:
    """A virtual machine as it is asked for. `user` has what the VM's owner may change: every attribute not named
    here, and the SCHED_* expressions (USER_TEMPLATE of OpenNebula)."""

    name: str | None
    cpu: float
    vcpu: int
    memory_mib: int
    disks: tuple[DiskSpec, ...] = ()
    nics: tuple[NicSpec, ...] = ()
    aliases: tuple[NicSpec, ...] = ()
    os: OsSpec = field(default_factory=OsSpec)
    features: Mapping[str, bool] = field(default_factory=dict)
    inputs: tuple[InputSpec, ...] = ()
    graphics: GraphicsSpec | None = None
    cpu_model: str | None = None
    raw: str | None = None
    context: Mapping[str, str] | None = None
    backup: BackupSpec = field(default_factory=BackupSpec)
    user_inputs: tuple[UserInput, ...] = ()
    scheduled_actions: tuple[ScheduledAction, ...] = ()
    user: Template = field(default_factory=Template)
    vcpu_max: int | None = None
    """Virtual CPUs the running guest may grow to (ON-039); None for no more than it starts with."""
    memory_max_mib: int | None = None
    """Memory the running guest may grow to; None for no more than it starts with."""

    @property
    def requirements(self) -> str:
        """SCHED_REQUIREMENTS, which hosts will do; empty for every host."""
        return self.user.text("SCHED_REQUIREMENTS")

    @property
    def rank(self) -> str:
        """SCHED_RANK, which host is best; empty for the global policy."""
        return self.user.text("SCHED_RANK")

    @property
    def datastore_requirements(self) -> str:
        """SCHED_DS_REQUIREMENTS, which data stores will do; empty for every one."""
        return self.user.text("SCHED_DS_REQUIREMENTS")


def check(template: Template) -> VmSpec:
    """The VM a template describes. TemplateError lists every problem, with its place when the template was parsed."""
    return _Checker(template).vm()


def backup_spec(machine: Mapping[str, object]) -> BackupSpec:
    """How a VM wants to be backed up; `machine` is its template as data."""
    return _Checker(Template.from_data(machine)).backup()


def check_disk(template: Template) -> DiskSpec:
    """The one DISK of a template for disk-attach. TemplateError when there is none or several, or it is wrong."""
    return _Checker(template).only("DISK", devices.disk)


def check_nic(template: Template) -> NicSpec:
    """The one NIC or NIC_ALIAS of a template for nic-attach. Errors as `check_disk`."""
    key = "NIC_ALIAS" if "NIC_ALIAS" in template else "NIC"
    return _Checker(template).only(key, devices.nic)


def check_scheduled_action(template: Template) -> ScheduledAction:
    """The one SCHED_ACTION of a template, to add or change a schedule. Errors as `check_disk`."""
    return _Checker(template).only("SCHED_ACTION", scheduled_action)


class _Checker:
    """Reads a template section by section and gathers the problems of all of them."""

    def __init__(self, template: Template) -> None:
        self._attributes = template.copy().grouped()
        self._problems: list[Problem] = []

    def vm(self) -> VmSpec:
        singles = self._single_texts()
        spec = VmSpec(
            name=singles.read("NAME", check_vm_name),
            cpu=singles.read("CPU", values.share) or 1.0,
            vcpu=singles.read("VCPU", values.whole(1, MOST_VCPUS)) or 1,
            vcpu_max=singles.read("VCPU_MAX", values.whole(1, MOST_VCPUS)),
            memory_mib=singles.read("MEMORY", memory_mib) or 0,
            memory_max_mib=singles.read("MEMORY_MAX", memory_mib),
            disks=self._each("DISK", devices.disk),
            nics=self._each("NIC", devices.nic),
            aliases=self._each("NIC_ALIAS", devices.nic),
            os=self._one("OS", machine.operating_system) or OsSpec(),
            features=self._one("FEATURES", machine.features) or {},
            inputs=self._each("INPUT", machine.input_device),
            graphics=self._one("GRAPHICS", machine.graphics),
            cpu_model=self._one("CPU_MODEL", machine.cpu_model),
            raw=self._one("RAW", machine.raw),
            context=self._one("CONTEXT", lambda section: dict(section.values)),
            backup=self._one("BACKUP_CONFIG", backup.configuration) or BackupSpec(),
            user_inputs=self._one("USER_INPUTS", _user_inputs) or (),
            scheduled_actions=self._each("SCHED_ACTION", scheduled_action),
            user=self._user(),
        )
        if "MEMORY" not in self._attributes or singles.values.get("MEMORY") == "":
            singles.refuse("MEMORY", "is missing: a VM needs its memory, in MiB")
        self._refuse_repetitions()
        self._refuse_contradictions(spec)
        self._raise_problems()
        return spec

    def backup(self) -> BackupSpec:
        spec = self._one("BACKUP_CONFIG", backup.configuration) or BackupSpec()
        self._raise_problems()
        return spec

    def only(self, key: str, read: Callable[[Section], T]) -> T:
        found = self._attributes.get(key, [])
        if len(found) != 1:
            self._problems.append(Problem(*_place(found), f"{key}: expected exactly one, found {len(found)}"))
        for other, attributes in self._attributes.items():
            if other != key:
                self._problems.append(Problem(*_place(attributes), f"{other}: only {key} is expected here"))
        specs = self._each(key, read)
        self._raise_problems()
        return specs[0]

    def _single_texts(self) -> Section:
        texts: dict[str, str] = {}
        places: dict[str, Place] = {}
        for key in SINGLE_TEXTS:
            for attribute in self._attributes.get(key, []):
                if isinstance(attribute.value, str):
                    texts[key], places[key] = attribute.value, attribute.place
                else:
                    self._problems.append(Problem(*attribute.place, f"{key}: expected a single value, found a vector"))
        return Section("", texts, places, NOWHERE, self._problems)

    def _each(self, key: str, read: Callable[[Section], T]) -> tuple[T, ...]:
        attributes = self._attributes.get(key, [])
        if len(attributes) > MOST_OF_A_KIND:
            message = f"{key}: a VM has at most {MOST_OF_A_KIND}, found {len(attributes)}"
            self._problems.append(Problem(*attributes[MOST_OF_A_KIND].place, message))
            return ()
        sections = (Section.of(attribute, self._problems) for attribute in attributes)
        return tuple(read(section) for section in sections if section is not None)

    def _one(self, key: str, read: Callable[[Section], T]) -> T | None:
        specs = self._each(key, read)
        return specs[-1] if specs else None

    def _user(self) -> Template:
        user = Template()
        known = SINGLE_TEXTS | SINGLE_VECTORS | REPEATED_VECTORS | CONTROLLER_OWNED
        for key, attributes in self._attributes.items():
            for attribute in attributes if key not in known else ():
                user.append(attribute)
                if key in EXPRESSIONS:
                    self._check_expression(attribute)
        return user

    def _check_expression(self, attribute: Attribute) -> None:
        if not isinstance(attribute.value, str):
            self._problems.append(Problem(*attribute.place, f"{attribute.key}: expected a text, found a vector"))
            return
        try:
            EXPRESSIONS[attribute.key](attribute.value)
        except ValueError as err:
            self._problems.append(Problem(*attribute.place, f"{attribute.key}: {err}"))

    def _refuse_repetitions(self) -> None:
        for key in SINGLE_TEXTS | SINGLE_VECTORS | EXPRESSIONS.keys():
            for attribute in self._attributes.get(key, [])[1:]:
                self._problems.append(Problem(*attribute.place, f"{key} is given more than once"))

    def _refuse_contradictions(self, spec: VmSpec) -> None:
        """What each section allows and the sections together do not."""
        for key, least, most in (
            ("VCPU", spec.vcpu, spec.vcpu_max),
            ("MEMORY", spec.memory_mib, spec.memory_max_mib),
        ):
            if most is not None and most < least:
                self._problems.append(
                    Problem(*_place(self._attributes[f"{key}_MAX"]), f"{key}_MAX: is less than {key}, {least}")
                )
        self._refuse_twins("DISK", "TARGET", [disk.target for disk in spec.disks])
        self._refuse_twins("NIC", "MAC", [nic.mac for nic in spec.nics])
        self._refuse_twins("NIC", "NAME", [nic.name for nic in spec.nics])
        devices_there = {f"disk{index}" for index in range(len(spec.disks))}
        devices_there |= {f"nic{index}" for index in range(len(spec.nics))} | set(machine.BOOT_KINDS)
        for device in spec.os.boot:
            if device not in devices_there:
                self._refuse("OS", "BOOT", f"there is no {device}")
        cards = {nic.name or f"NIC{index}" for index, nic in enumerate(spec.nics)}
        for alias in spec.aliases:
            if alias.parent and alias.parent not in cards:
                self._refuse("NIC_ALIAS", "PARENT", f"there is no NIC named {alias.parent}")

    def _refuse_twins(self, key: str, name: str, found: list[str | None]) -> None:
        for text, count in Counter(found).items():
            if text and count > 1:
                self._refuse(key, name, f"{text} is given {count} times")

    def _refuse(self, key: str, name: str, message: str) -> None:
        self._problems.append(Problem(*self._last_place(key, name), f"{key}/{name}: {message}"))

    def _last_place(self, key: str, name: str) -> Place:
        attributes = self._attributes.get(key, [])
        named = [attribute.places[name] for attribute in attributes if name in attribute.places]
        return named[-1] if named else _place(attributes)

    def _raise_problems(self) -> None:
        if self._problems:
            raise TemplateError(self._problems)


def _place(attributes: list[Attribute]) -> Place:
    return attributes[-1].place if attributes else NOWHERE


def _user_inputs(section: Section) -> tuple[UserInput, ...]:
    questions = [section.read(name, partial(user_inputs.parse, name)) for name in section.values]
    return tuple(question for question in questions if question is not None)
