"""What people call a market's instrument: a base and a quote asset, whatever the venue's own spelling is.

`BTC-USDT`, `BTC/USDT` and `BTCUSDT` are one pair. Only the last form can be ambiguous, and nobody may guess
what is traded: it is taken when exactly one known quote fits. `BNBUSD` is BN in BUSD or BNB in USD, `WBTC` a
coin or W in BTC: such text is refused, and a separator settles it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.limits import SYMBOL_BYTES_MAX
from trimaran.domain.instrument import Asset

SEPARATORS: Final = "-/"
STABLE_QUOTES: Final = ("USDT", "USDC", "USD1", "USDD", "FDUSD", "TUSD", "BUSD", "DAI", "EURI")
MONEY_QUOTES: Final = ("USD", "EUR", "GBP", "TRY", "BRL", "JPY", "MXN")
COIN_QUOTES: Final = ("BTC", "ETH", "BNB", "OKB")
QUOTES: Final = (*STABLE_QUOTES, *MONEY_QUOTES, *COIN_QUOTES)
LOOKALIKES: Final = ("WBTC", "WETH")  # assets that end like a pair


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
        quotes = sorted(each for each in QUOTES if wanted.endswith(each) and wanted != each)
        if len(quotes) > 1 or (quotes and wanted in (*QUOTES, *LOOKALIKES)):
            readings = " or ".join(f"{wanted.removesuffix(quote)}-{quote}" for quote in quotes)
            raise ConfigError(
                f"{field}: expected a dash between base and quote, as in {readings}, found {text!r}"
            )
        quote = quotes[0] if quotes else ""
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
