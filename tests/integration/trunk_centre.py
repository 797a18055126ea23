"""A centre with trunks to a provider, and agents with different roles."""

from __future__ import annotations

from pathlib import Path

from tests.integration.centre import Centre
from tests.integration.provider import BACKUP_ADDRESS, MAIN_ADDRESS, PASSWORD, Provider

TRUNKS = """
  main:                       # by registration; the provider wants its user in From, our number beside it
    server: {main}
    port: {port}
    login: {{user: acd-main, password_env: ACD_TEST_TRUNK_PASSWORD}}
    registration: {{expires_s: 20, contact_user: "+49305550100"}}
    codecs: [ulaw]            # as the tests' phones: docs/telephony.md, "Joined with another codec"
    caller_id_in: p_asserted_identity
    caller_id: "+49 30 5550101"
    calls_max: 1
  backup:                     # by address, with national numbers
    server: {backup}
    port: {port}
    addresses: [{backup}]
    authentication: none
    codecs: [alaw]
    number_format: national
    caller_id: "+49 30 5550102"
    default: {{group: support}}
  wrong:                      # with a password that the provider does not take
    server: {main}
    port: {port}
    login: {{user: acd-main, password_env: ACD_TEST_WRONG_PASSWORD}}
    registration: {{}}
  dead:                       # nobody is there
    server: 127.0.0.12
    addresses: [127.0.0.12]
    authentication: none
    caller_id: "+49 30 5550102"
  nameless:                   # its name is not found
    server: sip.nameless.test
    addresses: [127.0.0.14]
    authentication: none
    caller_id: "+49 30 5550102"
  asked:                      # has to prove who it is; the number dialled is in To
    addresses: [127.0.0.13]
    authentication: digest
    their_login: {{user: carrier, password_env: ACD_TEST_TRUNK_PASSWORD}}
    dialed_number_in: to_header
"""
DIALING = """
emergency: {numbers: ["112"], trunks: [main, backup]}
flow_role: seller
limits: {dearest: 3, at_the_limit: end, destinations: {"+493012348": 1}}
budget: {agent: 70}
rates:
  currency: EUR
  other: {minute: 0.01}
  prefixes: {"+493012349": {minute: 60, connection: 1}}
roles:
  seller:
    name: Sells in Germany
    allow: ["+49"]
    deny: ["+49900"]
    trunks: [main, backup]
  traveller:
    name: Calls everybody
    allow: ["+"]
    trunks: [dead, backup]
  finder:
    name: Calls by name
    allow: ["+"]
    trunks: [nameless, backup]
"""
NUMBERS = """
  "+49 30 5550100": {group: sales}
  "030 / 555 01-01": {group: support}
  "0049305550102": {flow: main}
  "8105": {flow: home_office}
"""
HOME_OFFICE = """
name: home_office
language: en
start: ring
steps:
  ring:
    transfer: {number: "'0301234519'", timeout_s: 4, failure: line}
  line:
    queue: {group: support}
"""


class TrunkCentre(Centre):
    """`provider` is made with the centre and started before it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.provider = Provider(folder / "provider", self.sip_port)
        self.write_trunks()
        self.env["ACD_TEST_TRUNK_PASSWORD"] = PASSWORD
        self.env["ACD_TEST_WRONG_PASSWORD"] = "not-this-one"

    def write_trunks(self) -> None:
        """Add to the example what the tests need."""
        trunks = TRUNKS.format(main=MAIN_ADDRESS, backup=BACKUP_ADDRESS, port=self.provider.port)
        for name, text in (("trunks.yml", trunks), ("numbers.yml", NUMBERS)):
            with (self.config / name).open("a") as file:
                file.write(text)
        (self.config / "dialing.yml").write_text(DIALING)
        (self.flows / "home_office.yml").write_text(HOME_OFFICE)
        agents = self.config / "agents.yml"
        text = agents.read_text()
        for extension, more in (
            ("1001", 'role: seller\n    caller_id: "+49 30 5550100"'),
            ("1002", "role: traveller"),
            ("1003", "role: seller"),
            ("1005", "role: finder"),
        ):
            line = f'extension: "{extension}"'
            assert line in text
            text = text.replace(line, f"{line}\n    {more}")
        agents.write_text(text)

    def start(self) -> None:
        """Provider, Asterisk and controller."""
        self.provider.start()
        super().start()

    def stop(self) -> None:
        """All three."""
        try:
            super().stop()
        finally:
            self.provider.stop()
