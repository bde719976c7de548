// Feeds anything to the hot state: decode, sequencing, books and scan, both dialects together.
//
// An input is lines. The first byte of a line says what is done, the rest is a payload:
//   0 1    a frame of market 0 (Binance spot) or 1 (USD-M)
//   a b c  a snapshot for book 0 (spot), 1 (USD-M), 2 (spot, an odd grid)
//   u v    the connection of market 0 or 1 is up;  d e  it is down
// Anything else is passed over. After every line the state must make sense.
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
constexpr std::int64_t FEES_E8[] = {100'000, 50'000, -20'000};
constexpr std::int64_t CAPS[] = {0, 1, 1'000'000, SIZE_LOTS_MAX};

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void build(Hot& hot) {
  hot.threshold_e8 = THRESHOLD_E8;
  hot.add_market(binance::Dialect::Spot);
  hot.add_market(binance::Dialect::UsdM);
  hot.add_instrument(0, "BTCUSDT", {{1, -2}, {1, -5}}, ORDER_STEP, 0, FEES_E8[0]);
  hot.add_instrument(1, "BTCUSDT", {{1, -1}, {1, -3}}, ORDER_STEP, 0, FEES_E8[1]);
  hot.add_instrument(0, "ODDUSDT", {{5, -3}, {25, -1}}, ORDER_STEP, 0, FEES_E8[2]);
}

// Does what a line says; the packed answer.
std::uint32_t take(Hot& hot, std::string_view line, std::int64_t now_ns) {
  const char* data = line.data() + 1;
  const std::size_t size = line.size() - 1;
  switch (line[0]) {
    case '0':
    case '1': return hot.on_frame(line[0] == '1', data, size, now_ns);
    case 'a':
    case 'b':
    case 'c': return hot.on_snapshot(static_cast<std::uint32_t>(line[0] - 'a'), data, size, now_ns);
    case 'u':
    case 'v': hot.mark_up(line[0] == 'v'); break;
    case 'd':
    case 'e': hot.mark_down(line[0] == 'e'); break;
    default: break;
  }
  return pack(Kind::Ignored, 0, NO_BOOK);
}

void check_answer(const Hot& hot, std::uint32_t answer) {
  const std::uint32_t kind = answer & 0xF, fault = answer >> 4 & 0xF, flags = answer >> 8 & 0xFF, book = answer >> 16;
  must(kind <= static_cast<std::uint32_t>(Kind::Error), "kind");
  must((kind == static_cast<std::uint32_t>(Kind::Error)) == (fault != 0) && fault < FAULT_COUNT, "fault of an error");
  must(book == NO_BOOK || book < hot.book_count(), "book of an answer");
  must((flags & flag::WENT_LIVE) == 0 || (flags & flag::WENT_STALE) == 0, "went live and stale at once");
  if (book == NO_BOOK) return;
  const bool live = hot.book(book).sequenced.live();
  must((flags & flag::WENT_LIVE) == 0 || live, "went live and is not");
  must((flags & (flag::WENT_STALE | flag::CROSSED)) == 0 || !live, "went stale and is live");
}

void check_side(const BookSide& side, bool bids) {
  must(side.size() <= BOOK_LEVELS_MAX, "levels of a side");
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

void check_book(const BookState& state) {
  const Book& book = state.sequenced.book();
  check_side(book.bids, true);
  check_side(book.asks, false);
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
  for (std::int64_t now_ns = 1; !rest.empty() && now_ns < 64; ++now_ns) {
    const std::size_t end = rest.find('\n');
    // A copy of its own size, so that reading one byte too many is seen.
    const std::string line(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty()) continue;
    check_answer(hot, take(hot, line, now_ns));
    for (std::uint32_t book = 0; book < hot.book_count(); ++book) {
      check_book(hot.book(book));
      for (std::uint32_t other = 0; other < hot.book_count(); ++other) {
        if (other != book) check_pair(hot, book, other);
      }
    }
  }
  return 0;
}
