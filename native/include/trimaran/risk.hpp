// The rules of risk, all of them in one call: the number of the first rule that an order breaks, or 0.
//
// Rule n is line n of trimaran/risk/rules/catalogue.py, whose file says in words what the function here does; the
// Python rule makes the text of a refusal and must agree. Everything is an integer, needs are rounded up and what
// is free is rounded down, and what is missing or beyond 128 bits never lets an order pass.
#pragma once

#include "trimaran/risk_state.hpp"

namespace trimaran::risk {

inline constexpr i64 TIME_NS_MAX = i64{1} << 62;
inline constexpr i64 PART_MAX = i64{1} << 62;
inline constexpr i64 ID_MAX = (i64{1} << 62) - 1;
inline constexpr i64 BPS_ONE = 10'000;
inline constexpr i64 LIVE = 2;
inline constexpr i64 RUNNING = 0, ONLY_REDUCING = 1;
inline constexpr i64 LIMIT = 0, STOP_MARKET = 2, STOP_LIMIT = 3, LAST_TYPE = 5;
inline constexpr i64 GTC = 1, POST_ONLY = 3;
inline constexpr i64 NO_BUYS = 1, NO_SELLS = 2, REDUCE_ONLY = 4;

struct Ask {  // the fields of trimaran/risk/ask.py, in their order
  i64 instrument, strategy, id, prior_sequence, side, price, lots, filled, held_price, held_lots, reduce_only;
  i64 order_type, tif, trigger, display, created_ns;
  i64 status, bid, ask, quote_ns, fair_numerator, fair_denominator, now_ns, amend;
};

class Judge {
 public:
  Judge(State& state, const Ask& ask) : state_(state), ask_(ask) {}

  int first_broken() {
    if (!well_formed()) return 1;
    place_ = &state_.places[static_cast<std::size_t>(ask_.instrument)];
    terms_ = &place_->terms;
    bounds_ = &place_->bounds;
    side_ = static_cast<std::size_t>(ask_.side);
    sign_ = ask_.side == 0 ? 1 : -1;
    open_lots_ = std::max(ask_.lots - ask_.filled, ask_.held_lots);
    scopes_ = state_.scopes_of(static_cast<std::size_t>(ask_.instrument), static_cast<std::size_t>(ask_.strategy));
    tick_lots_ = static_cast<i128>(ask_.price) * ask_.lots;
    if (const int broken = state_of_things()) return broken;
    if (const int broken = counts()) return broken;
    if (const int broken = the_order_itself()) return broken;
    return what_it_could_make();
  }

 private:
  int state_of_things() const {
    if (!not_killed()) return 2;
    if (!state_.ready[terms_->account]) return 3;
    if (!state_.takes_risk) return 4;
    if (place_->frozen) return 5;
    if ((bounds_->restriction & (ask_.side != 0 ? NO_SELLS : NO_BUYS)) != 0) return 6;
    if ((bounds_->restriction & REDUCE_ONLY) != 0 && ask_.reduce_only == 0) return 6;
    if (ask_.status != LIVE || !(0 < ask_.bid && ask_.bid < ask_.ask)) return 7;
    const i128 age_ns = static_cast<i128>(ask_.now_ns) - ask_.quote_ns;
    if (age_ns < 0 || age_ns > bounds_->quote_age_ns_max) return 8;
    if (ask_.lots > bounds_->lots_max) return 9;
    return 0;
  }

  int counts() const {
    if (ask_.amend == 0 && !few_open()) return 10;
    if (ask_.amend == 0 && !few_orders()) return 11;
    if (!few_messages()) return 12;
    if (ask_.amend == 0 && !unique()) return 13;
    return 0;
  }

  int the_order_itself() const {
    if (!in_collar()) return 14;
    if (tick_lots_ > bounds_->tick_lots_max) return 15;
    if (tick_lots_ < terms_->tick_lots_min && !(ask_.reduce_only != 0 && terms_->perpetual)) return 16;
    if (!reduces()) return 17;
    if (ask_.order_type < STOP_MARKET && crosses()) return 18;
    return 0;
  }

  int what_it_could_make() {
    const i128 position = sign_ * static_cast<i128>(place_->position) + place_->open[side_] + open_lots_;
    if (position > bounds_->position_lots_max) return 19;
    if (!asset_fits()) return 20;
    if (ask_.reduce_only == 0) {
      after_ = ways(place_->position, place_->open, grows_);
      const Cell& cell = state_.cells[static_cast<std::size_t>(ask_.strategy)][static_cast<std::size_t>(ask_.instrument)];
      strategy_after_ = ways(cell.lots, cell.open, strategy_grows_);
      if (!exposures_fit(cell)) return 21;
      if (!losses_fit(true)) return 22;
      if (!losses_fit(false)) return 23;
      if (const int broken = margins()) return broken;
    }
    if (!(terms_->perpetual && ask_.reduce_only != 0) && !paid()) return 26;
    return 0;
  }

  bool well_formed() const {
    const Ask& a = ask_;
    if (a.instrument < 0 || static_cast<std::size_t>(a.instrument) >= state_.places.size()) return false;
    if (a.strategy < 0 || static_cast<std::size_t>(a.strategy) >= state_.cells.size()) return false;
    if (a.id <= 0 || a.id > ID_MAX || (a.side != 0 && a.side != 1) || (a.reduce_only != 0 && a.reduce_only != 1))
      return false;
    if (a.now_ns < 0 || a.now_ns > TIME_NS_MAX || a.created_ns < 0 || a.created_ns > a.now_ns) return false;
    const Terms& terms = state_.places[static_cast<std::size_t>(a.instrument)].terms;
    if (a.price < 1 || a.price > PRICE_TICKS_MAX || a.lots < 1 || a.lots > SIZE_LOTS_MAX) return false;
    if (a.lots % terms.order_step != 0 || a.lots < terms.order_lots_min) return false;
    if (a.filled < 0 || a.filled >= a.lots) return false;
    if (a.held_lots < 0 || a.held_lots > SIZE_LOTS_MAX || a.held_price < 0 || a.held_price > PRICE_TICKS_MAX)
      return false;
    return well_shaped(terms.order_step);
  }

  bool well_shaped(i64 step) const {
    const Ask& a = ask_;
    if (a.order_type < 0 || a.order_type > LAST_TYPE || a.tif < 0 || a.tif > POST_ONLY) return false;
    const bool triggered = a.order_type >= STOP_MARKET;
    if (triggered ? (a.trigger < 1 || a.trigger > PRICE_TICKS_MAX) : a.trigger != 0) return false;
    const bool resting = a.order_type == LIMIT && a.tif == GTC;
    if (a.display != 0 && !(resting && 0 < a.display && a.display < a.lots && a.display % step == 0)) return false;
    const bool priced = a.order_type == LIMIT || a.order_type == STOP_LIMIT || a.order_type == LAST_TYPE;
    return a.tif != POST_ONLY || priced;
  }

  bool not_killed() const {
    for (const ScopeState* scope : scopes_)
      if (scope->kill != RUNNING && !(scope->kill == ONLY_REDUCING && ask_.reduce_only != 0)) return false;
    return true;
  }

  std::array<std::size_t, 4> indices() const {
    return {0, state_.venues[terms_->account], terms_->account, static_cast<std::size_t>(ask_.strategy)};
  }

  bool few_open() const {
    if (place_->count + 1 > bounds_->open_orders_max) return false;
    for (const ScopeState* scope : scopes_)
      if (scope->bounds.open_orders_max != NO_LIMIT && scope->count + 1 > scope->bounds.open_orders_max) return false;
    return true;
  }

  bool has_room(const Rate& rate, int kind, std::size_t index, i64 highest, i64 window_ns) const {
    const i64 oldest_ns = state_.nth(rate, kind, index, highest);
    return oldest_ns == NONSENSE || oldest_ns <= ask_.now_ns - window_ns;
  }

  bool few_orders() const {
    const auto instrument = static_cast<std::size_t>(ask_.instrument);
    if (!has_room(place_->rate, INSTRUMENT, instrument, bounds_->rate_orders_max, bounds_->rate_window_ns)) return false;
    const auto index = indices();
    for (std::size_t kind = 0; kind < 4; ++kind) {
      const ScopeState& s = *scopes_[kind];
      if (s.bounds.rate_orders_max == NO_LIMIT) continue;
      if (!has_room(s.orders, static_cast<int>(kind), index[kind], s.bounds.rate_orders_max, s.bounds.rate_window_ns))
        return false;
    }
    return true;
  }

  bool few_messages() const {
    const auto index = indices();
    for (std::size_t kind = 0; kind < 4; ++kind) {
      const ScopeState& s = *scopes_[kind];
      if (s.bounds.messages_max == NO_LIMIT) continue;
      if (!has_room(s.messages, static_cast<int>(kind), index[kind], s.bounds.messages_max, s.bounds.messages_window_ns))
        return false;
    }
    return true;
  }

  bool unique() const {
    const i64 sequence = ask_.id >> ATTEMPT_BITS;
    if (state_.sequences.contains(sequence)) return false;
    const i64 last = state_.memory.last_attempt(sequence);
    if (last != 0 && (ask_.id <= last || ask_.prior_sequence != sequence)) return false;
    if (ask_.prior_sequence != 0 && ask_.prior_sequence != sequence) return false;
    if (bounds_->duplicate_window_ns == 0) return true;
    const Wish wish{ask_.instrument, ask_.strategy, ask_.side, ask_.price, ask_.lots};
    return state_.wish_ns(wish, sequence) <= ask_.now_ns - bounds_->duplicate_window_ns;
  }

  bool in_collar() const {
    const i128 numerator = ask_.fair_numerator, denominator = ask_.fair_denominator;
    if (numerator <= 0 || numerator > PART_MAX || denominator <= 0 || denominator > PART_MAX) return false;
    const i128 apart = ask_.price * denominator - numerator;
    return (apart < 0 ? -apart : apart) * BPS_ONE <= bounds_->collar_bps_max * numerator;
  }

  bool reduces() const {
    if (ask_.reduce_only == 0) return true;
    if (!terms_->perpetual) return false;
    return open_lots_ <= -sign_ * static_cast<i128>(place_->position) - place_->open[side_];
  }

  bool crosses() const {
    return state_.crossing(static_cast<std::size_t>(ask_.instrument), static_cast<int>(ask_.side), ask_.price) != 0;
  }

  bool asset_fits() const {
    const AssetState& asset = state_.assets[terms_->base];
    const i128 towards = ask_.side == 0 ? asset.high : -asset.low;
    return towards + asset.open[side_].value() + base_of(*terms_, open_lots_) <= asset.exposure_max;
  }

  // Worst lots after the order, and whether they are more than before.
  i128 ways(i128 position, std::array<i128, 2> open, bool& grows) const {
    const i128 before = worst_lots(position, open);
    open[side_] += open_lots_;
    const i128 after = worst_lots(position, open);
    grows = after > before;
    return after;
  }

  i128 value_after(i128 lots) const { return value_of(*terms_, lots, std::max(place_->ask, ask_.ask)); }

  bool exposures_fit(const Cell& cell) const {
    for (std::size_t kind = 0; kind < 4; ++kind) {
      const ScopeState& s = *scopes_[kind];
      const bool own = kind == STRATEGY;
      if (s.bounds.exposure_max == NO_LIMIT || !(own ? strategy_grows_ : grows_)) continue;
      const i128 value = value_after(own ? strategy_after_ : after_);
      const i128 beside = s.exposure.without(own ? cell.valued : place_->valued);
      if (state_.in_limits_asset(terms_->quote, value) + beside > s.bounds.exposure_max) return false;
    }
    return true;
  }

  bool losses_fit(bool daily) const {
    for (std::size_t kind = 0; kind < 4; ++kind) {
      const ScopeState& s = *scopes_[kind];
      const i128 highest = daily ? s.bounds.daily_loss_max : s.bounds.drawdown_max;
      if (highest == NO_LIMIT || !(kind == STRATEGY ? strategy_grows_ : grows_)) continue;
      if (!s.known || (daily ? s.day_start : s.peak) - s.equity > highest) return false;
    }
    return true;
  }

  int margins() const {
    if (!terms_->perpetual || !grows_) return 0;
    const ScopeBounds& account = scopes_[ACCOUNT]->bounds;
    if (account.leverage_max == NO_LIMIT && account.liquidation_bps == NO_LIMIT) return 0;
    const Holding& holding = state_.holdings[terms_->wallet][terms_->quote];
    const i128 gross = value_after(after_) + holding.gross.without(place_->value);
    const i128 equity = holding.wallet - holding.lost.value();
    if (account.leverage_max != NO_LIMIT && !(equity > 0 && gross <= account.leverage_max * equity)) return 24;
    if (account.liquidation_bps == NO_LIMIT) return 0;
    return gross <= WALLET_MAX && equity > 0 && gross * account.liquidation_bps <= equity * BPS_ONE ? 0 : 25;
  }

  bool paid() const {
    const bool sells_base = !terms_->perpetual && ask_.side != 0;
    const Holding& holding = state_.holdings[terms_->wallet][sells_base ? terms_->base : terms_->quote];
    const int side = static_cast<int>(ask_.side);
    const i128 need = std::max(need_of(*place_, side, false, {ask_.price, ask_.lots - ask_.filled}),
                               need_of(*place_, side, false, {ask_.held_price, ask_.held_lots}));
    return need <= holding.wallet - holding.needed.value() - holding.held.value() - holding.lost.value();
  }

  State& state_;
  const Ask& ask_;
  Place* place_ = nullptr;
  const Terms* terms_ = nullptr;
  const Bounds* bounds_ = nullptr;
  std::array<ScopeState*, 4> scopes_{};
  std::size_t side_ = 0;
  i64 sign_ = 1, open_lots_ = 0;
  i128 tick_lots_ = 0, after_ = 0, strategy_after_ = 0;
  bool grows_ = false, strategy_grows_ = false;
};

inline int judge(State& state, const Ask& ask) { return Judge(state, ask).first_broken(); }

}  // namespace trimaran::risk
