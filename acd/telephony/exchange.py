"""The manager interfaces of all Asterisk nodes as one: an action goes to the node that has its channel."""

from __future__ import annotations

from collections.abc import Mapping

from acd.errors import TelephonyError
from acd.telephony.ami import AmiLink, Headers
from acd.telephony.node_names import node_meant


class Exchange:
    """Implements `acd.telephony.ami.Link`. Nothing is said to a node that is not meant."""

    def __init__(self, links: Mapping[str, AmiLink]) -> None:
        self._links = links

    @property
    def up(self) -> bool:
        """Whether any node can be asked."""
        return any(link.up for link in self._links.values())

    def at(self, node: str) -> AmiLink:
        """The link of a node. Raises TelephonyError where there is none of this name."""
        link = self._links.get(node)
        if link is None:
            raise TelephonyError("the channel is at no node that is known")
        return link

    async def action(self, name: str, **headers: str | list[str]) -> Headers:
        """See `AmiLink`."""
        return await self.at(node_meant(headers)).action(name, **headers)

    async def order(self, name: str, **headers: str | list[str]) -> None:
        """See `AmiLink`."""
        await self.at(node_meant(headers)).order(name, **headers)

    async def list_action(self, name: str, **headers: str | list[str]) -> list[Headers]:
        """See `AmiLink`."""
        return await self.at(node_meant(headers)).list_action(name, **headers)
