// The decoder of a market, by its dialect; and what that dialect promises of its books.
#pragma once
#include <cstdint>
#include <variant>

#include "trimaran/binance.hpp"
#include "trimaran/event.hpp"
#include "trimaran/htx.hpp"
#include "trimaran/okx.hpp"
#include "trimaran/sequencer.hpp"

namespace trimaran {

struct Promise {
  Law law;
  std::size_t levels_max;  // a side that the venue maintains
  bool ticker_joins;       // ids of tickers and of depth events are of one numbering
};

inline Promise promise_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::BinanceSpot: return {Law::Overlap, BOOK_LEVELS_MAX, true};
    case Dialect::BinanceUsdM: return {Law::Chain, BOOK_LEVELS_MAX, true};
    case Dialect::Okx: return {Law::Stream, OKX_LEVELS, true};
    case Dialect::HtxSpot: return {Law::Link, HTX_LEVELS, false};
    case Dialect::HtxSwap: break;
  }
  return {Law::Stream, HTX_LEVELS, false};
}

class Decoder {
 public:
  explicit Decoder(Dialect dialect) : venue_(make(dialect)) {}

  Event frame(const char* data, std::size_t size, const SymbolTable& symbols) {
    return std::visit([&](auto& venue) { return venue.frame(data, size, symbols); }, venue_);
  }

  Event snapshot(const char* data, std::size_t size, Grids grids) {
    return std::visit([&](auto& venue) { return venue.snapshot(data, size, grids); }, venue_);
  }

  const Side& bids() const {
    return std::visit([](const auto& venue) -> const Side& { return venue.bids; }, venue_);
  }

  const Side& asks() const {
    return std::visit([](const auto& venue) -> const Side& { return venue.asks; }, venue_);
  }

 private:
  using Venue = std::variant<binance::Decoder, okx::Decoder, htx::SpotDecoder, htx::SwapDecoder>;

  static Venue make(Dialect dialect) {
    switch (dialect) {
      case Dialect::BinanceSpot: return binance::Decoder(false);
      case Dialect::BinanceUsdM: return binance::Decoder(true);
      case Dialect::Okx: return okx::Decoder();
      case Dialect::HtxSpot: return htx::SpotDecoder();
      case Dialect::HtxSwap: break;
    }
    return htx::SwapDecoder();
  }

  Venue venue_;
};

}  // namespace trimaran
