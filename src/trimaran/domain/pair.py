"""What people call a market's instrument: a base and a quote asset, whatever the venue's own spelling is.

`BTC-USDT`, `BTC/USDT` and `BTCUSDT` are one pair. Only the last form can be ambiguous: there the quote is the
longest known one that the text ends with.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.limits import SYMBOL_BYTES_MAX
from trimaran.domain.instrument import Asset

SEPARATORS: Final = "-/"
QUOTES: Final = (
    "FDUSD",
    "USDT",
    "USDC",
    "TUSD",
    "BUSD",
    "USDD",
    "USD",
    "EUR",
    "GBP",
    "TRY",
    "BRL",
    "JPY",
    "DAI",
    "BTC",
    "ETH",
    "BNB",
    "OKB",
)  # longest first


class Pair(msgspec.Struct, frozen=True):
    """A base asset and the quote asset that its price is in."""

    base: Asset
    quote: Asset

    @classmethod
    def parse(cls, text: str, field: str = "symbols") -> Pair:
        """The pair in `text`, in any case. Raises ConfigError that names `field`."""
        wanted = text.strip().upper()
        for separator in SEPARATORS:
            if separator in wanted:
                base, _, quote = wanted.partition(separator)
                return cls._checked(base, quote, text, field)
        quote = next((each for each in QUOTES if wanted.endswith(each) and wanted != each), "")
        return cls._checked(wanted.removesuffix(quote) if quote else "", quote, text, field)

    @classmethod
    def _checked(cls, base: str, quote: str, text: str, field: str) -> Pair:
        if not all(_is_asset(asset) for asset in (base, quote)) or len(text.encode()) > SYMBOL_BYTES_MAX:
            raise ConfigError(f"{field}: expected pairs like BTC-USDT or BTCUSDT, found {text[:80]!r}")
        return cls(Asset(base), Asset(quote))

    def __str__(self) -> str:
        return f"{self.base}-{self.quote}"


def _is_asset(text: str) -> bool:
    """Letters and digits of any script: Binance lists coins in Chinese."""
    return text.isalnum()
