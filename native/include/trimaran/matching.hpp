// Price-time matching of one instrument.
//
// Why: every simulated venue needs books that trade by the exchange's rule (best price first, then first
// come first served) and that can never be crossed. The kernel knows no venue, clock, account or fee:
// integers in (ticks, lots, ids), integers out.
//
// Theory: a side is a vector of price levels sorted so that the best stands at the back, since nearly all
// activity is near the touch. A level is a doubly linked queue of orders; orders live in one pool and are
// named by their index, so that nothing is allocated once the pool has grown. `rank` is the price for bids
// and minus the price for asks: on both sides a larger rank is a better price.
//
// Limits: see below; every one of them has its own result code. The Python twin is
// `trimaran/venues/sim/matching.py`; both agree on `state_hash`.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

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
};

using Execution = std::tuple<i64, i64, i64, i64>;  // maker order id, maker owner, price ticks, lots
using LevelView = std::pair<i64, i64>;             // price ticks, lots
using OrderView = std::tuple<i64, int, i64, i64>;  // owner, side, price ticks, lots left

struct Order {
  i64 id;
  i64 owner;
  i64 price;
  i64 lots;
  u32 previous;
  u32 next;  // also links the free list
  i64 side;
};
static_assert(sizeof(Order) == 48);

struct Level {
  i64 rank;
  i64 lots;
  u32 head;
  u32 tail;
};
static_assert(sizeof(Level) == 24);

class Book {
 public:
  // What the last `submit` did.
  struct Result {
    i64 filled = 0;
    i64 resting = 0;
    std::vector<Execution> executions;
    std::vector<Execution> expired;  // makers removed by self-trade prevention, with the lots they had left
  };

  Outcome submit(i64 id, i64 owner, int side, i64 price, i64 lots, int kind, int self_trade, Result& result) {
    if (const int refusal = refuse(id, owner, side, price, lots, kind, self_trade); refusal != 0)
      return static_cast<Outcome>(refusal);
    const int opposite = 1 - side;
    const i64 limit = kind == kMarket ? std::numeric_limits<i64>::min() : rank_of(opposite, price);
    if (kind == kPostOnly && !sides_[opposite].empty() && sides_[opposite].back().rank >= limit)
      return kWouldCross;
    if (kind == kFok && fillable(opposite, limit, lots, owner, self_trade) < lots) return kKilled;
    const bool stopped = take(opposite, limit, lots, owner, self_trade, result);
    const i64 left = lots - result.filled;
    if (left == 0) return kFilled;
    if (stopped) return kSelfTraded;
    if (kind != kLimit && kind != kPostOnly) return kExpired;
    rest(id, owner, side, price, left);
    result.resting = left;
    return kResting;
  }

  // The lots that were left, or kUnknownId, or kChangesFull.
  i64 cancel(i64 id) {
    const u32 node = ids_.find(id);
    if (id <= 0 || node == kNone) return kUnknownId;
    if (changes_full()) return kChangesFull;
    const Order order = pool_[node];
    const int side = static_cast<int>(order.side);
    const auto level = find(side, rank_of(side, order.price));
    level->lots -= order.lots;
    unlink(*level, node);
    if (level->head == kNone) sides_[side].erase(level);
    note(side, order.price);
    return order.lots;
  }

  // Takes `by` lots away and keeps the place in the queue; the lots left, or a code below zero.
  i64 reduce(i64 id, i64 by) {
    const u32 node = ids_.find(id);
    if (id <= 0 || node == kNone) return kUnknownId;
    Order& order = pool_[node];
    if (by <= 0 || by >= order.lots) return kBadSize;
    if (changes_full()) return kChangesFull;
    const int side = static_cast<int>(order.side);
    find(side, rank_of(side, order.price))->lots -= by;
    order.lots -= by;
    note(side, order.price);
    return order.lots;
  }

  // Bid ticks, bid lots, ask ticks, ask lots; zeros where a side is empty.
  std::tuple<i64, i64, i64, i64> best() const {
    const auto bid = top(kBuy), ask = top(kSell);
    return {bid.first, bid.second, ask.first, ask.second};
  }

  std::vector<LevelView> depth(int side, i64 count) const {
    std::vector<LevelView> view;
    if ((side != kBuy && side != kSell) || count <= 0) return view;
    const auto& levels = sides_[side];
    const std::size_t taken = std::min(static_cast<std::size_t>(count), levels.size());
    view.reserve(taken);
    for (std::size_t index = 0; index < taken; ++index) {
      const Level& level = levels[levels.size() - 1 - index];
      view.emplace_back(rank_of(side, level.rank), level.lots);
    }
    return view;
  }

  // Changes since the last drain, and each changed level once with its lots of now (0: gone), best first.
  std::tuple<i64, std::vector<LevelView>, std::vector<LevelView>> drain_changes() {
    const i64 count = changes_ - drained_;
    drained_ = changes_;
    return {count, drain(kBuy), drain(kSell)};
  }

  std::optional<OrderView> order(i64 id) const {
    const u32 node = id <= 0 ? kNone : ids_.find(id);
    if (node == kNone) return std::nullopt;
    const Order& found = pool_[node];
    return OrderView{found.owner, static_cast<int>(found.side), found.price, found.lots};
  }

  std::vector<i64> orders_of(i64 owner) const {
    std::vector<i64> found;
    visit([&](const Order& each) {
      if (each.owner == owner) found.push_back(each.id);
    });
    std::sort(found.begin(), found.end());
    return found;
  }

  i64 changes() const { return changes_; }
  std::size_t order_count() const { return ids_.size(); }
  std::size_t level_count(int side) const { return side == kBuy || side == kSell ? sides_[side].size() : 0; }

  // FNV-1a over 64-bit words, with a shift because words are wider than the octets it was made for
  // (Fowler, Noll, Vo: http://www.isthe.com/chongo/tech/comp/fnv/).
  u64 state_hash() const {
    u64 hash = 14695981039346656037ULL;
    const auto mix = [&hash](i64 word) {
      hash = (hash ^ static_cast<u64>(word)) * 1099511628211ULL;
      hash ^= hash >> 32;
    };
    mix(changes_);
    visit([&mix](const Order& each) {
      mix(each.side);
      mix(each.price);
      mix(each.id);
      mix(each.owner);
      mix(each.lots);
    });
    return hash;
  }

 private:
  using Levels = std::vector<Level>;

  static i64 rank_of(int side, i64 price) { return side == kBuy ? price : -price; }

  LevelView top(int side) const {
    if (sides_[side].empty()) return {0, 0};
    const Level& level = sides_[side].back();
    return {rank_of(side, level.rank), level.lots};
  }

  int refuse(i64 id, i64 owner, int side, i64 price, i64 lots, int kind, int self_trade) {
    if (id <= 0 || id > kIdMax) return kBadId;
    if (owner < 0) return kBadOwner;
    if (side != kBuy && side != kSell) return kBadSide;
    if (kind < kLimit || kind > kPostOnly) return kBadKind;
    if (self_trade < kAllow || self_trade > kExpireBoth) return kBadSelfTrade;
    if (lots <= 0 || lots > kSizeLotsMax) return kBadSize;
    if (kind != kMarket && (price <= 0 || price > kPriceTicksMax)) return kBadPrice;
    if (ids_.find(id) != kNone) return kDuplicateId;
    if (changes_full()) return kChangesFull;
    if (kind != kLimit && kind != kPostOnly) return 0;
    if (ids_.size() >= kOrdersMax) return kOrdersFull;
    const auto level = lower(side, rank_of(side, price));
    const bool exists = level != sides_[side].end() && level->rank == rank_of(side, price);
    if (exists ? level->lots > kSizeLotsMax - lots : sides_[side].size() >= kLevelsMax) return kLevelFull;
    return 0;
  }

  // Lots that an order of `owner` could take at `limit` or better, counted up to `wanted`.
  i64 fillable(int side, i64 limit, i64 wanted, i64 owner, int self_trade) const {
    i64 sum = 0;
    const Levels& levels = sides_[side];
    for (auto level = levels.rbegin(); level != levels.rend() && level->rank >= limit; ++level) {
      for (u32 node = level->head; node != kNone && sum < wanted; node = pool_[node].next) {
        const bool own = self_trade != kAllow && owner != 0 && pool_[node].owner == owner;
        if (own && self_trade != kExpireMaker) return sum;
        if (!own) sum += std::min(pool_[node].lots, wanted - sum);
      }
      if (sum >= wanted) break;
    }
    return sum;
  }

  // Trades against `side` down to `limit`; true when self-trade prevention ended it.
  bool take(int side, i64 limit, i64 lots, i64 owner, int self_trade, Result& result) {
    Levels& levels = sides_[side];
    bool stopped = false;
    while (!stopped && result.filled < lots && !levels.empty() && levels.back().rank >= limit) {
      Level& level = levels.back();
      const i64 before = level.lots;
      stopped = take_level(level, lots, owner, self_trade, result);
      if (level.lots != before) note(side, rank_of(side, level.rank));
      if (level.head == kNone) levels.pop_back();
    }
    return stopped;
  }

  bool take_level(Level& level, i64 lots, i64 owner, int self_trade, Result& result) {
    while (result.filled < lots && level.head != kNone) {
      const u32 node = level.head;
      Order& maker = pool_[node];
      if (self_trade != kAllow && owner != 0 && maker.owner == owner) {
        if (self_trade == kExpireTaker) return true;
        result.expired.emplace_back(maker.id, maker.owner, maker.price, maker.lots);
        level.lots -= maker.lots;
        unlink(level, node);
        if (self_trade == kExpireBoth) return true;
        continue;
      }
      const i64 traded = std::min(maker.lots, lots - result.filled);
      result.executions.emplace_back(maker.id, maker.owner, maker.price, traded);
      result.filled += traded;
      level.lots -= traded;
      maker.lots -= traded;
      if (maker.lots == 0) unlink(level, node);
    }
    return false;
  }

  void rest(i64 id, i64 owner, int side, i64 price, i64 lots) {
    u32 node = free_;
    if (node != kNone) {
      free_ = pool_[node].next;
    } else {
      node = static_cast<u32>(pool_.size());
      pool_.emplace_back();
    }
    const i64 rank = rank_of(side, price);
    auto level = lower(side, rank);
    if (level == sides_[side].end() || level->rank != rank)
      level = sides_[side].insert(level, Level{rank, 0, kNone, kNone});
    pool_[node] = Order{id, owner, price, lots, level->tail, kNone, side};
    if (level->tail != kNone) pool_[level->tail].next = node;
    else level->head = node;
    level->tail = node;
    level->lots += lots;
    ids_.insert(id, node);
    note(side, price);
  }

  void unlink(Level& level, u32 node) {
    const Order& gone = pool_[node];
    if (gone.previous != kNone) pool_[gone.previous].next = gone.next;
    else level.head = gone.next;
    if (gone.next != kNone) pool_[gone.next].previous = gone.previous;
    else level.tail = gone.previous;
    ids_.erase(gone.id);
    pool_[node].next = free_;
    free_ = node;
  }

  Levels::iterator lower(int side, i64 rank) {
    return std::lower_bound(sides_[side].begin(), sides_[side].end(), rank,
                            [](const Level& level, i64 value) { return level.rank < value; });
  }

  Levels::iterator find(int side, i64 rank) {
    const auto level = lower(side, rank);
    assert(level != sides_[side].end() && level->rank == rank);
    return level;
  }

  void note(int side, i64 price) {
    ++changes_;
    touched_[side].push_back(price);
  }

  // Room for one order that touches a whole side must remain.
  bool changes_full() {
    for (auto& touched : touched_) {
      if (touched.size() < kChangesMax - kLevelsMax) continue;
      unique(touched);
      if (touched.size() >= kChangesMax - kLevelsMax) return true;
    }
    return false;
  }

  static void unique(std::vector<i64>& prices) {
    std::sort(prices.begin(), prices.end());
    prices.erase(std::unique(prices.begin(), prices.end()), prices.end());
  }

  std::vector<LevelView> drain(int side) {
    auto& touched = touched_[side];
    unique(touched);
    if (side == kBuy) std::reverse(touched.begin(), touched.end());
    std::vector<LevelView> changed;
    changed.reserve(touched.size());
    for (const i64 price : touched) {
      const auto level = lower(side, rank_of(side, price));
      const bool exists = level != sides_[side].end() && level->rank == rank_of(side, price);
      changed.emplace_back(price, exists ? level->lots : 0);
    }
    touched.clear();
    return changed;
  }

  // Every order: bids then asks, best level first, first come first.
  template <class Visitor>
  void visit(Visitor&& visitor) const {
    for (const Levels& levels : sides_)
      for (auto level = levels.rbegin(); level != levels.rend(); ++level)
        for (u32 node = level->head; node != kNone; node = pool_[node].next) visitor(pool_[node]);
  }

  Levels sides_[2];
  std::vector<i64> touched_[2];
  std::vector<Order> pool_;
  IdMap ids_;
  u32 free_ = kNone;
  i64 changes_ = 0;
  i64 drained_ = 0;
};

}  // namespace trimaran::matching
