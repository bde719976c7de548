// The hot state: every book of the desk, and one call per frame that decodes, sequences, applies and scans.
//
// Single-threaded; owned by one engine. Nothing is allocated per frame once the pools have grown to the
// frames that arrive (tests/native/test_allocations.py counts it). The twin is engine/hot_twin.py.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "trimaran/answer.hpp"
#include "trimaran/decoder.hpp"
#include "trimaran/lag.hpp"
#include "trimaran/scan.hpp"
#include "trimaran/sequencer.hpp"

namespace trimaran {

struct Ticker {
  std::int64_t id = -1;
  Level bid{}, ask{};
  std::int64_t venue_ns = 0, local_ns = 0;
};

// What a perpetual tells beside its book. Times are the venue's, 0 where nothing was told yet.
struct Reference {
  std::int64_t mark_e12 = 0, mark_ns = 0;  // quote asset in 1e-12
  std::int64_t funding_e12 = 0, funding_ms = 0, funding_ns = 0;  // rate in 1e-12, when it is settled, when told
  std::int64_t last_price = 0, stats_ns = 0;  // ticks; of the 24 h ticker
};

struct LastTrade {
  Kind kind = Kind::Trade;
  std::int64_t id = -1, price = 0, size = 0, venue_ns = 0, local_ns = 0;
  bool aggressor_sold = false;
};

struct BookState {
  BookState(std::uint32_t market_, std::string symbol_, Grids grids_, Promise promise, std::size_t group_,
            std::size_t member_)
      : market(market_), symbol(std::move(symbol_)), grids(grids_), ticker_joins(promise.ticker_joins),
        sequenced(promise.law, promise.levels_max), group(group_), member(member_) {}

  std::uint32_t market;
  std::string symbol;
  Grids grids;
  bool ticker_joins;
  SequencedBook sequenced;
  std::size_t group, member;
  Ticker ticker;
  LastTrade trade;
  Reference reference;
  std::int64_t venue_ns = 0, local_ns = 0;  // of the last applied depth
  std::int64_t depth_quote_ns = 0, ticker_quote_ns = 0;  // local times, less the delay on the way
  std::int64_t ahead_since_ns = 0;  // since when the book has lacked what a ticker had; 0: it lacks nothing
  std::int64_t ahead_id = 0;        // and what it lacks
  std::int64_t anew_below = 0;      // ids above are of a numbering that has ended; 0: there was none
  Top top;

  bool ticker_is_newer() const { return ticker_joins && sequenced.live() && ticker.id > sequenced.last_id(); }

  Top effective_top() const {
    if (!sequenced.live()) return {};
    if (ticker_is_newer()) return {ticker.bid, ticker.ask};
    return {sequenced.book().bids.best(), sequenced.book().asks.best()};
  }

  // When what the top says was true, by the local clock.
  std::int64_t quote_ns() const { return ticker_joins ? std::max(depth_quote_ns, ticker_quote_ns) : depth_quote_ns; }

  // A newer ticker proves that a delta must follow. When none does, the levels behind the top are old.
  bool deltas_overdue(std::int64_t now_ns) {
    if (!ticker_joins) return false;
    if (sequenced.last_id() >= ahead_id) ahead_since_ns = 0;
    if (ahead_since_ns == 0 && ticker.id > sequenced.last_id()) {
      ahead_since_ns = now_ns;
      ahead_id = ticker.id;
    }
    return ahead_since_ns != 0 && now_ns - ahead_since_ns > DEPTH_LAG_NS_MAX;
  }

  // What went before a break says nothing about what comes after it: the venue may count anew. A trade that is told
  // again is known by its time.
  void forget() {
    ticker = {};
    ticker_quote_ns = ahead_since_ns = ahead_id = 0;
  }

  // The venue has begun to count again at `now_id`. Tickers of the old numbering may still come, over another
  // connection: they are those that stand nearer to the old ids than to the new ones.
  void count_anew(std::int64_t old_id, std::int64_t now_id) {
    forget();
    anew_below = now_id + (old_id - now_id) / 2;
  }

  bool of_an_old_numbering(std::int64_t ticker_id) {
    if (sequenced.last_id() > anew_below) anew_below = 0;
    return anew_below != 0 && ticker_id > anew_below;
  }

  // Empty where a newer ticker says that the side is.
  Ladder ladder(bool asks) const {
    const BookSide& side = asks ? sequenced.book().asks : sequenced.book().bids;
    if (!ticker_is_newer()) return {side, asks, Level{}};
    const Level fresh = asks ? ticker.ask : ticker.bid;
    return fresh.price == 0 ? Ladder::none(side) : Ladder{side, asks, fresh};
  }
};

struct Market {
  explicit Market(Dialect dialect_) : promise(promise_of(dialect_)), decoder(dialect_) {}
  Promise promise;
  Decoder decoder;
  SymbolTable symbols;
  std::vector<std::uint32_t> books;
  Lag lag;
  std::uint64_t frames = 0;
  std::array<std::uint64_t, FAULT_COUNT> faults{};
};

class Hot {
 public:
  Hot() = default;
  Hot(const Hot&) = delete;  // its decoders own the buffers that they inflate into
  Hot& operator=(const Hot&) = delete;

  std::int64_t threshold_e8 = 0;

  std::uint32_t add_market(Dialect dialect) {
    markets_.emplace_back(dialect);
    return static_cast<std::uint32_t>(markets_.size() - 1);
  }

  // `grids` are those of the frames, `base_grid` is one lot in base asset (they differ where sizes are contracts).
  // NO_BOOK when the group's grids do not fit together.
  std::uint32_t add_instrument(std::uint32_t market, std::string_view symbol, Grids grids, Grid base_grid,
                               std::int64_t order_step, std::size_t group, std::int64_t taker_fee_e8) {
    if (groups_.size() <= group) groups_.resize(group + 1);
    const auto index = static_cast<std::uint32_t>(books_.size());
    const std::size_t member = groups_[group].members.size();
    if (!groups_[group].add(index, {grids.price, base_grid}, order_step, taker_fee_e8)) return NO_BOOK;
    books_.emplace_back(market, std::string(symbol), grids, markets_[market].promise, group, member);
    markets_[market].symbols.add(symbol, index, grids);
    markets_[market].books.push_back(index);
    return index;
  }

  std::uint32_t on_frame(std::uint32_t market_index, const char* data, std::size_t size, std::int64_t local_ns) {
    Market& market = markets_[market_index];
    ++market.frames;
    const Event event = market.decoder.frame(data, size, market.symbols);
    switch (event.kind) {
      case Kind::Depth: return on_depth(market, event, local_ns);
      case Kind::Ticker: return on_ticker(market, event, local_ns);
      case Kind::Trade:
      case Kind::AggTrade: return on_trade(event, local_ns);
      case Kind::Snapshot: return on_stream_snapshot(market, event, local_ns);
      case Kind::Stats:
      case Kind::Mark:
      case Kind::Funding: return on_reference(event);
      case Kind::Error: return on_error(market, event);
      default: return pack(event.kind, 0, NO_BOOK);
    }
  }

  std::uint32_t on_snapshot(std::uint32_t index, const char* data, std::size_t size, std::int64_t local_ns) {
    BookState& state = books_[index];
    Market& market = markets_[state.market];
    const Event event = market.decoder.snapshot(data, size, state.grids);
    if (event.kind == Kind::Error) {
      ++market.faults[static_cast<std::size_t>(event.fault)];
      return pack(Kind::Error, flag::NEED_SNAPSHOT, index, event.fault);
    }
    std::uint32_t flags = state.sequenced.on_snapshot(event.last_id, market.decoder.bids(), market.decoder.asks());
    if (flags & flag::APPLIED) {
      stamp(state, event.venue_ns, local_ns, 0);
      state.ahead_since_ns = 0;
    }
    return pack(Kind::Snapshot, flags | refresh(state), index);
  }

  void mark_up(std::uint32_t market) {
    for (const std::uint32_t index : markets_[market].books) books_[index].sequenced.on_up();
  }

  // Every book of the market loses its connection. Returns WENT_STALE | WAKE as they apply.
  std::uint32_t mark_down(std::uint32_t market) {
    std::uint32_t flags = 0;
    for (const std::uint32_t index : markets_[market].books) flags |= mark_book_down(index);
    markets_[market].lag = {};
    return flags;
  }

  // One book loses its connection.
  std::uint32_t mark_book_down(std::uint32_t index) {
    BookState& state = books_[index];
    state.forget();
    state.anew_below = 0;
    const std::uint32_t flags = state.sequenced.on_down();
    return flags | refresh(state);
  }

  const BookState& book(std::uint32_t index) const { return books_[index]; }
  const Market& market(std::uint32_t index) const { return markets_[index]; }
  const Group& group(std::size_t index) const { return groups_[index]; }
  std::size_t book_count() const { return books_.size(); }
  std::size_t market_count() const { return markets_.size(); }
  std::size_t group_count() const { return groups_.size(); }

  Walk walk(std::uint32_t buy, std::uint32_t sell, std::int64_t size_cap) const {
    const BookState& b = books_[buy];
    const BookState& s = books_[sell];
    if (!b.sequenced.live() || !s.sequenced.live()) return {};
    return groups_[b.group].walk(b.member, s.member, b.ladder(true), s.ladder(false), size_cap);
  }

  // The best pair of a group, walked up to `size_cap` common units; of books whose quotes are of `since_ns` or later.
  Best best(std::size_t group_index, std::int64_t size_cap, std::int64_t since_ns) const {
    const Group& group = groups_[group_index];
    const auto fresh = [&](std::size_t member) { return books_[group.members[member].book].quote_ns() >= since_ns; };
    return group.best(fresh, [&](std::size_t buy, std::size_t sell) {
      return walk(group.members[buy].book, group.members[sell].book, size_cap);
    });
  }

 private:
  std::uint32_t on_depth(Market& market, const Event& event, std::int64_t local_ns) {
    BookState& state = books_[event.book];
    std::uint32_t flags = state.sequenced.on_delta({event.first_id, event.last_id, event.previous_id},
                                                         market.decoder.bids(), market.decoder.asks());
    const std::int64_t lag_ns = market.lag.update(event.venue_ns, local_ns);
    if (flags & flag::APPLIED) {
      stamp(state, event.venue_ns, local_ns, lag_ns);
      if (event.last_id < event.previous_id) state.count_anew(event.previous_id, event.last_id);
      if (state.deltas_overdue(local_ns)) flags |= state.sequenced.on_suspicion();
    }
    if (state.sequenced.status() == Status::Stale && flags & flag::NEED_SNAPSHOT) state.forget();
    return pack(Kind::Depth, net(flags) | refresh(state), event.book);
  }

  std::uint32_t on_stream_snapshot(Market& market, const Event& event, std::int64_t local_ns) {
    BookState& state = books_[event.book];
    const std::int64_t old_id = state.sequenced.last_id();
    const std::uint32_t flags =
        state.sequenced.on_stream_snapshot(event.last_id, market.decoder.bids(), market.decoder.asks());
    const std::int64_t lag_ns = market.lag.update(event.venue_ns, local_ns);
    if (flags & flag::APPLIED) {
      stamp(state, event.venue_ns, local_ns, lag_ns);
      state.ahead_since_ns = 0;
      if (event.last_id < old_id) state.count_anew(old_id, event.last_id);
    }
    return pack(Kind::Snapshot, flags | refresh(state), event.book);
  }

  std::uint32_t on_reference(const Event& event) {
    Reference& reference = books_[event.book].reference;
    if (event.kind == Kind::Mark) {
      reference.mark_e12 = event.e12;
      reference.mark_ns = event.venue_ns;
    } else if (event.kind == Kind::Funding) {
      reference.funding_e12 = event.e12;
      reference.funding_ms = event.funding_ms;
      reference.funding_ns = event.venue_ns;
    } else {
      reference.last_price = event.bid.price;
      reference.stats_ns = event.venue_ns;
    }
    return pack(event.kind, flag::APPLIED, event.book);
  }

  std::uint32_t on_ticker(Market& market, const Event& event, std::int64_t local_ns) {
    BookState& state = books_[event.book];
    if (event.last_id < state.ticker.id || state.of_an_old_numbering(event.last_id)) {
      return pack(Kind::Ticker, flag::DUPLICATE, event.book);
    }
    state.ticker = {event.last_id, event.bid, event.ask, event.venue_ns, local_ns};
    const std::int64_t lag_ns = event.venue_ns == 0 ? market.lag.last() : market.lag.update(event.venue_ns, local_ns);
    state.ticker_quote_ns = local_ns - lag_ns;
    std::uint32_t flags = flag::APPLIED;
    if (state.deltas_overdue(local_ns)) flags |= state.sequenced.on_suspicion();
    return pack(Kind::Ticker, flags | refresh(state), event.book);
  }

  std::uint32_t on_trade(const Event& event, std::int64_t local_ns) {
    LastTrade& trade = books_[event.book].trade;
    // HTX tells the last trade once more to every new subscriber. A lower id at a later time is a venue that counts
    // anew.
    const bool old = event.last_id < trade.id && event.venue_ns <= trade.venue_ns;
    if (event.kind == trade.kind && (old || event.last_id == trade.id)) {
      return pack(event.kind, flag::DUPLICATE, event.book);
    }
    trade = {event.kind, event.last_id, event.bid.price, event.bid.size, event.venue_ns, local_ns, event.aggressor_sold};
    return pack(event.kind, flag::APPLIED, event.book);
  }

  std::uint32_t on_error(Market& market, const Event& event) {
    ++market.faults[static_cast<std::size_t>(event.fault)];
    std::uint32_t flags = 0;
    if (event.book != NO_BOOK) {
      if (event.depth_lost) flags = on_lost(books_[event.book]);
    } else if (event.fault != Fault::UnknownSymbol) {
      for (const std::uint32_t index : market.books) {
        flags |= books_[index].sequenced.on_suspicion();
        flags |= refresh(books_[index]);
      }
    }
    return pack(Kind::Error, flags, event.book, event.fault);
  }

  std::uint32_t on_lost(BookState& state) {
    const std::uint32_t flags = state.sequenced.on_lost();
    if (flags & flag::NEED_SNAPSHOT) state.forget();
    return flags | refresh(state);
  }

  // A book that went live and stale within one frame has done neither.
  static std::uint32_t net(std::uint32_t flags) {
    constexpr std::uint32_t BOTH = flag::WENT_LIVE | flag::WENT_STALE;
    return (flags & BOTH) == BOTH ? flags & ~BOTH : flags;
  }

  static void stamp(BookState& state, std::int64_t venue_ns, std::int64_t local_ns, std::int64_t lag_ns) {
    state.venue_ns = venue_ns;
    state.local_ns = local_ns;
    state.depth_quote_ns = local_ns - lag_ns;
  }

  std::uint32_t refresh(BookState& state) {
    const Top top = state.effective_top();
    if (top == state.top) return 0;
    state.top = top;
    const bool wake = groups_[state.group].update(state.member, top, threshold_e8);
    return flag::TOP | (wake ? flag::WAKE : 0);
  }

  std::deque<BookState> books_;  // stable addresses, built once
  std::deque<Market> markets_;
  std::vector<Group> groups_;
};

}  // namespace trimaran
