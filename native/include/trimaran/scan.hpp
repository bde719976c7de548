// Which pairs of books of one asset can be traded against each other for a profit, net of taker fees.
//
// Prices and sizes of different books meet in the common units of their group: the finest price and size
// exponents of its members. Everything is an integer; 128 bits where two are multiplied (the bounds are
// asserted in base/limits.py). The twin is arbitrage/scan.py.
//
//   edge = (bid * (1 - fee_sell) - ask * (1 + fee_buy)) / ask        in 1e-8
#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <numeric>
#include <vector>

#include "trimaran/book.hpp"
#include "trimaran/decimal.hpp"
#include "trimaran/limits.hpp"

namespace trimaran {

using int128 = __int128;

// Best bid and offer that may be traded on; price 0 where a side is unknown or the book is not live.
struct Top {
  Level bid{}, ask{};
  bool operator==(const Top& other) const {
    return bid.price == other.bid.price && bid.size == other.bid.size && ask.price == other.ask.price &&
           ask.size == other.ask.size;
  }
};

// What the scan knows of one member: its book's effective top and how to bring it to common units.
struct Member {
  std::uint32_t book = NO_BOOK;
  Grids grids;                  // size grid in base asset
  std::int64_t taker_fee_e8 = 0;
  std::int64_t price_factor = 1;  // common price units per tick
  std::int64_t size_factor = 1;   // common size units per lot
  std::int64_t order_step = 1;    // an order is a multiple of this many lots
  Top top;
};

struct Walk {
  std::int64_t size = 0;            // common size units, a whole number of order steps in both books
  int128 cost = 0, proceeds = 0;    // common price * common size, before fees
  std::int64_t worst_ask = 0, worst_bid = 0;  // ticks
};

// The levels of one side that a taker meets now: the book, corrected by a ticker that is newer than it.
class Ladder {
 public:
  // `fresh` is the newer best level (price 0: none); levels of the book better than it are gone.
  Ladder(const BookSide& side, bool asks, Level fresh) : side_(side), sign_(asks ? 1 : -1), fresh_(fresh) {
    if (fresh_.price == 0) return;
    while (next_ < side_.size() && sign_ * side_.level(next_).price <= sign_ * fresh_.price) ++next_;
    on_fresh_ = true;
  }
  static Ladder none(const BookSide& side) {
    Ladder ladder{side, true, Level{}};
    ladder.next_ = side.size();
    return ladder;
  }
  bool done() const { return !on_fresh_ && next_ >= side_.size(); }
  Level level() const { return on_fresh_ ? fresh_ : side_.level(next_); }
  void advance() {
    if (on_fresh_) {
      on_fresh_ = false;
    } else {
      ++next_;
    }
  }

 private:
  const BookSide& side_;
  std::int64_t sign_;
  Level fresh_;
  std::size_t next_ = 0;
  bool on_fresh_ = false;
};

// A fee of `rate_e8` on a non-negative value, rounded down.
inline int128 fee_of(int128 value, std::int64_t rate_e8) {
  const int128 rest = value % FEE_E8_ONE * rate_e8;
  return value / FEE_E8_ONE * rate_e8 + (rest >= 0 ? rest / FEE_E8_ONE : -((-rest + FEE_E8_ONE - 1) / FEE_E8_ONE));
}

// The pair that gains most, walked: size 0 where none gains, and then the pair that lacks least.
struct Best {
  std::uint32_t buy = NO_BOOK, sell = NO_BOOK;
  std::int64_t edge_e8 = 0;
  Walk walk;
};

class Group {
 public:
  std::vector<Member> members;

  // False when the grids of the group are too far apart to share common units.
  bool add(std::uint32_t book, Grids grids, std::int64_t order_step, std::int64_t taker_fee_e8) {
    int price = grids.price.exponent, size = grids.size.exponent, price_top = price, size_top = size;
    for (const Member& member : members) {
      price = std::min(price, member.grids.price.exponent);
      size = std::min(size, member.grids.size.exponent);
      price_top = std::max(price_top, member.grids.price.exponent);
      size_top = std::max(size_top, member.grids.size.exponent);
    }
    if (price_top - price > 9 || size_top - size > 9) return false;
    members.push_back({book, grids, taker_fee_e8, 1, 1, order_step, {}});
    for (Member& member : members) {
      member.price_factor = factor(member.grids.price, price);
      member.size_factor = factor(member.grids.size, size);
    }
    price_exponent = price;
    size_exponent = size;
    return true;
  }

  // Looks at every pair that the member is part of. True when one is above the threshold, or was until now.
  bool update(std::size_t member, const Top& top, std::int64_t threshold_e8) {
    members[member].top = top;
    bool wake = false;
    for (std::size_t other = 0; other < members.size(); ++other) {
      if (other == member) continue;
      wake |= set(member, other, threshold_e8);
      wake |= set(other, member, threshold_e8);
    }
    return wake;
  }

  bool active(std::size_t buy, std::size_t sell) const { return active_[buy * GROUP_BOOKS_MAX + sell]; }

  // Net edge of buying at `buy`'s ask and selling at `sell`'s bid, in 1e-8; false when there is none to compute.
  bool edge(std::size_t buy, std::size_t sell, std::int64_t& edge_e8) const {
    const Member& b = members[buy];
    const Member& s = members[sell];
    if (b.top.ask.price == 0 || s.top.bid.price == 0) return false;
    const int128 ask = int128{b.top.ask.price} * b.price_factor;
    const int128 bid = int128{s.top.bid.price} * s.price_factor;
    if (ask > PRICE_TICKS_MAX || bid > PRICE_TICKS_MAX) return false;
    const int128 net = bid * (FEE_E8_ONE - s.taker_fee_e8) - ask * (FEE_E8_ONE + b.taker_fee_e8);
    int128 quotient = net / ask;
    if (net % ask < 0) --quotient;  // floor, as the twin's //
    edge_e8 = static_cast<std::int64_t>(std::min(quotient, int128{EDGE_E8_MAX}));
    return true;
  }

  // Walks both ladders while another unit still pays, up to `size_cap` common units.
  Walk walk(std::size_t buy, std::size_t sell, Ladder asks, Ladder bids, std::int64_t size_cap) const {
    const Member& b = members[buy];
    const Member& s = members[sell];
    const std::int64_t step = common_step(b, s);
    if (step == 0) return {};
    const Ladder asks_begin = asks, bids_begin = bids;
    std::int64_t total = 0, ask_left = 0, bid_left = 0;
    while (total < size_cap) {
      if (asks.done() || bids.done()) break;
      const int128 ask = int128{asks.level().price} * b.price_factor;
      const int128 bid = int128{bids.level().price} * s.price_factor;
      if (ask > PRICE_TICKS_MAX || bid > PRICE_TICKS_MAX) break;
      if (bid * (FEE_E8_ONE - s.taker_fee_e8) <= ask * (FEE_E8_ONE + b.taker_fee_e8)) break;
      if (ask_left == 0) ask_left = common_size(asks.level(), b);
      if (bid_left == 0) bid_left = common_size(bids.level(), s);
      const std::int64_t take = std::min({ask_left, bid_left, size_cap - total});
      total += take;
      ask_left -= take;
      bid_left -= take;
      if (ask_left == 0) asks.advance();
      if (bid_left == 0) bids.advance();
    }
    Walk result;
    result.size = total - total % step;
    result.cost = value(asks_begin, b, result.size, result.worst_ask);
    result.proceeds = value(bids_begin, s, result.size, result.worst_bid);
    return result;
  }

  // What a walked pair gains, after taker fees, in common price * common size.
  int128 net(std::size_t buy, std::size_t sell, const Walk& walked) const {
    return walked.proceeds - fee_of(walked.proceeds, members[sell].taker_fee_e8) - walked.cost -
           fee_of(walked.cost, members[buy].taker_fee_e8);
  }

  // Over all pairs of members that `fresh(member)` admits; `walk_pair(buy, sell)` walks one. Of equals the first one,
  // by buyer and seller.
  template <class Fresh, class WalkPair>
  Best best(Fresh&& fresh, WalkPair&& walk_pair) const {
    Best found;
    int128 found_net = 0;
    for (std::size_t buy = 0; buy < members.size(); ++buy) {
      for (std::size_t sell = 0; sell < members.size(); ++sell) {
        std::int64_t edge_e8 = 0;
        if (buy == sell || !fresh(buy) || !fresh(sell) || !edge(buy, sell, edge_e8)) continue;
        const Walk walked = edge_e8 >= 0 ? walk_pair(buy, sell) : Walk{};
        const int128 gained = walked.size > 0 ? net(buy, sell, walked) : 0;
        const bool better = found.walk.size > 0 ? gained > found_net
                                                : gained > 0 || found.buy == NO_BOOK || edge_e8 > found.edge_e8;
        if (!better) continue;
        found = {members[buy].book, members[sell].book, edge_e8, gained > 0 ? walked : Walk{}};
        found_net = gained;
      }
    }
    return found;
  }

  int price_exponent = 0, size_exponent = 0;

 private:
  static std::int64_t factor(Grid grid, int exponent) {
    return grid.units * static_cast<std::int64_t>(POWER_OF_TEN[static_cast<std::size_t>(grid.exponent - exponent)]);
  }

  // The smallest size that is whole order steps in both books; 0 where that is beyond any size.
  static std::int64_t common_step(const Member& b, const Member& s) {
    const int128 buy = int128{b.size_factor} * b.order_step, sell = int128{s.size_factor} * s.order_step;
    if (buy > SIZE_LOTS_MAX || sell > SIZE_LOTS_MAX) return 0;
    const int128 step = buy / std::gcd(static_cast<std::int64_t>(buy), static_cast<std::int64_t>(sell)) * sell;
    return step > SIZE_LOTS_MAX ? 0 : static_cast<std::int64_t>(step);
  }

  static std::int64_t common_size(Level level, const Member& member) {
    const int128 size = int128{level.size} * member.size_factor;
    return size > SIZE_LOTS_MAX ? SIZE_LOTS_MAX : static_cast<std::int64_t>(size);
  }

  static int128 value(Ladder ladder, const Member& member, std::int64_t size, std::int64_t& worst) {
    int128 sum = 0;
    while (size > 0 && !ladder.done()) {
      const Level level = ladder.level();
      const std::int64_t take = std::min(size, common_size(level, member));
      sum += int128{level.price} * member.price_factor * take;
      worst = level.price;
      size -= take;
      ladder.advance();
    }
    return sum;
  }

  bool set(std::size_t buy, std::size_t sell, std::int64_t threshold_e8) {
    std::int64_t edge_e8 = 0;
    const bool now = edge(buy, sell, edge_e8) && edge_e8 >= threshold_e8;
    auto&& bit = active_[buy * GROUP_BOOKS_MAX + sell];
    const bool before = bit;
    bit = now;
    return now || before;
  }

  std::bitset<GROUP_BOOKS_MAX * GROUP_BOOKS_MAX> active_;
};

}  // namespace trimaran
