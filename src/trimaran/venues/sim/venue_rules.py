"""How the simulated venues differ where it matters to orders and money.

Sources: https://developers.binance.com/docs/binance-spot-api-docs/errors (-2010 for duplicates while open and
for post-only orders that would take), https://developers.binance.com/docs/derivatives/usds-margined-futures
(-4116, -5022; -5021 for a fill-or-kill order that cannot be filled), https://www.okx.com/docs-v5/en/ (51016;
post-only is accepted and cancelled, state canceled),
https://www.htx.com/en-us/opend/newApiPages/ (client ids are unique for 24 hours).
"""

from __future__ import annotations

from typing import Final

from trimaran.venues.sim.markets import BINANCE_SPOT, BINANCE_USDM, HTX_SPOT
from trimaran.venues.sim.trading import ClientIds, VenueRules
from trimaran.venues.sim.units import WALLET_QUANTUM

RULES: Final = {
    "binance": VenueRules(
        one_wallet=False,
        post_only_rejects=(BINANCE_SPOT, BINANCE_USDM),
        fok_rejects=(BINANCE_USDM,),
        client_ids=ClientIds.UNIQUE_OPEN,
        ends_as_canceled=False,
        fee_quantum=WALLET_QUANTUM,
    ),
    "okx": VenueRules(
        one_wallet=True,
        post_only_rejects=(),
        fok_rejects=(),
        client_ids=ClientIds.UNIQUE_OPEN,
        ends_as_canceled=True,
    ),
    "htx": VenueRules(
        one_wallet=False,
        post_only_rejects=(HTX_SPOT,),
        fok_rejects=(),
        client_ids=ClientIds.UNIQUE_DAY,
        ends_as_canceled=True,
    ),
}
