"""The files a guest is told its context by."""

from __future__ import annotations

import json
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from vmconsole.templates.context import ContextFiles, ContextNic, context_files


def files(context: dict[str, str], **more: object) -> ContextFiles:
    given_ = {"vm_id": 7, "name": "web", "attributes": {}, "nics": [], **more}
    return context_files(context, **given_)  # type: ignore[arg-type]


def sourced(text: bytes, key: str) -> str:
    """What a shell that reads the file has in a variable."""
    script = f'. /dev/stdin; printf %s "${key}"'
    return subprocess.run(["sh", "-c", script], input=text, capture_output=True, check=True).stdout.decode()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0$"), max_size=40))
def test_a_shell_reads_back_exactly_what_the_context_says(value: str) -> None:
    assert sourced(files({"GREETING": value}).files["context.sh"], "GREETING") == value


def test_nothing_in_a_value_is_run_by_the_shell() -> None:
    text = files({"EVIL": "'; touch /tmp/vmconsole-evil; '$(id)`id`"}).files["context.sh"]
    assert sourced(text, "EVIL") == "'; touch /tmp/vmconsole-evil; '$(id)`id`"


def test_variables_of_the_vm_are_substituted_and_unknown_ones_left() -> None:
    nics = [ContextNic("02:00:00:00:00:01", "10.0.0.5")]
    context = {"A": "$NAME-$VMID", "B": "${KEY}", "C": "$NIC[IP]", "D": "$UNKNOWN"}
    text = files(context, attributes={"KEY": "v"}, nics=nics).files["context.sh"].decode()
    assert ("A='web-7'" in text, "B='v'" in text, "C='10.0.0.5'" in text, "D='$UNKNOWN'" in text) == (True,) * 4


def test_interfaces_are_told_of_only_when_the_context_asks_for_the_network() -> None:
    nics = [ContextNic("02:00:00:00:00:01", "10.0.0.5")]
    assert b"ETH0" not in files({"A": "1"}, nics=nics).files["context.sh"]
    told = files({"NETWORK": "YES"}, nics=nics).files["context.sh"]
    assert b"ETH0_IP='10.0.0.5'" in told
    assert b"ETH0_MAC='02:00:00:00:00:01'" in told


def test_cloud_init_is_given_an_instance_id_a_host_name_and_keys() -> None:
    document = json.loads(files({"SSH_PUBLIC_KEY": "ssh-ed25519 AAA\nssh-rsa BBB"}).files["meta-data"])
    assert document == {
        "instance-id": "one-7",
        "local-hostname": "web",
        "public-keys": ["ssh-ed25519 AAA", "ssh-rsa BBB"],
    }
