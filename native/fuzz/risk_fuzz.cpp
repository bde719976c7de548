// Feeds anything to the core of risk: updates and questions in any order, with any numbers.
//
// An input is a row of bytes that is read as operations and their numbers; most are small, some are as large as
// they can be. After every question the sums must still be what they were, and in the end, with every order taken
// out again, nothing may be left of them.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "trimaran/risk.hpp"

using namespace trimaran::risk;

namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool left() const { return at_ < size_; }
  std::uint8_t byte() { return left() ? data_[at_++] : 0; }
  std::size_t below(std::size_t count) { return byte() % count; }
  i64 number() {  // small ones, and those at the borders
    const i64 small = byte();
    switch (byte() % 8) {
      case 0: return WHOLE_MAX;
      case 1: return NONSENSE;
      case 2: return i64{1} << (small % 63);
      case 3: return -small;
      case 4: return 5'000 + small - 128;
      default: return small;
    }
  }
  i64 from_zero() { return std::max<i64>(number(), 0); }
  i128 amount() {
    const i128 value = static_cast<i128>(number()) << (byte() % 60);
    return clamp(value, ONE << 125);
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_, at_ = 0;
};

void furnish(State& state) {
  state.add_scope(VENUE);
  state.add_scope(VENUE);
  state.add_account(0);
  state.add_account(1);
  for (int n = 0; n < 3; ++n) state.add_asset();
  state.add_scope(STRATEGY);
  state.add_scope(STRATEGY);
  const i128 size = 10'000'000'000'000, value = 1'000'000'000'000;
  state.add_instrument({0, 0, 1, 0, false, 1, 1, size, 1, value, 1, 100'000, 5'000});
  state.add_instrument({1, 1, 1, 0, true, 1, 1, size, 1, value, 3, 50'000, 5'000});
  state.add_instrument({0, 0, 2, 1, false, 10, 20, 10, 7, 1, 1'000, 0, 0});
  for (std::size_t n = 0; n < 3; ++n)
    state.limit_instrument(n, {ONE << 100, trimaran::SIZE_LOTS_MAX, 1'000, 5'000, trimaran::SIZE_LOTS_MAX, 5, 50, 20, 100, 10, 0});
  for (auto&& ready : state.ready) ready = true;
}

Order order_of(Bytes& bytes) {
  Order order;
  order.instrument = bytes.below(3);
  order.strategy = bytes.below(2);
  order.side = bytes.byte() & 1;
  order.terms[0] = {bytes.from_zero(), bytes.from_zero()};
  order.rests = bytes.byte() & 1;
  order.reduce_only = (bytes.byte() & 7) == 0;
  return order;
}

void limit_scope(State& state, Bytes& bytes) {
  auto& row = state.scopes[bytes.below(4)];
  ScopeBounds bounds;
  bounds.exposure_max = bytes.amount();
  bounds.rate_orders_max = bytes.byte() % 5;
  bounds.rate_window_ns = bytes.from_zero() / 2;
  bounds.messages_max = bytes.byte() % 5;
  bounds.daily_loss_max = bytes.amount();
  bounds.leverage_max = bytes.byte() % 126;
  bounds.liquidation_bps = bytes.byte() * 78;
  state.limit_scope(row[bytes.below(row.size())], bounds);
}

void update(State& state, Bytes& bytes) {
  const i64 id = 1 + bytes.byte();
  const std::size_t instrument = bytes.below(3), strategy = bytes.below(2);
  const bool known = state.orders.contains(id);
  switch (bytes.byte() % 12) {
    case 0: state.open(id, order_of(bytes), false); break;
    case 1: state.open(id, order_of(bytes), true); break;
    case 2: state.end(id); break;
    case 3: if (known) state.change(id, {Half{bytes.from_zero(), bytes.from_zero()}, Half{}}); break;
    case 4: if (known) state.change(id, {state.orders[id].terms[0], {bytes.from_zero(), bytes.from_zero()}}); break;
    case 5: state.set_position(instrument, bytes.number(), bytes.amount(), bytes.amount()); break;
    case 6: state.set_mark(instrument, bytes.number(), bytes.number()); break;
    case 7: state.set_rate(bytes.below(3), bytes.from_zero()); break;
    case 8: state.set_strategy_lots(strategy, instrument, bytes.number()); break;
    case 9: limit_scope(state, bytes); break;
    case 10: state.memory.add(id, {0, 0, 0, bytes.number(), bytes.number()}, bytes.from_zero()); break;
    default: state.holdings[bytes.below(2)][bytes.below(3)].wallet = clamp(bytes.amount(), WALLET_MAX);
  }
}

i128 sums(State& state) {
  i128 all = 0;
  for (auto& row : state.scopes)
    for (ScopeState& scope : row) all ^= scope.exposure.value() + scope.count;
  for (auto& row : state.holdings)
    for (Holding& holding : row) all ^= holding.needed.value() ^ holding.gross.value();
  return all;
}

int ask(State& state, Bytes& bytes) {
  const Ask question{static_cast<i64>(bytes.below(4)), static_cast<i64>(bytes.below(3)), 1 + bytes.byte(),
                     bytes.byte() % 16, bytes.byte() & 1, bytes.number(), bytes.number(), 0, bytes.from_zero(),
                     bytes.from_zero(), bytes.byte() & 1, bytes.byte() % 6, bytes.byte() % 4, 0, 0, bytes.from_zero(),
                     2, 4'999, 5'001, bytes.number(), bytes.number(), bytes.number(), bytes.number(), bytes.byte() & 1};
  return judge(state, question);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  State state;
  furnish(state);
  Bytes bytes(data, size);
  while (bytes.left()) {
    if (bytes.byte() % 3 != 0) {
      update(state, bytes);
      continue;
    }
    const i128 before = sums(state);
    const int number = ask(state, bytes);
    must(number >= 0 && number <= 26, "the number of a rule");
    must(sums(state) == before, "a question changes nothing");
  }
  state.release();
  while (!state.orders.empty()) state.end(state.orders.begin()->first);
  must(state.sequences.empty(), "no sequence is open without an order");
  for (auto& row : state.holdings)
    for (Holding& holding : row) must(holding.needed.value() == 0, "nothing is needed without an order");
  for (Place& place : state.places) {
    must(place.open[0] == 0 && place.open[1] == 0 && place.count == 0, "nothing is open without an order");
    must(place.resting[0].empty() && place.resting[1].empty(), "nothing rests without an order");
  }
  return 0;
}
