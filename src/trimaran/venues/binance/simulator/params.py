"""Parameters of a request, read one by one, with the errors of the venue.

A reader remembers what was asked for: spot refuses a request with parameters that nobody reads
(https://developers.binance.com/docs/binance-spot-api-docs/errors, -1104), USD-M ignores them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from trimaran.venues.binance.simulator.refusals import bad, illegal, missing

NUMBER: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER: Final = "^[0-9]{1,20}$"
CLIENT_ID: Final = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_INTEGER: Final = re.compile(r"[0-9]{1,20}")
_CLIENT_ID: Final = re.compile(r"[\.A-Z\:/a-z0-9_-]{1,36}")
_SIGNING: Final = ("timestamp", "recvWindow", "signature", "apiKey", "returnRateLimits")


class Params:
    """The parameters of one request by name. Every reader raises `ApiError`."""

    __slots__ = ("_read", "values")

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self._read = set(_SIGNING)

    def text(self, name: str) -> str:
        """An optional parameter; "" when it is absent, and an error when it is sent empty."""
        self._read.add(name)
        found = self.values.get(name)
        if found == "":
            raise bad(-1105, f"Parameter '{name}' was empty.")
        return found or ""

    def need(self, name: str) -> str:
        """A parameter that must be there."""
        self._read.add(name)
        found = self.values.get(name)
        if not found:
            raise missing(name)
        return found

    def decimal(self, name: str) -> Decimal | None:
        """An optional number, not negative and without an exponent."""
        text = self.text(name)
        if not text:
            return None
        if _NUMBER.fullmatch(text) is None:
            raise illegal(name, NUMBER)
        return Decimal(text)

    def integer(self, name: str, default: int = 0) -> int:
        """An optional whole number of at most twenty digits."""
        text = self.text(name)
        if not text:
            return default
        if _INTEGER.fullmatch(text) is None:
            raise illegal(name, INTEGER)
        return int(text)

    def limit(self, default: int, most: int) -> int:
        """The parameter `limit`, cut to what the venue gives at most."""
        found = self.integer("limit", default)
        if found == 0:
            raise bad(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(found, most)

    def flag(self, name: str, default: bool = False) -> bool:
        """An optional true or false."""
        text = self.text(name).lower()
        if text not in ("", "true", "false"):
            raise bad(-1130, f"Data sent for parameter '{name}' is not valid.")
        return default if text == "" else text == "true"

    def client_id(self, name: str) -> str:
        """An optional id of the client's own."""
        text = self.text(name)
        if text and _CLIENT_ID.fullmatch(text) is None:
            raise illegal(name, CLIENT_ID)
        return text

    def done(self) -> None:
        """Nothing may be left that was not read: -1104."""
        if not self.values.keys() <= self._read:
            read = len(self.values.keys() & self._read)
            raise bad(
                -1104,
                f"Not all sent parameters were read; read '{read}' parameter(s) but was sent "
                f"'{len(self.values)}'.",
            )
