"""What pages show of the configuration's files: no key that stands in them."""

from __future__ import annotations

import pytest
import yaml

from acd.web.masked_files import masked_message, masked_text

CRM = """# the CRM
directory:
  http:
    url: https://crm.example/find?number={number}   # 钥匙 🔑
    headers: {X-Key: s3cret, Authorization: "Bearer s3cret", X-Env: {env: CRM_KEY}, env: s3cret}
    map: {id: customer.id}
links: []
"""
FLOW = """steps:
  - lookup:
      get: "'http://127.0.0.1/' ~ account"
      headers:
        X-Key: "'s3cret'"
        X-Long: |
          s3cret
          more s3cret
        X-Env: {env: FLOW_KEY}
      into: {balance: account.balance}
  - say: [headers]
"""
TURN = """desktop:
  ice_servers:
    - {urls: "turn:a.example", username: u, credential: s3cret}
    - {urls: "turn:b.example", username: u, credential: {env: TURN_PASSWORD}}
"""


@pytest.mark.parametrize("text", [CRM, FLOW, TURN])
def test_values_are_dots_and_all_else_is_as_it_was(text: str) -> None:
    shown = masked_text(text)
    assert "s3cret" not in shown
    assert shown.count("•••") == text.count("s3cret") - text.count("more s3cret")
    assert yaml.safe_load(shown).keys() == yaml.safe_load(text).keys()
    for kept in (
        "env: ",
        "# the CRM",
        "钥匙 🔑",
        "map: {id: customer.id}",
        "into: {balance",
        "say: [headers]",
    ):
        assert (kept in shown) == (kept in text), kept


@pytest.mark.parametrize("text", [CRM, FLOW, TURN])
@pytest.mark.parametrize("broken", ["\n  - : }{", "\tx: [", "\x00"])
def test_nor_are_they_shown_of_a_file_with_mistakes(text: str, broken: str) -> None:
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(text + broken)
    shown = masked_text(text + broken)
    assert "s3cret" not in shown
    assert shown.splitlines()[0] == text.splitlines()[0]


def test_hostile_files_cost_no_more_than_their_size() -> None:
    bomb = "headers: &a [x, x]\n" + "".join(f"k{n}: &b{n} [*a, *a]\n" for n in range(1000))
    assert masked_text(bomb).count("•••") == 2
    assert masked_text("headers: " + "[" * 5000) is not None


@pytest.mark.parametrize(
    "text",
    [
        "crm:\n  # headers: {X-Key: s3cret}\n  # see https://crm.example/a\n",
        "crm:\n  # X-Key=s3cret\n  credential: {env: NAME}\n",
        "headers: {A: {env: NAME}}  # was s3cret\n",
        "headers:\n  A: {env: NAME}  # s3cret\n  # s3cret\nmap: {id: a}  # the customer\n",
        "a: &h {A: s3cret}\nheaders: *h\n",
        "a: &a s3cret\nb: &b {A: *a}\nc: {headers: {<<: *b}}\n",
        "k: &k headers\n*k : {A: s3cret}\n",
        "? headers\n: {A: s3cret}\n",
        '"head\\u0065rs": {A: s3cret}\n',
        "headers: {A: {env: {env: s3cret}}}\n",
        "headers:\n  - {env: s3cret}\n",
    ],
)
@pytest.mark.parametrize("broken", ["", "bad: [\n"])
def test_other_ways_to_write_one(text: str, broken: str) -> None:
    shown = masked_text(text + broken)
    assert "s3cret" not in shown
    for kept in ("# see https://crm.example/a", "{env: NAME}", "# the customer"):
        assert broken or (kept in shown) == (kept in text), kept


def test_a_chain_of_anchors_costs_no_more_than_its_length() -> None:
    chain = "a0: &a0 s3cret\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(1000))
    assert "s3cret" not in masked_text(f"{chain}headers: {{A: *a1000}}\n")


@pytest.mark.parametrize(
    "below",
    [
        "headers:\n  - s3cret\n",
        "headers: {\n  A: s3cret,\nB: s3cret}\n",
        'headers:\n    A: "x\n  s3cret"\n',
    ],
)
def test_where_a_file_is_no_yaml_also_what_stands_no_further_to_the_right(below: str) -> None:
    text = f"crm:\n  {below}  timeout_s: 2\nbad: [\n"
    shown = masked_text(text)
    assert "s3cret" not in shown
    assert "timeout_s: 2\nbad: [" in shown


def test_messages_quote_nothing_of_them() -> None:
    said = "expected an expression, got 's3cret'"
    assert masked_message("main > lookup > headers > X-Key", said) == "expected an expression, got '•••'"
    assert masked_message("main > lookup > get", said) == said
    quoted = "expected an expression, got 'it's s3cret'"
    assert masked_message("main > lookup > headers > X-Key", quoted) == "expected an expression, got '•••'"
