// The state behind the rules of risk: orders, positions, money, switches, and the sums that the rules read.
// The twin is trimaran/risk/twin.py, which has the law of the sums.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "trimaran/risk_memory.hpp"

namespace trimaran::risk {

enum Scope : int { ALL = 0, VENUE = 1, ACCOUNT = 2, STRATEGY = 3, INSTRUMENT = 4 };
inline constexpr i64 NO_LIMIT = -1;
inline constexpr std::array<int, 4> KINDS = {ALL, VENUE, ACCOUNT, STRATEGY};

struct Terms {
  std::size_t account = 0, wallet = 0, base = 0, quote = 0;
  bool perpetual = false;
  i64 order_step = 1, order_lots_min = 1;
  i128 size_numerator = 1, size_denominator = 1, value_numerator = 1, value_denominator = 1;
  i64 fee_e8 = 0;
  i128 tick_lots_min = 0;
};

struct Bounds {
  i128 tick_lots_max = 0;
  i64 lots_max = 0, quote_age_ns_max = 0, collar_bps_max = 0, position_lots_max = 0, leverage_max = 1;
  i64 open_orders_max = 0, rate_orders_max = 0, rate_window_ns = 1, duplicate_window_ns = 0, restriction = 0;
};

struct ScopeBounds {
  i128 exposure_max = NO_LIMIT;
  i64 open_orders_max = NO_LIMIT, rate_orders_max = NO_LIMIT, rate_window_ns = 1;
  i64 messages_max = NO_LIMIT, messages_window_ns = 1;
  i128 daily_loss_max = NO_LIMIT, drawdown_max = NO_LIMIT;
  i64 leverage_max = NO_LIMIT, liquidation_bps = NO_LIMIT;
};

struct Half {  // of what an order may become
  i64 price = 0, lots = 0;
};

struct Order {
  std::size_t instrument = 0, strategy = 0;
  int side = 0;
  std::array<Half, 2> terms{};  // two of them while an amendment is under way; the second is empty otherwise
  bool rests = false, reduce_only = false;
  i64 lots() const { return std::max(terms[0].lots, terms[1].lots); }
};

struct Place {
  Terms terms;
  Bounds bounds;
  bool frozen = false;
  i64 position = 0;
  i128 cost_low = 0, cost_high = 0;
  i64 bid = 0, ask = 0;
  std::array<i128, 2> open{};
  i64 count = 0;
  i128 value = 0, valued = 0, held = 0, lost = 0;
  Rate rate;
  std::array<std::vector<const Order*>, 2> resting;
};

struct Cell {  // a strategy on an instrument
  i64 lots = 0;
  std::array<i128, 2> open{};
  i128 valued = 0;
};

struct ScopeState {
  ScopeBounds bounds;
  i64 kill = 0, count = 0;
  Total exposure;
  Rate orders, messages;
  bool known = false;
  i64 day = NONSENSE;
  i128 equity = 0, day_start = 0, peak = 0;
};

struct Holding {
  i128 wallet = 0;
  Total needed, held, lost, gross;
};

struct AssetState {
  i128 exposure_max = 0, low = 0, high = 0;
  std::array<Total, 2> open;
  i64 rate_e9 = 0;
};

inline i128 worst_lots(i128 position, const std::array<i128, 2>& open) {
  return std::max(position + open[0], open[1] - position);
}

inline i128 notional_of(const Terms& terms, i128 lots, i64 price) {  // both from 0
  if (bit_length(lots) + bit_length(price) > PRODUCT_BITS) return INFINITE;
  return scaled_up(lots * price, terms.value_numerator, terms.value_denominator);
}

inline i128 value_of(const Terms& terms, i128 lots, i64 price) {
  if (lots == 0) return 0;
  return price > 0 ? notional_of(terms, lots, price) : INFINITE;
}

inline i128 base_of(const Terms& terms, i64 lots) {
  return scaled_up(lots, terms.size_numerator, terms.size_denominator);
}

inline i128 need_of(const Place& place, int side, bool reduce_only, const Half& half) {
  const Terms& terms = place.terms;
  if (!terms.perpetual && side != 0) return base_of(terms, half.lots);
  if (terms.perpetual && reduce_only) return 0;
  const i128 notional = notional_of(terms, half.lots, half.price);
  return terms.perpetual ? margin(notional, terms.fee_e8, place.bounds.leverage_max) : with_fee(notional, terms.fee_e8);
}

class State {
 public:
  State() { scopes[ALL].emplace_back(); }

  std::size_t add_scope(int kind) {
    scopes[static_cast<std::size_t>(kind)].emplace_back();
    if (kind == STRATEGY) cells.emplace_back(places.size());
    return scopes[static_cast<std::size_t>(kind)].size() - 1;
  }
  std::size_t add_account(std::size_t venue) {
    venues.push_back(venue);
    ready.push_back(false);
    holdings.emplace_back(assets.size());
    return add_scope(ACCOUNT);
  }
  std::size_t add_asset() {
    assets.emplace_back();
    for (auto& row : holdings) row.emplace_back();
    return assets.size() - 1;
  }
  std::size_t add_instrument(const Terms& terms) {
    places.emplace_back();
    places.back().terms = terms;
    for (auto& row : cells) row.emplace_back();
    return places.size() - 1;
  }

  void limit_instrument(std::size_t instrument, const Bounds& bounds) {
    for (const auto& [id, order] : orders)
      if (order.instrument == instrument) add(order, -1);
    places[instrument].bounds = bounds;
    for (const auto& [id, order] : orders)
      if (order.instrument == instrument) add(order, 1);
    revalue(instrument);
    places[instrument].rate.resize(static_cast<std::size_t>(bounds.rate_orders_max));
  }
  void limit_scope(ScopeState& scope, const ScopeBounds& bounds) {
    scope.bounds = bounds;
    scope.orders.resize(static_cast<std::size_t>(std::max<i64>(bounds.rate_orders_max, 0)));
    scope.messages.resize(static_cast<std::size_t>(std::max<i64>(bounds.messages_max, 0)));
  }

  void set_position(std::size_t instrument, i64 lots, i128 cost_low, i128 cost_high) {
    Place& place = places[instrument];
    place.position = lots;
    place.cost_low = clamp(cost_low, EXPOSURE_MAX);
    place.cost_high = clamp(cost_high, EXPOSURE_MAX);
    revalue(instrument);
  }
  void set_mark(std::size_t instrument, i64 bid, i64 ask) {
    Place& place = places[instrument];
    if (place.bid == bid && place.ask == ask) return;
    place.bid = bid;
    place.ask = ask;
    revalue(instrument);
    for (std::size_t strategy = 0; strategy < cells.size(); ++strategy) revalue_cell(strategy, instrument);
  }
  void set_rate(std::size_t asset, i64 rate_e9) {
    if (assets[asset].rate_e9 == rate_e9) return;
    assets[asset].rate_e9 = rate_e9;
    for (std::size_t instrument = 0; instrument < places.size(); ++instrument) {
      if (places[instrument].terms.quote != asset) continue;
      revalue(instrument);
      for (std::size_t strategy = 0; strategy < cells.size(); ++strategy) revalue_cell(strategy, instrument);
    }
  }
  void set_strategy_lots(std::size_t strategy, std::size_t instrument, i64 lots) {
    cells[strategy][instrument].lots = lots;
    revalue_cell(strategy, instrument);
  }
  static void set_equity(ScopeState& scope, i128 equity, i64 day) {
    const i128 mark = clamp(equity, EXPOSURE_MAX);
    const bool first = scope.day == NONSENSE;
    if (first || day > scope.day) {
      scope.day_start = first ? mark : scope.equity;
      scope.day = day;
    }
    scope.peak = first ? mark : std::max(scope.peak, mark);
    scope.equity = mark;
    scope.known = true;
  }

  void open(i64 id, const Order& order, bool tentative_) {
    end(id);
    Order& kept = orders[id] = order;
    if (tentative_) tentative.push_back(id);
    ++sequences[id >> ATTEMPT_BITS];
    if (kept.rests) places[kept.instrument].resting[static_cast<std::size_t>(kept.side)].push_back(&kept);
    count(kept, 1);
    add(kept, 1);
  }
  void change(i64 id, const std::array<Half, 2>& terms) {
    Order& order = orders.find(id)->second;
    add(order, -1);
    order.terms = terms;
    add(order, 1);
  }
  void end(i64 id) {
    const auto found = orders.find(id);
    if (found == orders.end()) return;
    const Order& order = found->second;
    add(order, -1);
    count(order, -1);
    if (order.rests) {
      auto& resting = places[order.instrument].resting[static_cast<std::size_t>(order.side)];
      *std::find(resting.begin(), resting.end(), &order) = resting.back();
      resting.pop_back();
    }
    const auto sequence = sequences.find(id >> ATTEMPT_BITS);
    if (--sequence->second == 0) sequences.erase(sequence);
    std::erase(tentative, id);
    orders.erase(found);
  }
  void release() {
    while (!tentative.empty()) end(tentative.back());
  }

  void add(const Order& order, int by) {
    Place& place = places[order.instrument];
    const auto side = static_cast<std::size_t>(order.side);
    const i64 lots = order.lots();
    place.open[side] += by * static_cast<i128>(lots);
    cells[order.strategy][order.instrument].open[side] += by * static_cast<i128>(lots);
    i128 need = need_of(place, order.side, order.reduce_only, order.terms[0]);
    if (order.terms[1].lots != 0) need = std::max(need, need_of(place, order.side, order.reduce_only, order.terms[1]));
    const bool sells_base = !place.terms.perpetual && order.side != 0;
    Total& needed = holdings[place.terms.wallet][sells_base ? place.terms.base : place.terms.quote].needed;
    Total& base = assets[place.terms.base].open[side];
    if (by > 0) {
      needed.add(need);
      base.add(base_of(place.terms, lots));
    } else {
      needed.take(need);
      base.take(base_of(place.terms, lots));
    }
    revalue(order.instrument);
    revalue_cell(order.strategy, order.instrument);
  }

  std::array<ScopeState*, 4> scopes_of(std::size_t instrument, std::size_t strategy) {
    const std::size_t account = places[instrument].terms.account;
    return {&scopes[ALL][0], &scopes[VENUE][venues[account]], &scopes[ACCOUNT][account], &scopes[STRATEGY][strategy]};
  }

  // How many tentative orders fall into a scope, or onto an instrument: they are made now.
  i64 made_now(int kind, std::size_t index) const {
    i64 count = 0;
    for (const i64 id : tentative) {
      const Order& order = orders.find(id)->second;
      const std::size_t account = places[order.instrument].terms.account;
      const std::size_t indices[] = {0, venues[account], account, order.strategy, order.instrument};
      count += indices[kind] == index;
    }
    return count;
  }
  i64 nth(const Rate& rate, int kind, std::size_t index, i64 count) const {
    const i64 now = tentative.empty() ? 0 : made_now(kind, index);
    return 0 < count && count <= now ? WHOLE_MAX : rate.nth(count - now);
  }

  i64 wish_ns(const Wish& wish, i64 sequence) const {
    for (const i64 id : tentative) {
      const Order& o = orders.find(id)->second;
      const Wish there{static_cast<i64>(o.instrument), static_cast<i64>(o.strategy), o.side, o.terms[0].price,
                       o.terms[0].lots};
      if (there == wish && id >> ATTEMPT_BITS != sequence) return WHOLE_MAX;
    }
    return memory.wish_ns(wish, sequence);
  }

  // The price of a resting order of ours that an order would meet; 0: none.
  i64 crossing(std::size_t instrument, int side, i64 price) const {
    i64 met = 0;
    for (const Order* order : places[instrument].resting[static_cast<std::size_t>(1 - side)]) {
      for (const Half& half : order->terms) {
        if (half.lots == 0 || (side == 0 ? half.price > price : half.price < price)) continue;
        if (met == 0 || (side == 0 ? half.price < met : half.price > met)) met = half.price;
      }
    }
    return met;
  }

  i128 in_limits_asset(std::size_t asset, i128 value) const {
    if (value == 0) return 0;
    return assets[asset].rate_e9 > 0 ? scaled_up(value, assets[asset].rate_e9, RATE_ONE) : INFINITE;
  }

  std::array<std::vector<ScopeState>, 4> scopes;
  std::vector<std::size_t> venues;  // of accounts
  std::vector<bool> ready;
  std::vector<AssetState> assets;
  std::vector<Place> places;
  std::vector<std::vector<Cell>> cells;        // by strategy and instrument
  std::vector<std::vector<Holding>> holdings;  // by account and asset
  std::unordered_map<i64, Order> orders;       // nodes stay where they are
  std::unordered_map<i64, i64> sequences;      // of open orders, with how many
  std::vector<i64> tentative;
  Memory memory;
  bool takes_risk = true;

 private:
  void count(const Order& order, i64 by) {
    places[order.instrument].count += by;
    for (ScopeState* scope : scopes_of(order.instrument, order.strategy)) scope->count += by;
  }

  void revalue(std::size_t instrument) {
    Place& place = places[instrument];
    const Terms& terms = place.terms;
    const i128 value = value_of(terms, worst_lots(place.position, place.open), place.ask);
    const i128 valued = in_limits_asset(terms.quote, value);
    i128 held = 0, lost = 0;
    if (terms.perpetual && place.position != 0) position_margin(place, held, lost);
    if (valued != place.valued) {
      scopes[ALL][0].exposure.move(place.valued, valued);
      scopes[VENUE][venues[terms.account]].exposure.move(place.valued, valued);
      scopes[ACCOUNT][terms.account].exposure.move(place.valued, valued);
    }
    if (terms.perpetual) {
      Holding& holding = holdings[terms.wallet][terms.quote];
      if (value != place.value) holding.gross.move(place.value, value);
      if (held != place.held) holding.held.move(place.held, held);
      if (lost != place.lost) holding.lost.move(place.lost, lost);
    }
    place.value = value;
    place.valued = valued;
    place.held = held;
    place.lost = lost;
  }

  static void position_margin(const Place& place, i128& held, i128& lost) {
    const auto size = [](i128 value) { return value < 0 ? -value : value; };
    held = scaled_up(std::max(size(place.cost_low), size(place.cost_high)), 1, place.bounds.leverage_max);
    lost = INFINITE;
    if (place.bid <= 0 || place.ask <= 0) return;
    const i128 lots = size(place.position);
    if (place.position < 0) {
      lost = std::max<i128>(std::min(notional_of(place.terms, lots, place.ask) + place.cost_high, INFINITE), 0);
      return;
    }
    const i128 worth = scaled_down(lots * place.bid, place.terms.value_numerator, place.terms.value_denominator);
    lost = std::max<i128>(place.cost_high - worth, 0);
  }

  void revalue_cell(std::size_t strategy, std::size_t instrument) {
    Cell& cell = cells[strategy][instrument];
    const Place& place = places[instrument];
    const i128 value = value_of(place.terms, worst_lots(cell.lots, cell.open), place.ask);
    const i128 valued = in_limits_asset(place.terms.quote, value);
    if (valued == cell.valued) return;
    scopes[STRATEGY][strategy].exposure.move(cell.valued, valued);
    cell.valued = valued;
  }
};

}  // namespace trimaran::risk
