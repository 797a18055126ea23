"""Who answers which look-up of a flow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from acd.ivr.talk import CustomerRequest, Found, HttpRequest, LookupFailed, NotFound, Value
from acd.lookups.http import HttpLookups

FindCustomer = Callable[[str], Awaitable[Mapping[str, Value] | None]]


class LookupDesk:
    """Implements `acd.ivr.ports.Lookups`. `find_customer` answers soon, whatever happens."""

    def __init__(self, find_customer: FindCustomer, http: HttpLookups | None = None) -> None:
        self._find_customer = find_customer
        self._http = http or HttpLookups()

    async def find(self, request: HttpRequest | CustomerRequest) -> Found | NotFound | LookupFailed:
        """The answer."""
        if isinstance(request, HttpRequest):
            return await self._http.find(request)
        customer = await self._find_customer(request.number)
        return NotFound() if customer is None else Found(customer)

    async def close(self) -> None:
        """No more look-ups."""
        await self._http.close()
