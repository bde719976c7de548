// The border of the core of risk: integers of any size in, integers out. trimaran/risk/core.py says what each means.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"      // nanobind's own headers
#pragma GCC diagnostic ignored "-Wconversion"
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#pragma GCC diagnostic pop

#include <algorithm>

#include "trimaran/risk.hpp"

namespace nb = nanobind;
using namespace trimaran::risk;

namespace {

struct Whole {  // an integer, cut to 64 bits; NONSENSE for anything else
  i64 value = NONSENSE;
};
struct Big {  // an integer, cut to 126 bits
  i128 value = 0;
};

}  // namespace

namespace nanobind::detail {

template <>
struct type_caster<Whole> {
  NB_TYPE_CASTER(Whole, const_name("int"))
  bool from_python(handle source, std::uint8_t, cleanup_list*) noexcept {
    if (!PyLong_Check(source.ptr())) {
      value.value = NONSENSE;
      return true;
    }
    int overflow = 0;
    const long long plain = PyLong_AsLongLongAndOverflow(source.ptr(), &overflow);
    value.value = overflow == 0 ? plain : overflow > 0 ? WHOLE_MAX : NONSENSE;
    return true;
  }
  static handle from_cpp(Whole whole, rv_policy, cleanup_list*) noexcept { return PyLong_FromLongLong(whole.value); }
};

template <>
struct type_caster<Big> {
  NB_TYPE_CASTER(Big, const_name("int"))
  bool from_python(handle source, std::uint8_t, cleanup_list*) noexcept {
    if (!PyLong_Check(source.ptr())) return false;
    int overflow = 0;
    const long long plain = PyLong_AsLongLongAndOverflow(source.ptr(), &overflow);
    if (overflow == 0) {
      value.value = plain;
      return true;
    }
    const object shifted = steal(PyNumber_Rshift(source.ptr(), int_(64).ptr()));
    const long long high = PyLong_AsLongLongAndOverflow(shifted.ptr(), &overflow);
    if (overflow != 0 || high > (1LL << 61) || high < -(1LL << 61)) {
      value.value = (overflow > 0 || (overflow == 0 && high > 0)) ? ONE << 125 : -(ONE << 125);
      return true;
    }
    value.value = static_cast<i128>(static_cast<u128>(static_cast<i128>(high)) << 64 |
                                    PyLong_AsUnsignedLongLongMask(source.ptr()));
    return true;
  }
  static handle from_cpp(Big big, rv_policy, cleanup_list*) noexcept {
    const auto high = steal(PyLong_FromLongLong(static_cast<long long>(big.value >> 64)));
    const auto low = steal(PyLong_FromUnsignedLongLong(static_cast<unsigned long long>(big.value)));
    const auto shifted = steal(PyNumber_Lshift(high.ptr(), int_(64).ptr()));
    return PyNumber_Or(shifted.ptr(), low.ptr());
  }
};

}  // namespace nanobind::detail

namespace {

using Index = std::uint32_t;

void require(bool holds, const char* text) {
  if (!holds) throw nb::index_error(text);
}

// The state with its indices checked: what comes from Python may be anything.
struct Core : State {
  Place& place(Index instrument) {
    require(instrument < places.size(), "instrument: no such one");
    return places[instrument];
  }
  ScopeState& scope(int kind, Index index) {
    require(kind >= ALL && kind <= STRATEGY && index < scopes[static_cast<std::size_t>(kind)].size(),
            "scope: no such one");
    return scopes[static_cast<std::size_t>(kind)][index];
  }
  AssetState& asset(Index index) {
    require(index < assets.size(), "asset: no such one");
    return assets[index];
  }
  Holding& holding(Index account, Index index) {
    require(account < holdings.size(), "account: no such one");
    asset(index);
    return holdings[account][index];
  }
  Cell& cell(Index strategy, Index instrument) {
    require(strategy < cells.size(), "strategy: no such one");
    place(instrument);
    return cells[strategy][instrument];
  }
};

std::size_t side_of(int side) {
  require(side == 0 || side == 1, "side: expected 0 or 1");
  return static_cast<std::size_t>(side);
}

Index add_instrument(Core& c, Index account, Index wallet, Index base, Index quote, bool perpetual, Whole step, Whole lots_min,
                     Big size_numerator, Big size_denominator, Big value_numerator, Big value_denominator, Whole fee_e8,
                     Big tick_lots_min) {
  c.scope(ACCOUNT, account);
  c.holding(wallet, base);
  c.holding(wallet, quote);
  require(step.value > 0 && size_denominator.value > 0 && value_denominator.value > 0 && size_numerator.value >= 0 &&
              value_numerator.value >= 0 && fee_e8.value >= 0 && fee_e8.value <= trimaran::FEE_E8_MAX,
          "instrument: expected positive steps and a fee of 0..5000000");
  return static_cast<Index>(c.State::add_instrument({account, wallet, base, quote, perpetual, step.value, lots_min.value,
                                                     size_numerator.value, size_denominator.value, value_numerator.value,
                                                     value_denominator.value, fee_e8.value, tick_lots_min.value}));
}

void limit_instrument(Core& c, Index instrument, Big tick_lots_max, Whole lots_max, Whole quote_age_ns_max,
                      Whole collar_bps_max, Whole position_lots_max, Whole leverage_max, Whole open_orders_max,
                      Whole rate_orders_max, Whole rate_window_ns, Whole duplicate_window_ns, Whole restriction) {
  c.place(instrument);
  require(leverage_max.value >= 1 && leverage_max.value <= 1'000 && rate_orders_max.value >= 0 &&
              rate_orders_max.value <= 1'000'000 && rate_window_ns.value >= 0 && duplicate_window_ns.value >= 0 &&
              collar_bps_max.value >= 0 && collar_bps_max.value <= BPS_ONE,
          "limits: out of range");
  c.State::limit_instrument(instrument, {tick_lots_max.value, lots_max.value, quote_age_ns_max.value,
                                         collar_bps_max.value, position_lots_max.value, leverage_max.value,
                                         open_orders_max.value, rate_orders_max.value, rate_window_ns.value,
                                         duplicate_window_ns.value, restriction.value});
}

void limit_scope(Core& c, int kind, Index index, Big exposure_max, Whole open_orders_max, Whole rate_orders_max,
                 Whole rate_window_ns, Whole messages_max, Whole messages_window_ns, Big daily_loss_max, Big drawdown_max,
                 Whole leverage_max, Whole liquidation_bps) {
  require(rate_orders_max.value <= 1'000'000 && messages_max.value <= 1'000'000 && rate_window_ns.value >= 0 &&
              messages_window_ns.value >= 0 && leverage_max.value <= 1'000 && liquidation_bps.value <= 2 * BPS_ONE,
          "limits: out of range");
  c.State::limit_scope(c.scope(kind, index),
                       {exposure_max.value, open_orders_max.value, rate_orders_max.value, rate_window_ns.value,
                        messages_max.value, messages_window_ns.value, daily_loss_max.value, drawdown_max.value,
                        leverage_max.value, liquidation_bps.value});
}

void open(Core& c, Index instrument, Index strategy, Whole id, int side, Whole price, Whole lots, bool rests,
          bool reduce_only, bool tentative) {
  c.cell(strategy, instrument);
  side_of(side);
  Order order;
  order.instrument = instrument;
  order.strategy = strategy;
  order.side = side;
  order.terms[0] = {std::max<i64>(price.value, 0), std::max<i64>(lots.value, 0)};
  order.rests = rests;
  order.reduce_only = reduce_only;
  c.State::open(id.value, order, tentative);
}

void amend(Core& c, Whole id, Whole price, Whole lots) {
  const auto found = c.orders.find(id.value);
  if (found == c.orders.end()) return;
  c.change(id.value, {found->second.terms[0], {std::max<i64>(price.value, 0), std::max<i64>(lots.value, 0)}});
}

void settle(Core& c, Whole id, Whole price, Whole lots) {
  if (!c.orders.contains(id.value)) return;
  c.change(id.value, {Half{std::max<i64>(price.value, 0), std::max<i64>(lots.value, 0)}, Half{}});
}

void fill(Core& c, Whole id, Whole lots) {
  const auto found = c.orders.find(id.value);
  if (found == c.orders.end()) return;
  auto terms = found->second.terms;
  const i128 less = std::max<i64>(lots.value, 0);
  for (Half& half : terms) half.lots = static_cast<i64>(std::max<i128>(half.lots - less, 0));
  c.change(id.value, terms);
}

void lift(Core& c, Whole id, int by) {
  const auto found = c.orders.find(id.value);
  if (found != c.orders.end()) c.add(found->second, by);
}

void count_order(Core& c, Index instrument, Index strategy, Whole id, int side, Whole price, Whole lots, Whole made_ns) {
  c.cell(strategy, instrument);
  c.place(instrument).rate.add(made_ns.value);
  for (ScopeState* scope : c.scopes_of(instrument, strategy)) {
    scope->orders.add(made_ns.value);
    scope->messages.add(made_ns.value);
  }
  c.memory.add(id.value, {instrument, strategy, side, price.value, lots.value}, made_ns.value);
}

int judge_ask(Core& c, Whole instrument, Whole strategy, Whole id, Whole prior, Whole side, Whole price, Whole lots,
              Whole filled, Whole held_price, Whole held_lots, Whole reduce_only, Whole order_type, Whole tif,
              Whole trigger, Whole display, Whole created_ns, Whole status, Whole bid, Whole ask, Whole quote_ns,
              Whole fair_numerator, Whole fair_denominator, Whole now_ns, Whole is_amend) {
  return judge(c, {instrument.value, strategy.value, id.value, prior.value, side.value, price.value, lots.value,
                   filled.value, held_price.value, held_lots.value, reduce_only.value, order_type.value, tif.value,
                   trigger.value, display.value, created_ns.value, status.value, bid.value, ask.value, quote_ns.value,
                   fair_numerator.value, fair_denominator.value, now_ns.value, is_amend.value});
}

void bind_setting_up(nb::class_<Core>& core) {
  core.def("add_venue", [](Core& c) { return c.add_scope(VENUE); })
      .def("add_account",
           [](Core& c, Index venue) {
             c.scope(VENUE, venue);
             return c.State::add_account(venue);
           })
      .def("add_strategy", [](Core& c) { return c.add_scope(STRATEGY); })
      .def("add_asset", [](Core& c) { return c.State::add_asset(); })
      .def("add_instrument", &add_instrument, "By the fields of trimaran.risk.tables.Terms.")
      .def("limit_instrument", &limit_instrument, "By the fields of trimaran.risk.tables.Bounds.")
      .def("limit_scope", &limit_scope, "By the fields of trimaran.risk.tables.ScopeBounds.")
      .def("limit_asset", [](Core& c, Index asset, Big most) { c.asset(asset).exposure_max = most.value; })
      .def("set_kill", [](Core& c, int kind, Index index, int state) { c.scope(kind, index).kill = state; })
      .def("set_ready",
           [](Core& c, Index account, bool ready) {
             c.scope(ACCOUNT, account);
             c.ready[account] = ready;
           })
      .def("set_takes_risk", [](Core& c, bool takes_risk) { c.State::takes_risk = takes_risk; })
      .def("set_frozen", [](Core& c, Index instrument, bool frozen) { c.place(instrument).frozen = frozen; });
}

void bind_updates(nb::class_<Core>& core) {
  core.def("set_wallet", [](Core& c, Index account, Index asset, Big amount) {
        c.holding(account, asset).wallet = clamp(amount.value, WALLET_MAX);
      })
      .def("set_exposure",
           [](Core& c, Index asset, Big low, Big high) {
             c.asset(asset).low = clamp(low.value, EXPOSURE_MAX);
             c.asset(asset).high = clamp(high.value, EXPOSURE_MAX);
           })
      .def("set_position",
           [](Core& c, Index instrument, Whole lots, Big cost_low, Big cost_high) {
             c.place(instrument);
             c.State::set_position(instrument, lots.value, cost_low.value, cost_high.value);
           })
      .def("set_mark",
           [](Core& c, Index instrument, Whole bid, Whole ask) {
             c.place(instrument);
             c.State::set_mark(instrument, bid.value, ask.value);
           })
      .def("set_rate",
           [](Core& c, Index asset, Whole rate_e9) {
             c.asset(asset);
             c.State::set_rate(asset, rate_e9.value);
           })
      .def("set_strategy_lots",
           [](Core& c, Index strategy, Index instrument, Whole lots) {
             c.cell(strategy, instrument);
             c.State::set_strategy_lots(strategy, instrument, lots.value);
           })
      .def("set_equity", [](Core& c, int kind, Index index, Big equity,
                            Whole day) { Core::set_equity(c.scope(kind, index), equity.value, day.value); })
      .def("clear_equity", [](Core& c, int kind, Index index) { c.scope(kind, index).known = false; })
      .def("restore_equity",
           [](Core& c, int kind, Index index, Whole day, Big day_start, Big peak) {
             ScopeState& scope = c.scope(kind, index);
             scope.day = day.value;
             scope.known = false;
             scope.day_start = scope.equity = clamp(day_start.value, EXPOSURE_MAX);
             scope.peak = clamp(peak.value, EXPOSURE_MAX);
           })
      .def("open", &open)
      .def("amend", &amend)
      .def("settle", &settle)
      .def("fill", &fill)
      .def("end", [](Core& c, Whole id) { c.State::end(id.value); })
      .def("lift", [](Core& c, Whole id) { lift(c, id, -1); })
      .def("lower", [](Core& c, Whole id) { lift(c, id, 1); })
      .def("release", [](Core& c) { c.State::release(); })
      .def("count_order", &count_order)
      .def("count_message",
           [](Core& c, Index instrument, Index strategy, Whole local_ns) {
             c.cell(strategy, instrument);
             for (ScopeState* scope : c.scopes_of(instrument, strategy)) scope->messages.add(local_ns.value);
           })
      .def("forget", [](Core& c, Whole before_ns) { c.memory.forget(before_ns.value); })
      .def("judge", &judge_ask, "The number of the first rule that an order breaks, by the fields of "
                                "trimaran.risk.ask.Ask; 0: none.");
}

void bind_views(nb::class_<Core>& core) {
  core.def("kill", [](Core& c, int kind, Index index) { return c.scope(kind, index).kill; })
      .def("ready",
           [](Core& c, Index account) {
             c.scope(ACCOUNT, account);
             return static_cast<bool>(c.ready[account]);
           })
      .def("takes_risk", [](Core& c) { return c.State::takes_risk; })
      .def("frozen", [](Core& c, Index instrument) { return c.place(instrument).frozen; })
      .def("position", [](Core& c, Index instrument) { return c.place(instrument).position; })
      .def("open_lots", [](Core& c, Index instrument, int side) { return Big{c.place(instrument).open[side_of(side)]}; })
      .def("strategy_lots", [](Core& c, Index strategy, Index instrument) { return c.cell(strategy, instrument).lots; })
      .def("strategy_open", [](Core& c, Index strategy, Index instrument,
                               int side) { return Big{c.cell(strategy, instrument).open[side_of(side)]}; })
      .def("open_count", [](Core& c, int kind,
                            Index index) { return kind == INSTRUMENT ? c.place(index).count : c.scope(kind, index).count; })
      .def("nth_order_ns",
           [](Core& c, int kind, Index index, Whole count) {
             const Rate& rate = kind == INSTRUMENT ? c.place(index).rate : c.scope(kind, index).orders;
             return c.nth(rate, kind, index, count.value);
           })
      .def("nth_message_ns", [](Core& c, int kind, Index index,
                                Whole count) { return c.nth(c.scope(kind, index).messages, kind, index, count.value); })
      .def("sequence_open", [](Core& c, Whole sequence) { return c.sequences.contains(sequence.value); })
      .def("last_attempt", [](Core& c, Whole sequence) { return c.memory.last_attempt(sequence.value); })
      .def("wish_ns",
           [](Core& c, Whole instrument, Whole strategy, Whole side, Whole price, Whole lots, Whole sequence) {
             return c.wish_ns({instrument.value, strategy.value, side.value, price.value, lots.value}, sequence.value);
           })
      .def("crossing",
           [](Core& c, Index instrument, int side, Whole price) {
             c.place(instrument);
             return c.State::crossing(instrument, static_cast<int>(side_of(side)), price.value);
           })
      .def("exposure", [](Core& c, Index asset, int side) { return Big{side == 0 ? c.asset(asset).high : -c.asset(asset).low}; })
      .def("open_base", [](Core& c, Index asset, int side) { return Big{c.asset(asset).open[side_of(side)].value()}; })
      .def("mark", [](Core& c, Index instrument) { return std::make_pair(c.place(instrument).bid, c.place(instrument).ask); })
      .def("rate", [](Core& c, Index asset) { return c.asset(asset).rate_e9; })
      .def("exposure_beside",
           [](Core& c, int kind, Index index, Index instrument, Index strategy) {
             const i128 own = kind == STRATEGY ? c.cell(strategy, instrument).valued : c.place(instrument).valued;
             return Big{c.scope(kind, index).exposure.without(own)};
           })
      .def("equity",
           [](Core& c, int kind, Index index) {
             const ScopeState& s = c.scope(kind, index);
             return std::make_tuple(s.known, Big{s.equity}, Big{s.day_start}, Big{s.peak});
           })
      .def("wallet", [](Core& c, Index account, Index asset) { return Big{c.holding(account, asset).wallet}; })
      .def("taken",
           [](Core& c, Index account, Index asset) {
             const Holding& h = c.holding(account, asset);
             return std::make_tuple(Big{h.needed.value()}, Big{h.held.value()}, Big{h.lost.value()});
           })
      .def("gross_beside", [](Core& c, Index account, Index asset, Index instrument) {
        return Big{c.holding(account, asset).gross.without(c.place(instrument).value)};
      });
}

}  // namespace

NB_MODULE(_risk, m) {
  m.doc() = "The core of risk: state, sums and rules in integers; see trimaran.risk.core for the contract.";
  nb::class_<Core> core(m, "RiskCore");
  core.def(nb::init<>());
  bind_setting_up(core);
  bind_updates(core);
  bind_views(core);
}
