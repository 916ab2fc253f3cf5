import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.base.errors import OptionError
from profiler.measure.remote.connect import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("board", Address("board")),
        ("pi@192.168.1.7", Address("192.168.1.7", "pi")),
        ("fe80::1%eth0", Address("fe80::1%eth0")),
        ("ssh://board", Address("board")),
        ("ssh://pi@board:2222", Address("board", "pi", 2222)),
        ("ssh://pi@[::1]:2222/", Address("::1", "pi", 2222)),
    ],
)
def test_hosts_are_read_as_ssh_reads_them(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "-oProxyCommand=touch /tmp/x", "pi@-oProxyCommand=x", "-l@board", "board;reboot", "$(reboot)", "a b",
        "a\nb", "pi:secret@board", "ssh://board:0", "ssh://board:70000", "ssh://board:22x", "a@b@c", "board\0",
    ],
)  # fmt: skip
def test_what_a_program_could_take_for_an_option_or_a_command_is_no_host(text: str) -> None:
    with pytest.raises(OptionError, match="is no host"):
        parse_address(text)


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_any_text_is_a_plain_host_or_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except OptionError:
        return
    for part in (address.host, address.user or ""):
        assert not part.startswith("-")
        assert not set(part) & set(" \t\n'\"`$;&|<>()\\*?!")
