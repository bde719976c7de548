// Feeds anything to the hot state: decode, sequencing, books and scan, all dialects together.
//
// An input is lines. The first byte of a line says what is done, the rest is a payload:
//   0 1 2 3 4  a frame of market 0 (Binance spot), 1 (USD-M), 2 (OKX), 3 (HTX spot) or 4 (HTX swaps)
//   a b c      a snapshot for book 0 (spot), 1 (USD-M), 2 (spot, an odd grid)
//   u v w x y  the connection of market 0 to 4 is up;  d e f g h  it is down
// Anything else is passed over. After every line the state must make sense.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "trimaran/hot.hpp"

using namespace trimaran;

namespace {

constexpr std::int64_t THRESHOLD_E8 = -100'000;
constexpr std::int64_t ORDER_STEP = 3;
constexpr std::int64_t FEES_E8[] = {100'000, 50'000, -20'000, 80'000, 0, 200'000, -10'000};
constexpr std::array<std::int64_t, 4> STEPS_NS = {1, 50'000'000, 1, 1'200'000'000};  // deadlines pass
constexpr std::int64_t CAPS[] = {0, 1, 1'000'000, SIZE_LOTS_MAX};

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void build(Hot& hot) {
  hot.threshold_e8 = THRESHOLD_E8;
  for (int dialect = 0; dialect < DIALECT_COUNT; ++dialect) hot.add_market(static_cast<Dialect>(dialect));
  struct Row {
    std::uint32_t market;
    std::string_view symbol;
    Grids grids;
    Grid base;
  };
  const Row rows[] = {
      {0, "BTCUSDT", {{1, -2}, {1, -5}}, {1, -5}},       {1, "BTCUSDT", {{1, -1}, {1, -3}}, {1, -3}},
      {0, "ODDUSDT", {{5, -3}, {25, -1}}, {25, -1}},     {2, "BTC-USDT", {{1, -1}, {1, -8}}, {1, -8}},
      {2, "BTC-USDT-SWAP", {{1, -1}, {1, -2}}, {1, -4}}, {3, "btcusdt", {{1, -2}, {1, -6}}, {1, -6}},
      {4, "BTC-USDT", {{1, -1}, {1, 0}}, {1, -3}},
  };
  for (const Row& row : rows) {
    const std::int64_t fee_e8 = FEES_E8[hot.book_count()];
    must(hot.add_instrument(row.market, row.symbol, row.grids, row.base, ORDER_STEP, 0, fee_e8) != NO_BOOK, "row");
  }
}

// Does what a line says; the packed answer.
std::uint32_t take(Hot& hot, std::string_view line, std::int64_t now_ns) {
  const char* data = line.data() + 1;
  const std::size_t size = line.size() - 1;
  const auto place = [&line](std::string_view letters) {
    return static_cast<std::uint32_t>(std::min(letters.find(line[0]), letters.size()));
  };
  const auto count = static_cast<std::uint32_t>(DIALECT_COUNT);
  if (const auto market = place("01234"); market < count) return hot.on_frame(market, data, size, now_ns);
  if (const auto book = place("abc"); book < 3) return hot.on_snapshot(book, data, size, now_ns);
  if (const auto market = place("uvwxy"); market < count) hot.mark_up(market);
  if (const auto market = place("defgh"); market < count) hot.mark_down(market);
  return pack(Kind::Ignored, 0, NO_BOOK);
}

void check_answer(const Hot& hot, std::uint32_t answer) {
  const std::uint32_t kind = answer & 0xF, fault = answer >> 4 & 0xF, flags = answer >> 8 & 0xFF, book = answer >> 16;
  must(kind <= static_cast<std::uint32_t>(Kind::Funding), "kind");
  must((kind == static_cast<std::uint32_t>(Kind::Error)) == (fault != 0) && fault < FAULT_COUNT, "fault of an error");
  must(book == NO_BOOK || book < hot.book_count(), "book of an answer");
  must((flags & flag::WENT_LIVE) == 0 || (flags & flag::WENT_STALE) == 0, "went live and stale at once");
  if (book == NO_BOOK) return;
  const bool live = hot.book(book).sequenced.live();
  must((flags & flag::WENT_LIVE) == 0 || live, "went live and is not");
  must((flags & (flag::WENT_STALE | flag::CROSSED)) == 0 || !live, "went stale and is live");
}

void check_side(const BookSide& side, bool bids, std::size_t levels_max) {
  must(side.size() <= levels_max, "levels of a side");
  for (std::size_t n = 0; n < side.size(); ++n) {
    const Level level = side.level(n);
    must(level.price > 0 && level.price <= PRICE_TICKS_MAX, "price of a level");
    must(level.size > 0 && level.size <= SIZE_LOTS_MAX, "size of a level");
    if (n == 0) continue;
    const std::int64_t better = side.level(n - 1).price;
    must(bids ? better > level.price : better < level.price, "order of a side");
  }
}

void check_ladder(const BookState& state, bool asks) {
  const Level best = asks ? state.top.ask : state.top.bid;
  const Ladder whole = state.ladder(asks);
  must(whole.done() ? best.price == 0 : whole.level().price == best.price, "ladder begins at the top");
  std::int64_t before = 0;
  std::size_t count = 0;
  for (Ladder ladder = state.ladder(asks); !ladder.done(); ladder.advance()) {
    const Level level = ladder.level();
    must(count == 0 || (asks ? level.price > before : level.price < before), "order of a ladder");
    must(++count <= BOOK_LEVELS_MAX + 1, "length of a ladder");
    before = level.price;
  }
}

void check_book(const BookState& state, std::size_t levels_max) {
  const Book& book = state.sequenced.book();
  check_side(book.bids, true, levels_max);
  check_side(book.asks, false, levels_max);
  const Reference& told = state.reference;
  must(std::abs(told.mark_e12) <= E12_MAX && std::abs(told.funding_e12) <= E12_MAX, "mark price and funding rate");
  must(state.top == state.effective_top(), "top that the scan knows");
  if (!state.sequenced.live()) {
    must(state.top == Top{}, "top of a book that is not live");
    return;
  }
  must(!book.crossed(), "live and crossed");
  check_ladder(state, true);
  check_ladder(state, false);
}

void check_walk(const Hot& hot, std::uint32_t buy, std::uint32_t sell, std::int64_t cap) {
  const Walk walk = hot.walk(buy, sell, cap);
  const Group& group = hot.group(0);
  must(walk.size >= 0 && walk.size <= cap, "size of a walk");
  for (const std::uint32_t book : {buy, sell}) {
    must(walk.size % (group.members[book].size_factor * ORDER_STEP) == 0, "order steps of a walk");
  }
  if (walk.size == 0) {
    must(walk.cost == 0 && walk.proceeds == 0 && walk.worst_ask == 0 && walk.worst_bid == 0, "empty walk");
    return;
  }
  const Top& bought = hot.book(buy).top;
  const Top& sold = hot.book(sell).top;
  must(hot.book(buy).sequenced.live() && hot.book(sell).sequenced.live(), "walk over a book that is not live");
  must(walk.worst_ask >= bought.ask.price && walk.worst_bid <= sold.bid.price, "worst prices of a walk");
  const int128 ask = int128{walk.worst_ask} * group.members[buy].price_factor;
  const int128 bid = int128{walk.worst_bid} * group.members[sell].price_factor;
  must(walk.cost <= ask * walk.size && walk.proceeds >= bid * walk.size, "money of a walk");
  must(bid * (FEE_E8_ONE - FEES_E8[sell]) > ask * (FEE_E8_ONE + FEES_E8[buy]), "last unit of a walk");
}

void check_pair(const Hot& hot, std::uint32_t buy, std::uint32_t sell) {
  std::int64_t edge_e8 = 0;
  const bool known = hot.group(0).edge(buy, sell, edge_e8);
  must(hot.group(0).active(buy, sell) == (known && edge_e8 >= THRESHOLD_E8), "pair above the threshold");
  must(!known || (hot.book(buy).sequenced.live() && hot.book(sell).sequenced.live()), "edge without a live book");
  for (const std::int64_t cap : CAPS) check_walk(hot, buy, sell, cap);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Hot hot;
  build(hot);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::int64_t now_ns = 1;
  for (int count = 0; !rest.empty() && count < 64; ++count, now_ns += STEPS_NS[count % STEPS_NS.size()]) {
    const std::size_t end = rest.find('\n');
    // A copy of its own size, so that reading one byte too many is seen.
    const std::string line(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty()) continue;
    check_answer(hot, take(hot, line, now_ns));
    for (std::uint32_t book = 0; book < hot.book_count(); ++book) {
      check_book(hot.book(book), hot.market(hot.book(book).market).promise.levels_max);
      for (std::uint32_t other = 0; other < hot.book_count(); ++other) {
        if (other != book) check_pair(hot, book, other);
      }
    }
  }
  return 0;
}
