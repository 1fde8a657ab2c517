"""What the made-up market lists, and the instrument rows that say so."""

from __future__ import annotations

from typing import NamedTuple

from engine.exchange.instruments import InstrumentRow


class Listing(NamedTuple):
    """A market to make up. `lots` is a typical level's size in quantity steps."""

    category: str
    base: str
    price: float
    tick: str
    step: str
    lots: int
    max_qty: str


LISTINGS = (
    Listing("linear", "BTC", 61_000.0, "0.10", "0.001", 900, "1190.000"),
    Listing("linear", "ETH", 2_700.0, "0.01", "0.01", 900, "7240.00"),
    Listing("linear", "SOL", 150.0, "0.010", "0.1", 1_500, "79770.0"),
    Listing("spot", "BTC", 61_000.0, "0.1", "0.000001", 250_000, "83"),
)


def instrument_row(listing: Listing) -> InstrumentRow:
    """The listing as a row of `market/instruments-info`."""
    row: InstrumentRow = {
        "symbol": f"{listing.base}USDT",
        "status": "Trading",
        "baseCoin": listing.base,
        "quoteCoin": "USDT",
    }
    return row | (_spot(listing) if listing.category == "spot" else _linear(listing))


def _spot(listing: Listing) -> InstrumentRow:
    return {
        "innovation": "0",
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": listing.step,
            "quotePrecision": "0.0000001",
            "minOrderQty": "0.000011",
            "maxOrderQty": listing.max_qty,
            "minOrderAmt": "5",
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": listing.max_qty,
            "maxMarketOrderQty": listing.max_qty,
            "postOnlyMaxLimitOrderSize": listing.max_qty,
        },
        "priceFilter": {"tickSize": listing.tick},
        "riskParameters": {"priceLimitRatioX": "0.005", "priceLimitRatioY": "0.01"},
        "symbolType": "",
    }


def _linear(listing: Listing) -> InstrumentRow:
    return {
        "contractType": "LinearPerpetual",
        "settleCoin": "USDT",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(len(listing.tick.partition(".")[2])),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": listing.tick,
            "maxPrice": "1999999.80",
            "tickSize": listing.tick,
        },
        "lotSizeFilter": {
            "minNotionalValue": "5",
            "maxOrderQty": listing.max_qty,
            "maxMktOrderQty": listing.max_qty,
            "minOrderQty": listing.step,
            "qtyStep": listing.step,
            "postOnlyMaxOrderQty": listing.max_qty,
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "displayName": "",
        "forbidUplWithdrawal": False,
        "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
        "isPreListing": False,
        "preListingInfo": None,
        "symbolType": "",
    }
