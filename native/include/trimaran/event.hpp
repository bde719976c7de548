// What one frame of any venue said. Decoders make it, the hot state applies it.
#pragma once
#include <cstdint>

#include "trimaran/answer.hpp"
#include "trimaran/levels.hpp"

namespace trimaran {

// How a market's frames are written. The twin is domain/dialect.py; same numbers.
enum class Dialect : std::uint8_t { BinanceSpot = 0, BinanceUsdM = 1, Okx = 2, HtxSpot = 3, HtxSwap = 4 };
inline constexpr int DIALECT_COUNT = 5;

// The levels of a depth event or a whole book stay in the decoder's pooled sides until its next frame.
struct Event {
  Kind kind = Kind::Ignored;
  Fault fault = Fault::None;
  std::uint32_t book = NO_BOOK;
  bool depth_lost = false;  // an unreadable frame that was a depth event of `book`
  std::int64_t first_id = 0, last_id = 0, previous_id = -1;
  std::int64_t venue_ns = 0;
  Level bid{}, ask{};  // ticker; a trade uses bid.price and bid.size, statistics bid.price (the last price)
  bool aggressor_sold = false;
  std::int64_t e12 = 0;        // mark price in quote, or funding rate, in 1e-12
  std::int64_t funding_ms = 0;  // when that rate is settled

  Event& failed(Fault why) {
    kind = Kind::Error;
    fault = why;
    return *this;
  }
};

}  // namespace trimaran
