"""config/customers.yml: each mistake with its file and line, as `acd customers` finds it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from acd.errors import SettingsError
from acd.settings.assemble_customers import read_customer_settings

CHECKOUT = Path(__file__).parents[2]
DIRECTORY = "directory:\n  http:\n    url: {url}\n    map: {{{map}}}\n"
SOUND_URL = "https://crm.example/who?n={number}"

FAULTS = [
    ("fields:\n  since:\n    label: Since\n    type: dat\n", 4, "type"),
    ("fields:\n  product:\n    label: Product\n    type: choice\n", 2, "belong together"),
    ("greetings:\n  '*':\n    en: Hello {nobody}\n", 3, "{nobody} is unknown in a greeting"),
    ("links:\n- label: CRM\n  url: javascript:alert(1)\n", 3, "only http and https"),
    ("links:\n- label: CRM\n  url: https://{name}.example/\n", 3, "the host must be written out"),
    ("arrival_wait_s: 20\n", 1, "arrival_wait_s"),
    (DIRECTORY.format(url="https://crm.example/who", map="id: id"), 3, "{number} in it"),
    (DIRECTORY.format(url=SOUND_URL, map="name: name"), 2, "`id`"),
    (DIRECTORY.format(url=SOUND_URL, map="id: a..b"), 4, "a path into the answer"),
    (DIRECTORY.format(url=SOUND_URL, map="id: id, nam: name"), 4, "name"),
    (
        DIRECTORY.format(url=SOUND_URL, map="id: id") + "    headers: {X-Key: {env: ACD_NO_SUCH_KEY}}\n",
        5,
        "no variable 'ACD_NO_SUCH_KEY'",
    ),
]


@pytest.mark.parametrize(("text", "line", "says"), FAULTS)
def test_mistakes(tmp_path: Path, text: str, line: int, says: str) -> None:
    shutil.copy(CHECKOUT / "config" / "system.yml", tmp_path)
    (tmp_path / "customers.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as faulty:
        read_customer_settings(tmp_path)
    [problem] = faulty.value.problems
    assert f"customers.yml:{line}:" in problem
    assert says in problem
