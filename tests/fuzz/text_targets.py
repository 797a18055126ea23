"""What people write: YAML, flows, expressions, templates, phone numbers, names."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path

from acd.core.commands import DialOut, Leg, Offer
from acd.ivr.expressions import Expression, ExpressionError
from acd.ivr.template import Template
from acd.ivr.values import LONGEST_TEXT, fit
from acd.settings.document import MOST_PROBLEMS, read_document
from acd.settings.load import check
from acd.settings.phone_number import NumberFormat, normalised, read_number, write_number
from acd.telephony import dial_string
from acd.telephony.line import DISPLAY_NAME_MAX, TEXT_MAX, display_name, printable
from tests.fuzz.target import Target, folder, has_no_line_end, parts, text_of
from tests.settings.sandbox import Sandbox

SCOPE: Mapping[str, object] = {
    "n": 7, "x": 2.5, "name": "王芳", "yes": True, "nothing": None,
    "caller": {"number": "+4930123456", "name": "Anna"}, "customer": {"_optional": True, "name": "Ben"},
    "now": {"_value": "2026-11-26", "hour": 9},
}  # fmt: skip
COUNTRIES = (None, "DE", "US", "CN")
_NUMBER = re.compile(r"\+?[0-9]{2,18}")
_DIAL = re.compile(
    r"[A-Za-z0-9_-]{0,64}\|PJSIP/[A-Za-z0-9_+.@:/-]+,[0-9]+,[A-Za-z0-9_()^+-]*(\|hangup)?", re.ASCII
)


def yaml(data: bytes) -> None:
    """A file is read, or what is wrong with it is said, in few and plain words."""
    file = folder() / "any.yml"
    file.write_bytes(data)
    document = read_document(file)
    assert document.readable or document.problems
    assert len(document.problems) <= MOST_PROBLEMS + 1
    for problem in document.problems:
        assert str(problem).isprintable()
        assert len(str(problem)) < 1000


@cache
def _sandbox(name: str) -> Sandbox:
    place = folder() / f"sandbox-{name}"
    shutil.rmtree(place, ignore_errors=True)
    return Sandbox.create(place)


def settings(files: Callable[[Sandbox], list[Path]], name: str, data: bytes) -> None:
    """Whatever one file of a configuration holds, all of it is checked, and what is wrong is said."""
    which, content = parts(data, 2)
    sandbox = _sandbox(name)
    every = files(sandbox)
    file = every[(which[0] if which else 0) % len(every)]
    before = file.read_bytes()
    try:
        file.write_bytes(content)
        for line in check(sandbox.config, sandbox.flows):
            assert line.isprintable(), line
            assert len(line) < 1500, line
    finally:
        file.write_bytes(before)


def _of_config(sandbox: Sandbox) -> list[Path]:
    return sorted(file for file in sandbox.config.rglob("*") if file.suffix in (".yml", ".csv"))


def _of_flows(sandbox: Sandbox) -> list[Path]:
    return sorted(sandbox.flows.rglob("*.yml"))


def expression(data: bytes) -> None:
    """It is one, or it is said why not; it has a value that a variable may hold, or it is said why not."""
    try:
        made = Expression.compile(text_of(data))
        value = made.evaluate(SCOPE)
    except ExpressionError as error:
        assert len(str(error)) < 5000
        return
    assert fit(value) == value


def template(data: bytes) -> None:
    """The same for texts with expressions in them."""
    try:
        made = Template.compile(text_of(data))
    except ExpressionError:
        return
    shown = made.render(SCOPE)
    assert len(shown) <= len(data) + LONGEST_TEXT * max(1, len(made.parts))


def phone(data: bytes) -> None:
    """It becomes a number in normal form, which stays as it is, or none."""
    text = text_of(data)
    for country in COUNTRIES:
        found = [normalised(text, country), *(read_number(text, form, country) for form in NumberFormat)]
        for number in filter(None, found):
            assert _NUMBER.fullmatch(number), number
            assert normalised(number, country) == number
            for form in NumberFormat:
                assert re.fullmatch(r"\+?[0-9]{1,20}", write_number(number, form, country))


def dial(data: bytes) -> None:
    """What is dialled is of allowed characters and has the parts that it should have, or nothing is dialled."""
    a, b, c, d = map(text_of, parts(data, 4))
    offer = Offer("a-1", "anna", a, 15.0, b, c)
    out = DialOut("a-1", a, b, c, d, 30.0, "sales")
    leg = Leg(f"{a}.1", b, c)
    tries: list[Callable[[], str | dict[str, str | list[str]]]] = [
        lambda: dial_string.phone_dial(offer, call_id_header=True, ends_with_agent=True),
        lambda: dial_string.outside_dial(out),
        lambda: "|" + dial_string.emergency_dial(a, b, c),
        lambda: dial_string.agent_leg(offer, leg, "Callback"),
        lambda: dial_string.customer_leg(out, leg),
        lambda: dial_string.address_dial(a, 30.0, b),
    ]
    for attempt in tries:
        try:
            made = attempt()
        except ValueError:
            continue
        if isinstance(made, str):
            assert _DIAL.fullmatch(made), made
            continue
        for header in made.values():
            for value in [header] if isinstance(header, str) else header:
                assert has_no_line_end(value)
                assert not set("$[]{}&|;\\") & set(value), value
                value.encode()


def shown(data: bytes) -> None:
    """Names of callers can be shown: nothing in them ends a header or a line."""
    text = text_of(data)
    name, plain = display_name(text), printable(text)
    assert len(name) <= DISPLAY_NAME_MAX
    assert len(plain) <= TEXT_MAX
    assert not set('"\\<>${}[]|&;') & set(name)
    for each in (name, plain):
        assert each == "" or each.isprintable()
        each.encode()


def _seeds(folder_: str, pattern: str) -> tuple[bytes, ...]:
    """Small files of the example."""
    root = Path(__file__).parents[2] / folder_
    return tuple(file.read_bytes() for file in sorted(root.rglob(pattern)) if file.stat().st_size < 3000)[:6]


_YAML_WORDS = (b"\n", b"  ", b": ", b"- ", b"&a ", b"*a", b"!!python/object:os.system", b"---\n", b"[" * 50, b"{a: " * 30,
               b"<<: ", b"? ", b"'", b'"', b"|\n", b"0x1", b"1e400", b"2026-11-26", b"yes", b"\xef\xbb\xbf", b"\xff\xfe", b"\x85")  # fmt: skip
_EXPRESSION_WORDS = (b"{{", b"}}", b" and ", b" not ", b" in ", b"|int", b"|default('')", b"|replace(1,2)", b"(", b")", b"**", b"//",
                     b"~", b" if ", b" else ", b"name", b"caller.number", b"__class__", b"9" * 16, b"'", b"[1:]", b"is defined", b"%")  # fmt: skip

TEXT_TARGETS = (
    Target("yaml", yaml, (b"a: 1\nb: [x, {c: d}]\n", *_seeds("config", "*.yml")), _YAML_WORDS),
    Target(
        "settings",
        partial(settings, _of_config, "config"),
        tuple(bytes([at]) + b"\xff|" + text for at, text in enumerate(_seeds("tests/fixtures/faulty/_base/config", "*.*"))),
        (*_YAML_WORDS, b"\xff|"),
        slow=True,
    ),
    Target(
        "flows",
        partial(settings, _of_flows, "flows"),
        tuple(bytes([at]) + b"\xff|" + text for at, text in enumerate(_seeds("tests/fixtures/faulty/_base/ivr_flows", "*.yml")))
        + tuple(b"\0\xff|" + text for text in _seeds("ivr_flows", "*.yml")),
        (*_YAML_WORDS, *_EXPRESSION_WORDS),
        slow=True,
    ),
    Target(
        "expression",
        expression,
        (b"n + 1 > 7 and caller.number == '+4930123456'", b"name|upper ~ ' ' ~ (x * 2)|round(1)", b"now", b"n if yes else x"),
        _EXPRESSION_WORDS,
    ),
    Target("template", template, (b"Good day, {{ customer.name }}: {{ n + 1 }}", b"{{ 'a' }}{{ x }}"), _EXPRESSION_WORDS),
    Target(
        "phone",
        phone,
        (b"+49 30 123456", b"0049-30-123456", b"(030) 123456", b"1001", b"+8613800138000", b"110", b"+1 202 555 0100"),
        (b"+", b"00", b"\xef\xbc\x91", b";ext=1", b"tel:", b";phone-context=+1", b"x", b"\xc2\xa0"),
    ),
    Target(
        "dial",
        dial,
        (b"1001\xff|default\xff|sales", b"provider\xff|+4930123456\xff|004930123456\xff|+493099", b"a26-1\xff|+4930123456\xff|Anna"),
        (b"\xff|", b"&", b",", b"${", b"}", b"|", b"\r\n", b"@", b"/", b"^", b"\xd9\xa1", b"PJSIP/"),
    ),
    Target("shown", shown, (b"Anna Weber", "王小明".encode()), (b'"', b"<", b"\r\n", b"\x1b[31m", b"\xe2\x80\xae")),
)  # fmt: skip
