"""All that a configuration gives Asterisk and Kamailio: files of each node, and of Kamailio in front."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from acd.settings.environment import Environment
from acd.settings.model import Centre
from acd.settings.secrets import Secrets
from acd.telephony.provision import asterisk_files, write_files
from acd.telephony.provision_kamailio import Front, has_front, kamailio_files


def provision(
    centre: Centre,
    environment: Environment,
    secrets: Secrets,
    templates: Path,
    variables: Mapping[str, str],
) -> list[Path]:
    """Write every file that differs; those files. Raises OperatorError as `all_files`."""
    return write_files(all_files(centre, environment, secrets, templates, variables))


def all_files(
    centre: Centre,
    environment: Environment,
    secrets: Secrets,
    templates: Path,
    variables: Mapping[str, str],
) -> dict[Path, str]:
    """What each file is to hold; `variables` may hold passwords of trunks.

    Raises OperatorError for a host without an address, a trunk without its password, and a node at Kamailio's
    own address.
    """
    texts: dict[Path, str] = {}
    for of_node in environment.of_nodes:
        texts |= asterisk_files(centre, of_node, secrets, templates, variables)
    if has_front(environment):
        front = Front(centre, environment, secrets, environment.nodes, variables)
        texts |= kamailio_files(front, templates)
    return texts
