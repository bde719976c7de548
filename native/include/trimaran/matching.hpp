// Price-time matching of one instrument.
//
// Why: every simulated venue needs books that trade by the exchange's rule (best price first, then first
// come first served) and that can never be crossed. The kernel knows no venue, clock, account or fee:
// integers in (ticks, lots, ids), integers out.
//
// Theory: a side is a vector of price levels sorted so that the best stands at the back, since nearly all
// activity is near the touch. A level is a doubly linked queue of orders; orders live in one pool and are
// named by their index, so that nothing is allocated once the pool has grown. `rank` is the price for bids
// and minus the price for asks: on both sides a larger rank is a better price. An iceberg shows a slice of
// its lots; when the slice is gone the next one goes to the end of the queue. Hidden lots are no part of
// what a level shows.
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

#include "trimaran/matching_types.hpp"
#include "trimaran/order_index.hpp"

namespace trimaran::matching {

class Book {
 public:
  // What the last `submit` did.
  struct Result {
    i64 filled = 0;
    i64 resting = 0;
    std::vector<Execution> executions;
    std::vector<Execution> expired;  // makers removed by self-trade prevention, with the lots they had left
  };

  Outcome submit(i64 id, i64 owner, int side, i64 price, i64 lots, int kind, int self_trade, i64 display,
                 Result& result) {
    if (const int refusal = refuse(id, owner, side, price, lots, kind, self_trade, display); refusal != 0)
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
    rest(id, owner, side, price, left, display);
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
    level->hidden -= order.hidden;
    unlink(*level, node);
    if (level->head == kNone) sides_[side].erase(level);
    note(side, order.price);
    return order.lots + order.hidden;
  }

  // Takes `by` lots away, hidden ones first, and keeps the place in the queue; the lots left, or a code below zero.
  i64 reduce(i64 id, i64 by) {
    const u32 node = ids_.find(id);
    if (id <= 0 || node == kNone) return kUnknownId;
    Order& order = pool_[node];
    if (by <= 0 || by >= order.lots + order.hidden) return kBadSize;
    if (changes_full()) return kChangesFull;
    const int side = static_cast<int>(order.side);
    const auto level = find(side, rank_of(side, order.price));
    const i64 unseen = std::min(by, order.hidden);
    order.hidden -= unseen;
    level->hidden -= unseen;
    if (by > unseen) {
      order.lots -= by - unseen;
      level->lots -= by - unseen;
      note(side, order.price);
    }
    return order.lots + order.hidden;
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
    return OrderView{found.owner, static_cast<int>(found.side), found.price, found.lots + found.hidden};
  }

  // What an order shows of its lots; 0 when unknown.
  i64 shown(i64 id) const {
    const u32 node = id <= 0 ? kNone : ids_.find(id);
    return node == kNone ? 0 : pool_[node].lots;
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
      if (each.display == 0) return;
      mix(each.hidden);
      mix(each.display);
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

  int refuse(i64 id, i64 owner, int side, i64 price, i64 lots, int kind, int self_trade, i64 display) {
    if (id <= 0 || id > kIdMax) return kBadId;
    if (owner < 0) return kBadOwner;
    if (side != kBuy && side != kSell) return kBadSide;
    if (kind < kLimit || kind > kPostOnly) return kBadKind;
    if (self_trade < kAllow || self_trade > kExpireBoth) return kBadSelfTrade;
    if (lots <= 0 || lots > kSizeLotsMax) return kBadSize;
    if (kind != kMarket && (price <= 0 || price > kPriceTicksMax)) return kBadPrice;
    if (display < 0 || display > lots || (display > 0 && kind != kLimit && kind != kPostOnly)) return kBadDisplay;
    if (ids_.find(id) != kNone) return kDuplicateId;
    if (changes_full()) return kChangesFull;
    if (kind != kLimit && kind != kPostOnly) return 0;
    if (ids_.size() >= kOrdersMax) return kOrdersFull;
    const auto level = lower(side, rank_of(side, price));
    const bool exists = level != sides_[side].end() && level->rank == rank_of(side, price);
    if (exists ? level->lots + level->hidden > kSizeLotsMax - lots : sides_[side].size() >= kLevelsMax) return kLevelFull;
    return 0;
  }

  // Lots that an order of `owner` could take at `limit` or better, counted up to `wanted`. Hidden lots come
  // after everything that the level shows, hence not at all where prevention ends the order before.
  i64 fillable(int side, i64 limit, i64 wanted, i64 owner, int self_trade) const {
    i64 sum = 0;
    const Levels& levels = sides_[side];
    for (auto level = levels.rbegin(); level != levels.rend() && level->rank >= limit; ++level) {
      for (u32 node = level->head; node != kNone && sum < wanted; node = pool_[node].next) {
        const bool own = self_trade != kAllow && owner != 0 && pool_[node].owner == owner;
        if (own && self_trade != kExpireMaker) return sum;
        if (!own) sum += std::min(pool_[node].lots, wanted - sum);
      }
      if (sum < wanted) sum += std::min(hidden_for(*level, owner, self_trade), wanted - sum);
      if (sum >= wanted) break;
    }
    return sum;
  }

  // The hidden lots of a level that are not `owner`'s own, where prevention takes those away.
  i64 hidden_for(const Level& level, i64 owner, int self_trade) const {
    if (level.hidden == 0 || self_trade != kExpireMaker || owner == 0) return level.hidden;
    i64 sum = 0;
    for (u32 node = level.head; node != kNone; node = pool_[node].next)
      if (pool_[node].owner != owner) sum += pool_[node].hidden;
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
        result.expired.emplace_back(maker.id, maker.owner, maker.price, maker.lots + maker.hidden);
        level.lots -= maker.lots;
        level.hidden -= maker.hidden;
        unlink(level, node);
        if (self_trade == kExpireBoth) return true;
        continue;
      }
      const i64 traded = std::min(maker.lots, lots - result.filled);
      result.executions.emplace_back(maker.id, maker.owner, maker.price, traded);
      result.filled += traded;
      level.lots -= traded;
      maker.lots -= traded;
      if (maker.lots > 0) continue;
      if (maker.hidden > 0) refresh(level, node);
      else unlink(level, node);
    }
    return false;
  }

  // Shows the next slice of an iceberg, behind everybody else.
  void refresh(Level& level, u32 node) {
    Order& order = pool_[node];
    order.lots = std::min(order.display, order.hidden);
    order.hidden -= order.lots;
    level.lots += order.lots;
    level.hidden -= order.lots;
    if (order.next == kNone) return;
    detach(level, node);
    append(level, node);
  }

  void rest(i64 id, i64 owner, int side, i64 price, i64 lots, i64 display) {
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
      level = sides_[side].insert(level, Level{rank, 0, 0, kNone, kNone});
    const i64 shown = display > 0 ? std::min(display, lots) : lots;
    pool_[node] = Order{id, owner, price, shown, lots - shown, display, kNone, kNone, side};
    append(*level, node);
    level->lots += shown;
    level->hidden += lots - shown;
    ids_.insert(id, node);
    note(side, price);
  }

  void append(Level& level, u32 node) {
    pool_[node].previous = level.tail;
    pool_[node].next = kNone;
    if (level.tail != kNone) pool_[level.tail].next = node;
    else level.head = node;
    level.tail = node;
  }

  void detach(Level& level, u32 node) {
    const Order& gone = pool_[node];
    if (gone.previous != kNone) pool_[gone.previous].next = gone.next;
    else level.head = gone.next;
    if (gone.next != kNone) pool_[gone.next].previous = gone.previous;
    else level.tail = gone.previous;
  }

  void unlink(Level& level, u32 node) {
    detach(level, node);
    ids_.erase(pool_[node].id);
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
