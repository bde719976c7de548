// The numbers and records of the matching engine (`matching.hpp`): limits, outcomes, orders, levels.
//
// The outcomes cross the border; `trimaran/venues/sim/codes.py` has the same values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>

#include "trimaran/limits.hpp"
#include "trimaran/order_index.hpp"

namespace trimaran::matching {

inline constexpr i64 kPriceTicksMax = PRICE_TICKS_MAX;
inline constexpr i64 kSizeLotsMax = SIZE_LOTS_MAX;  // of one order, and of one level together
inline constexpr i64 kIdMax = UPDATE_ID_MAX;
inline constexpr std::size_t kOrdersMax = std::size_t{1} << 20;   // resting orders of one book
inline constexpr std::size_t kLevelsMax = std::size_t{1} << 16;   // price levels of one side
inline constexpr std::size_t kChangesMax = std::size_t{1} << 18;  // changed levels of one side before a drain

static_assert(kOrdersMax < std::numeric_limits<u32>::max());
static_assert(kChangesMax > 2 * kLevelsMax);  // one order may touch every level of a side

enum Side : int { kBuy = 0, kSell = 1 };
enum Kind : int { kLimit = 0, kMarket = 1, kIoc = 2, kFok = 3, kPostOnly = 4 };
enum SelfTrade : int { kAllow = 0, kExpireTaker = 1, kExpireMaker = 2, kExpireBoth = 3 };
enum Outcome : int {
  kResting = 1,      // rests, perhaps after a part was filled
  kFilled = 2,       // nothing left
  kExpired = 3,      // market or IOC: the rest found no counterpart
  kKilled = 4,       // FOK that could not be filled at once; nothing was done
  kWouldCross = 5,   // post-only that would have traded; nothing was done
  kSelfTraded = 6,   // the rest was expired by self-trade prevention
  kUnknownId = -1,
  kDuplicateId = -2,
  kBadSize = -3,
  kBadPrice = -4,
  kBadSide = -5,
  kBadKind = -6,
  kBadId = -7,
  kBadOwner = -8,
  kBadSelfTrade = -9,
  kOrdersFull = -10,
  kLevelFull = -11,  // the level would hold more than kSizeLotsMax lots, or the side too many levels
  kChangesFull = -12,  // nobody drains the changes
  kBadDisplay = -13,   // a slice that is not of what rests, or of an order that never rests
};

using Execution = std::tuple<i64, i64, i64, i64>;  // maker order id, maker owner, price ticks, lots
using LevelView = std::pair<i64, i64>;             // price ticks, lots
using OrderView = std::tuple<i64, int, i64, i64>;  // owner, side, price ticks, lots left

struct Order {
  i64 id;
  i64 owner;
  i64 price;
  i64 lots;     // shown
  i64 hidden;   // of an iceberg, behind what is shown
  i64 display;  // its slice; 0: not an iceberg
  u32 previous;
  u32 next;  // also links the free list
  i64 side;
};
static_assert(sizeof(Order) == 64);

struct Level {
  i64 rank;
  i64 lots;    // shown
  i64 hidden;  // lots + hidden stay within kSizeLotsMax
  u32 head;
  u32 tail;
};
static_assert(sizeof(Level) == 32);

}  // namespace trimaran::matching
