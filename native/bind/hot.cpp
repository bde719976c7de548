// Python bindings of the desk's kernels: books, Binance decode, sequencing, scan. Integers cross the border.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>

#include "trimaran/allocations.hpp"
#include "trimaran/hot.hpp"

namespace nb = nanobind;
using namespace trimaran;

namespace {

using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

// A borrowed view of bytes, bytearray or memoryview, for the length of one call.
class Bytes {
 public:
  explicit Bytes(nb::handle object) {
    if (PyBytes_CheckExact(object.ptr())) {
      data_ = PyBytes_AS_STRING(object.ptr());
      size_ = static_cast<std::size_t>(PyBytes_GET_SIZE(object.ptr()));
      return;
    }
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw nb::python_error();
    held_ = true;
    data_ = static_cast<const char*>(view_.buf);
    size_ = static_cast<std::size_t>(view_.len);
  }
  ~Bytes() {
    if (held_) PyBuffer_Release(&view_);
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  Py_buffer view_{};
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  bool held_ = false;
};

nb::object big(int128 value) {
  const auto high = nb::steal<nb::object>(PyLong_FromLongLong(static_cast<long long>(value >> 64)));
  const auto low = nb::steal<nb::object>(PyLong_FromUnsignedLongLong(static_cast<unsigned long long>(value)));
  return (high << nb::int_(64)) | low;
}

void require(bool holds, const char* text) {
  if (!holds) throw nb::value_error(text);
}

Grid grid_of(std::int64_t units, int exponent) {
  require(units > 0 && units < 1'000'000'000, "units: expected 1..999999999");
  require(exponent >= -18 && exponent <= 9, "exponent: expected -18..9");
  return {units, exponent};
}

Grids grids_of(std::int64_t price_units, int price_exponent, std::int64_t size_units, int size_exponent) {
  return {grid_of(price_units, price_exponent), grid_of(size_units, size_exponent)};
}

Dialect dialect_of(int dialect) {
  require(dialect >= 0 && dialect < DIALECT_COUNT, "dialect: expected one of trimaran.domain.dialect");
  return static_cast<Dialect>(dialect);
}

std::vector<Level> levels_of(const Pairs& pairs) {
  std::vector<Level> levels;
  for (const auto& [price, size] : pairs) {
    require(price > 0 && price <= PRICE_TICKS_MAX && size >= 0 && size <= SIZE_LOTS_MAX,
            "level: expected a price of 1..2**50 ticks and a size of 0..2**62 lots");
    levels.push_back({price, size});
  }
  return levels;
}

Pairs best_levels(const BookSide& side, std::size_t count) {
  Pairs pairs;
  for (std::size_t n = 0; n < std::min(count, side.size()); ++n) {
    const Level level = side.level(n);
    pairs.emplace_back(level.price, level.size);
  }
  return pairs;
}

Pairs pairs_of(const Side& side) {
  Pairs pairs;
  for (const Level& level : side.levels) pairs.emplace_back(level.price, level.size);
  return pairs;
}

const BookState& book_of(const Hot& hot, std::uint32_t book) {
  if (book >= hot.book_count()) throw nb::index_error("book: no such book");
  return hot.book(book);
}

void check_market(const Hot& hot, std::uint32_t market) {
  if (market >= hot.market_count()) throw nb::index_error("market: no such market");
}

// One decoder and its symbols, for tests against the twin.
struct FrameDecoder {
  explicit FrameDecoder(int dialect) : decoder(dialect_of(dialect)) {}

  std::uint32_t add_symbol(std::string_view symbol, std::int64_t price_units, int price_exponent,
                           std::int64_t size_units, int size_exponent) {
    require(!symbol.empty() && symbol.size() <= SYMBOL_BYTES_MAX, "symbol: expected 1..32 bytes");
    symbols.add(symbol, count, grids_of(price_units, price_exponent, size_units, size_exponent));
    return count++;
  }

  nb::tuple result(const Event& e) {
    const bool levels = e.fault == Fault::None && (e.kind == Kind::Depth || e.kind == Kind::Snapshot);
    const auto side = [levels](const Side& s) { return levels ? pairs_of(s) : Pairs{}; };
    return nb::make_tuple(static_cast<std::uint32_t>(e.kind), static_cast<std::uint32_t>(e.fault), e.book,
                          e.depth_lost, e.first_id, e.last_id, e.previous_id, e.venue_ns, side(decoder.bids()),
                          side(decoder.asks()), nb::make_tuple(e.bid.price, e.bid.size, e.ask.price, e.ask.size),
                          e.aggressor_sold, nb::make_tuple(e.e12, e.funding_ms));
  }

  nb::tuple frame(nb::handle payload) {
    const Bytes bytes(payload);
    return result(decoder.frame(bytes.data(), bytes.size(), symbols));
  }

  nb::tuple snapshot(nb::handle payload, std::uint32_t book) {
    require(book < count, "book: no such book");
    const Bytes bytes(payload);
    return result(decoder.snapshot(bytes.data(), bytes.size(), symbols.grids(book)));
  }

  Decoder decoder;
  SymbolTable symbols;
  std::uint32_t count = 0;
};

void bind_hot(nb::class_<Hot>& hot) {
  hot.def(nb::init<>())
      .def(
          "add_market", [](Hot& h, int dialect) { return h.add_market(dialect_of(dialect)); }, nb::arg("dialect"),
          "Adds a market that speaks a dialect of trimaran.domain.dialect; returns its index.")
      .def(
          "add_instrument",
          [](Hot& h, std::uint32_t market, std::string_view symbol, std::int64_t price_units, int price_exponent,
             std::int64_t size_units, int size_exponent, std::int64_t base_units, int base_exponent,
             std::int64_t order_step, std::size_t group, std::int64_t taker_fee_e8) {
            check_market(h, market);
            require(!symbol.empty() && symbol.size() <= SYMBOL_BYTES_MAX, "symbol: expected 1..32 bytes");
            require(h.market(market).symbols.find(symbol) == NO_BOOK, "symbol: is already there");
            require(h.book_count() < BOOKS_MAX && group < BOOKS_MAX, "book: too many");
            require(group >= h.group_count() || h.group(group).members.size() < GROUP_BOOKS_MAX,
                    "group: too many books");
            require(taker_fee_e8 >= -FEE_E8_MAX && taker_fee_e8 <= FEE_E8_MAX, "taker_fee_e8: expected +-5000000");
            require(order_step > 0 && order_step <= 1'000'000'000, "order_step: expected 1..10**9");
            const std::uint32_t book =
                h.add_instrument(market, symbol, grids_of(price_units, price_exponent, size_units, size_exponent),
                                 grid_of(base_units, base_exponent), order_step, group, taker_fee_e8);
            require(book != NO_BOOK, "group: the grids of its books are more than 9 decimals apart");
            return book;
          },
          nb::arg("market"), nb::arg("symbol"), nb::arg("price_units"), nb::arg("price_exponent"),
          nb::arg("size_units"), nb::arg("size_exponent"), nb::arg("base_units"), nb::arg("base_exponent"),
          nb::arg("order_step"), nb::arg("group"), nb::arg("taker_fee_e8"),
          "Adds a book: grids of its frames, one lot in base asset, orders in multiples of order_step. Returns its index.")
      .def(
          "on_frame",
          [](Hot& h, std::uint32_t market, nb::handle payload, std::int64_t local_ns) {
            check_market(h, market);
            const Bytes bytes(payload);
            return h.on_frame(market, bytes.data(), bytes.size(), local_ns);
          },
          nb::arg("market"), nb::arg("payload"), nb::arg("local_ns"),
          nb::sig("def on_frame(self, market: int, payload: bytes | bytearray | memoryview, local_ns: int) -> int"),
          "Takes one WebSocket message; returns the packed answer of trimaran.domain.answer.")
      .def(
          "on_snapshot",
          [](Hot& h, std::uint32_t book, nb::handle payload, std::int64_t local_ns) {
            book_of(h, book);
            const Bytes bytes(payload);
            return h.on_snapshot(book, bytes.data(), bytes.size(), local_ns);
          },
          nb::arg("book"), nb::arg("payload"), nb::arg("local_ns"),
          nb::sig("def on_snapshot(self, book: int, payload: bytes | bytearray | memoryview, local_ns: int) -> int"),
          "Takes a REST depth answer for one book.")
      .def("mark_up", [](Hot& h, std::uint32_t m) { check_market(h, m); h.mark_up(m); }, nb::arg("market"))
      .def("mark_down", [](Hot& h, std::uint32_t m) { check_market(h, m); return h.mark_down(m); },
           nb::arg("market"), "The connection of all books of a market is lost; returns flags.")
      .def("mark_book_down", [](Hot& h, std::uint32_t b) { book_of(h, b); return h.mark_book_down(b); },
           nb::arg("book"), "The connection of one book is lost; returns flags.")
      .def("set_threshold", [](Hot& h, std::int64_t edge_e8) { h.threshold_e8 = edge_e8; }, nb::arg("edge_e8"),
           "Net edge, in 1e-8, from which a pair wakes the caller.")
      .def("find", [](const Hot& h, std::uint32_t market, std::string_view symbol) {
             check_market(h, market);
             return h.market(market).symbols.find(symbol);
           }, nb::arg("market"), nb::arg("symbol"), "Index of a book, or 65535.");
}

void bind_views(nb::class_<Hot>& hot) {
  hot.def("status", [](const Hot& h, std::uint32_t b) { return static_cast<int>(book_of(h, b).sequenced.status()); },
          nb::arg("book"))
      .def("last_id", [](const Hot& h, std::uint32_t b) { return book_of(h, b).sequenced.last_id(); }, nb::arg("book"))
      .def("top",
           [](const Hot& h, std::uint32_t b) {
             const BookState& s = book_of(h, b);
             return nb::make_tuple(s.top.bid.price, s.top.bid.size, s.top.ask.price, s.top.ask.size,
                                   s.sequenced.last_id(), s.venue_ns, s.quote_ns());
           },
           nb::arg("book"), nb::sig("def top(self, book: int) -> tuple[int, int, int, int, int, int, int]"),
           "Effective best (bid_ticks, bid_lots, ask_ticks, ask_lots, last_id, venue_ns, quote_ns); zeros unless live.")
      .def("book_top",
           [](const Hot& h, std::uint32_t b) {
             const Book& book = book_of(h, b).sequenced.book();
             const Level bid = book.bids.best(), ask = book.asks.best();
             return nb::make_tuple(bid.price, bid.size, ask.price, ask.size);
           },
           nb::arg("book"), nb::sig("def book_top(self, book: int) -> tuple[int, int, int, int]"),
           "Best levels of the sequenced book alone, whatever its status.")
      .def("ticker",
           [](const Hot& h, std::uint32_t b) {
             const Ticker& t = book_of(h, b).ticker;
             return nb::make_tuple(t.id, t.bid.price, t.bid.size, t.ask.price, t.ask.size, t.venue_ns, t.local_ns);
           },
           nb::arg("book"), nb::sig("def ticker(self, book: int) -> tuple[int, int, int, int, int, int, int]"),
           "(id, bid_ticks, bid_lots, ask_ticks, ask_lots, venue_ns, local_ns); id -1: none yet.")
      .def("last_trade",
           [](const Hot& h, std::uint32_t b) {
             const LastTrade& t = book_of(h, b).trade;
             return nb::make_tuple(t.id, t.price, t.size, t.aggressor_sold, t.venue_ns, t.local_ns);
           },
           nb::arg("book"), nb::sig("def last_trade(self, book: int) -> tuple[int, int, int, bool, int, int]"),
           "(id, price_ticks, size_lots, aggressor_sold, venue_ns, local_ns); id -1: none yet.")
      .def("reference",
           [](const Hot& h, std::uint32_t b) {
             const Reference& r = book_of(h, b).reference;
             return nb::make_tuple(r.mark_e12, r.mark_ns, r.funding_e12, r.funding_ms, r.funding_ns, r.last_price,
                                   r.stats_ns);
           },
           nb::arg("book"), nb::sig("def reference(self, book: int) -> tuple[int, int, int, int, int, int, int]"),
           "(mark_e12, mark_ns, funding_e12, funding_ms, funding_ns, last_ticks, stats_ns); a time of 0: not told yet.");
}

void bind_levels(nb::class_<Hot>& hot) {
  hot.def("depth",
           [](const Hot& h, std::uint32_t b, int side, std::size_t count) {
             const Book& book = book_of(h, b).sequenced.book();
             return best_levels(side == 0 ? book.bids : book.asks, count);
           },
           nb::arg("book"), nb::arg("side"), nb::arg("count"), "Best levels of side 0 (bids) or 1 (asks).")
      .def("ladder",
           [](const Hot& h, std::uint32_t b, int side, std::size_t count) {
             const BookState& state = book_of(h, b);
             Pairs pairs;
             if (!state.sequenced.live()) return pairs;
             for (Ladder l = state.ladder(side == 1); !l.done() && pairs.size() < count; l.advance()) {
               pairs.emplace_back(l.level().price, l.level().size);
             }
             return pairs;
           },
           nb::arg("book"), nb::arg("side"), nb::arg("count"),
           "As depth, corrected by a newer ticker: what a taker meets now. Empty unless live.")
      .def("state_hash", [](const Hot& h, std::uint32_t b) { return book_of(h, b).sequenced.book().state_hash(); },
           nb::arg("book"))
      .def("counters",
           [](const Hot& h, std::uint32_t b) {
             const auto& c = book_of(h, b).sequenced.counters;
             return nb::make_tuple(c.deltas, c.duplicates, c.gaps, c.crossings, c.snapshots, c.overflows);
           },
           nb::arg("book"), nb::sig("def counters(self, book: int) -> tuple[int, int, int, int, int, int]"),
           "(deltas, duplicates, gaps, crossings, snapshots, overflows)")
      .def("frames", [](const Hot& h, std::uint32_t m) { check_market(h, m); return h.market(m).frames; }, nb::arg("market"))
      .def("faults",
           [](const Hot& h, std::uint32_t m) {
             check_market(h, m);
             const auto& f = h.market(m).faults;
             return std::vector<std::uint64_t>(f.begin(), f.end());
           },
           nb::arg("market"), "Refused frames by DecodeKind; index 0 is unused.");
}

void bind_scan(nb::class_<Hot>& hot) {
  hot.def("edge",
          [](const Hot& h, std::uint32_t buy, std::uint32_t sell) -> nb::object {
            const BookState& b = book_of(h, buy);
            const BookState& s = book_of(h, sell);
            require(b.group == s.group && buy != sell, "edge: expected two books of one group");
            std::int64_t edge_e8 = 0;
            if (!h.group(b.group).edge(b.member, s.member, edge_e8)) return nb::none();
            return nb::int_(edge_e8);
          },
          nb::arg("buy"), nb::arg("sell"), nb::sig("def edge(self, buy: int, sell: int) -> int | None"),
          "Net edge at the top, in 1e-8 of the ask, or None while a side is unknown.")
      .def("edges",
           [](const Hot& h, std::uint32_t book) {
             const BookState& state = book_of(h, book);
             const Group& group = h.group(state.group);
             std::vector<std::tuple<std::uint32_t, std::uint32_t, std::int64_t>> found;
             for (std::size_t buy = 0; buy < group.members.size(); ++buy) {
               for (std::size_t sell = 0; sell < group.members.size(); ++sell) {
                 std::int64_t edge_e8 = 0;
                 if (buy == sell || !group.active(buy, sell) || !group.edge(buy, sell, edge_e8)) continue;
                 found.emplace_back(group.members[buy].book, group.members[sell].book, edge_e8);
               }
             }
             return found;
           },
           nb::arg("book"), "Pairs of the book's group above the threshold: (buy_book, sell_book, edge_e8).")
      .def("walk",
           [](const Hot& h, std::uint32_t buy, std::uint32_t sell, std::int64_t size_cap) {
             require(book_of(h, buy).group == book_of(h, sell).group && buy != sell,
                     "walk: expected two books of one group");
             require(size_cap >= 0 && size_cap <= SIZE_LOTS_MAX, "size_cap: expected 0..2**62");
             const Walk w = h.walk(buy, sell, size_cap);
             return nb::make_tuple(w.size, big(w.cost), big(w.proceeds), w.worst_ask, w.worst_bid);
           },
           nb::arg("buy"), nb::arg("sell"), nb::arg("size_cap"),
           nb::sig("def walk(self, buy: int, sell: int, size_cap: int) -> tuple[int, int, int, int, int]"),
           "(size, cost, proceeds, worst_ask_ticks, worst_bid_ticks) in the group's common units, before fees.")
      .def("best",
           [](const Hot& h, std::uint32_t book, std::int64_t size_cap, std::int64_t since_ns) {
             require(size_cap >= 0 && size_cap <= SIZE_LOTS_MAX, "size_cap: expected 0..2**62");
             const Best b = h.best(book_of(h, book).group, size_cap, since_ns);
             return nb::make_tuple(b.buy, b.sell, b.edge_e8, b.walk.size, big(b.walk.cost), big(b.walk.proceeds),
                                   b.walk.worst_ask, b.walk.worst_bid);
           },
           nb::arg("book"), nb::arg("size_cap"), nb::arg("since_ns"),
           nb::sig("def best(self, book: int, size_cap: int, since_ns: int) -> tuple[int, int, int, int, int, int, int, int]"),
           "The pair of the book's group that gains most, net and walked, or else lacks least, of quotes since since_ns: "
           "(buy_book, sell_book, edge_e8, size, cost, proceeds, worst_ask_ticks, worst_bid_ticks); 65535: no pair.")
      .def("units",
           [](const Hot& h, std::uint32_t book) {
             const BookState& state = book_of(h, book);
             const Group& group = h.group(state.group);
             const Member& member = group.members[state.member];
             return nb::make_tuple(group.price_exponent, group.size_exponent, member.price_factor, member.size_factor);
           },
           nb::arg("book"), nb::sig("def units(self, book: int) -> tuple[int, int, int, int]"),
           "(price_exponent, size_exponent) of the group and the book's (price_factor, size_factor).");
}

}  // namespace

NB_MODULE(_hot, m) {
  m.doc() = "Native kernels of the desk: decode, books, sequencing, scan. Twins: trimaran.engine.hot_twin and below.";
  m.def("allocations", &allocations, "Allocations made by this module since it was loaded.");
  m.def(
      "steps_of",
      [](std::string_view text, std::int64_t units, int exponent, std::int64_t maximum) {
        require(units > 0 && exponent >= -18 && exponent <= 18, "grid: out of range");
        require(text.size() <= NUMBER_BYTES_MAX, "text: too long");
        const Steps steps = text.empty() ? Steps{Fault::Schema, 0} : steps_of(text, {units, exponent}, maximum);
        return std::make_pair(static_cast<int>(steps.fault), steps.value);
      },
      nb::arg("text"), nb::arg("units"), nb::arg("exponent"), nb::arg("maximum"),
      "Decimal text on a grid, exactly: (fault, steps).");
  m.def(
      "e12_of",
      [](std::string_view text) {
        require(text.size() <= NUMBER_BYTES_MAX, "text: too long");
        const Steps steps = text.empty() ? Steps{Fault::Schema, 0} : e12_of(text, E12_MAX);
        return std::make_pair(static_cast<int>(steps.fault), steps.value);
      },
      nb::arg("text"), "Signed decimal text in 1e-12, towards zero: (fault, value).");

  nb::class_<Book>(m, "Book")
      .def(nb::init<>())
      .def("apply", [](Book& b, const Pairs& bids, const Pairs& asks) { b.apply(levels_of(bids), levels_of(asks)); },
           nb::arg("bids"), nb::arg("asks"))
      .def("load", [](Book& b, const Pairs& bids, const Pairs& asks) { b.load(levels_of(bids), levels_of(asks)); },
           nb::arg("bids"), nb::arg("asks"))
      .def("trim", &Book::trim, nb::arg("count"), "Forgets the worst levels of each side beyond count.")
      .def("clear", &Book::clear)
      .def("crossed", &Book::crossed)
      .def("depth",
           [](const Book& b, int side, std::size_t count) { return best_levels(side == 0 ? b.bids : b.asks, count); },
           nb::arg("side"), nb::arg("count"))
      .def("state_hash", &Book::state_hash);

  nb::class_<FrameDecoder>(m, "FrameDecoder")
      .def(nb::init<int>(), nb::arg("dialect"))
      .def("add_symbol", &FrameDecoder::add_symbol, nb::arg("symbol"), nb::arg("price_units"),
           nb::arg("price_exponent"), nb::arg("size_units"), nb::arg("size_exponent"))
      .def("frame", &FrameDecoder::frame, nb::arg("payload"),
           nb::sig("def frame(self, payload: bytes | bytearray | memoryview) -> tuple[int, int, int, bool, int, int, int, int, list[tuple[int, int]], list[tuple[int, int]], tuple[int, int, int, int], bool, tuple[int, int]]"))
      .def("snapshot", &FrameDecoder::snapshot, nb::arg("payload"), nb::arg("book"),
           nb::sig("def snapshot(self, payload: bytes | bytearray | memoryview, book: int) -> tuple[int, int, int, bool, int, int, int, int, list[tuple[int, int]], list[tuple[int, int]], tuple[int, int, int, int], bool, tuple[int, int]]"));

  nb::class_<Hot> hot(m, "Hot");
  bind_hot(hot);
  bind_views(hot);
  bind_levels(hot);
  bind_scan(hot);
}
