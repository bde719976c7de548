// OKX v5 public frames, spot and swaps: schema-aware decode straight from the receive buffer.
//
// Wire shapes: https://www.okx.com/docs-v5/en/#order-book-trading-market-data and #public-data-websocket.
// A push is {"arg":{"channel","instId"},["action",]"data":[{..}]}, its members in any order: levels are decoded on
// the way where `arg` came first, and in a second pass where it did not. Nothing is applied here. The twin is
// venues/okx/parse.py.
#pragma once
#include <cstdint>
#include <string_view>
#include <utility>

#include "trimaran/event.hpp"
#include "trimaran/fields.hpp"
#include "trimaran/json.hpp"
#include "trimaran/levels.hpp"
#include "trimaran/symbols.hpp"

namespace trimaran::okx {

enum class Channel : std::uint8_t { None, Unknown, Book, Short, Trades, Tickers, MarkPrice, FundingRate };

enum OuterKey : int { oArg, oAction, oData, oEvent, oOp, OUTER_COUNT };
enum ArgKey : int { aChannel, aInstId, ARG_COUNT };
enum ItemKey : int {
  iAsks, iBids, iTime, iSeqId, iPreviousId, iTradeId, iPrice, iSize, iSide, iLast, iMarkPrice, iFundingRate,
  iFundingTime, ITEM_COUNT
};

constexpr int outer_key(std::string_view name) {
  return name == "arg" ? oArg : name == "data" ? oData : name == "action" ? oAction : name == "event" ? oEvent
         : name == "op" ? oOp : -1;
}

constexpr int arg_key(std::string_view name) { return name == "channel" ? aChannel : name == "instId" ? aInstId : -1; }

constexpr int item_key(std::string_view name) {
  switch (name.size()) {
    case 2: return name == "ts" ? iTime : name == "px" ? iPrice : name == "sz" ? iSize : -1;
    case 4: return name == "asks" ? iAsks : name == "bids" ? iBids : name == "side" ? iSide : name == "last" ? iLast : -1;
    case 5: return name == "seqId" ? iSeqId : -1;
    case 6: return name == "markPx" ? iMarkPrice : -1;
    case 7: return name == "tradeId" ? iTradeId : -1;
    case 9: return name == "prevSeqId" ? iPreviousId : -1;
    case 11: return name == "fundingRate" ? iFundingRate : name == "fundingTime" ? iFundingTime : -1;
    default: return -1;
  }
}

constexpr Channel channel_of(std::string_view name) {
  if (name == "books" || name == "books-l2-tbt" || name == "books50-l2-tbt") return Channel::Book;
  if (name == "bbo-tbt" || name == "books5") return Channel::Short;
  if (name == "trades") return Channel::Trades;
  if (name == "tickers") return Channel::Tickers;
  if (name == "mark-price") return Channel::MarkPrice;
  if (name == "funding-rate") return Channel::FundingRate;
  return Channel::Unknown;
}

class Decoder {
 public:
  // Decodes one WebSocket message; never throws, never reads past `size`.
  Event frame(const char* data, std::size_t size, const SymbolTable& symbols) {
    Event event;
    if (size > FRAME_BYTES_MAX) return event.failed(Fault::Oversize);
    if (std::string_view{data, size} == "pong") {
      event.kind = Kind::Control;
      return event;
    }
    symbols_ = &symbols;
    route_ = decoded_ = {};
    decoded_from_ = nullptr;
    outer_.clear(1);
    json::Cursor c{data, data + size};
    if (const Fault fault = member::find_object(c); fault != Fault::None) return event.failed(fault);
    if (!parse_outer(c) || !json::at_end(c)) return event.failed(Fault::Malformed);
    return interpret(event);
  }

  // OKX has no snapshots beside its streams.
  Event snapshot(const char*, std::size_t, Grids) { return Event{}.failed(Fault::Schema); }

  Side bids, asks;

 private:
  // Whose data it is, as `arg` says.
  struct Route {
    Channel channel = Channel::None;
    std::uint32_t book = NO_BOOK;
    bool wrong = false;  // arg is no object, or lacks a string
    bool operator==(const Route&) const = default;
    bool ready() const { return channel > Channel::Unknown && book != NO_BOOK; }
  };

  bool parse_outer(json::Cursor& c) {
    return member::parse(c, 1, outer_key, [&](int key, json::Cursor& at) {
      const char* begin = at.p;
      json::Value value;
      if (key == oArg && begin != at.end && *begin == '{') {
        if (!parse_arg(at)) return false;
        value = {json::Type::Object, false, {begin, static_cast<std::size_t>(at.p - begin)}};
      } else if (key == oData && begin != at.end && *begin == '[' && route_.ready()) {
        if (!parse_data(at)) return false;
        value = {json::Type::Array, false, {begin, static_cast<std::size_t>(at.p - begin)}};
        decoded_from_ = begin;
      } else if (!json::parse_value(at, value, 2)) {
        return false;
      }
      if (key == oArg && value.type != json::Type::Object) route_ = {Channel::None, NO_BOOK, true};
      outer_.set(key, value);
      return true;
    });
  }

  bool parse_arg(json::Cursor& c) {
    arg_.clear(2);
    const bool legal = member::parse(c, 2, arg_key, [&](int key, json::Cursor& at) {
      json::Value value;
      if (!json::parse_value(at, value, 3)) return false;
      arg_.set(key, value);
      return true;
    });
    route_ = {};
    if (!arg_.is(aChannel, json::Type::String)) {
      route_.wrong = true;
      return legal;
    }
    const member::Plain<24> channel(arg_[aChannel]);
    route_.channel = channel_of(channel.text);
    if (route_.channel == Channel::Unknown) return legal;
    route_.wrong = !arg_.is(aInstId, json::Type::String);
    if (!route_.wrong) route_.book = member::find(*symbols_, arg_[aInstId]);
    return legal;
  }

  // The array `data`, of which the event is the last element. What is wrong with it stands in `pushed_`.
  bool parse_data(json::Cursor& c) {
    decoded_ = route_;
    pushed_ = {};
    std::size_t count = 0;
    const bool legal = json::parse_array(c, [&](json::Cursor& at) {
      ++count;
      item_.clear(3);
      if (at.p != at.end && *at.p == '{') {
        if (!parse_item(at)) return false;
        if (pushed_.fault == Fault::None) read_item();
        return true;
      }
      json::Value other;
      if (!json::parse_value(at, other, 3)) return false;
      if (pushed_.fault == Fault::None) pushed_.failed(Fault::Schema);
      return true;
    });
    if (count == 0 || (count > 1 && route_.channel != Channel::Trades)) pushed_.failed(Fault::Schema);
    return legal;
  }

  bool parse_item(json::Cursor& c) {
    const Grids grids = symbols_->grids(route_.book);
    const bool has_levels = route_.channel == Channel::Book || route_.channel == Channel::Short;
    return member::parse(c, 3, item_key, [&](int key, json::Cursor& at) {
      json::Value value;
      if (has_levels && (key == iBids || key == iAsks) && at.p != at.end && *at.p == '[') {
        if (!parse_levels<QuotedRow>(at, grids, 4, key == iBids ? bids : asks)) return false;
        value.type = json::Type::Array;
      } else if (!json::parse_value(at, value, 4)) {
        return false;
      }
      item_.set(key, value);
      return true;
    });
  }

  void read_item() {
    const Grids grids = symbols_->grids(route_.book);
    std::int64_t milliseconds = 0;
    if (!member::whole_text(item_, iTime, TIME_MS_MAX, milliseconds, pushed_)) return;
    pushed_.venue_ns = milliseconds * 1'000'000;
    switch (route_.channel) {
      case Channel::Book:
      case Channel::Short: read_book(); break;
      case Channel::Trades: read_trade(grids); break;
      case Channel::Tickers: read_last(grids); break;
      case Channel::MarkPrice: member::e12(item_, iMarkPrice, pushed_.e12, pushed_); break;
      default:
        if (member::e12(item_, iFundingRate, pushed_.e12, pushed_)) {
          member::whole_text(item_, iFundingTime, TIME_MS_MAX, pushed_.funding_ms, pushed_);
        }
    }
  }

  // Books from before 2023 have no ids: such a book counts as one whose id is 0 for ever.
  void read_book() {
    pushed_.previous_id = 0;
    if (item_.has(iSeqId) && !member::whole(item_, iSeqId, UPDATE_ID_MAX, pushed_.last_id, pushed_)) return;
    // A snapshot has -1 here; what follows it must link to its seqId, so that is all we need to know.
    const bool first = item_.is(iPreviousId, json::Type::Number) && item_[iPreviousId].text == "-1";
    if (first) {
      pushed_.previous_id = -1;
    } else if (item_.has(iPreviousId) &&
               !member::whole(item_, iPreviousId, UPDATE_ID_MAX, pushed_.previous_id, pushed_)) {
      return;
    }
    pushed_.first_id = pushed_.last_id;
    for (const auto& [key, side] : {std::pair{iBids, &bids}, std::pair{iAsks, &asks}}) {
      if (!item_.is(key, json::Type::Array)) {
        pushed_.failed(Fault::Schema);
        return;
      }
      if (side->fault != Fault::None) {
        pushed_.failed(side->fault);
        return;
      }
    }
  }

  // "" where nothing was ever traded.
  void read_last(Grids grids) {
    if (item_.is(iLast, json::Type::String) && item_[iLast].text.empty()) return;
    member::number(item_, iLast, grids.price, PRICE_TICKS_MAX, pushed_.bid.price, pushed_);
  }

  void read_trade(Grids grids) {
    if (!member::whole_text(item_, iTradeId, UPDATE_ID_MAX, pushed_.last_id, pushed_)) return;
    if (!member::number(item_, iPrice, grids.price, PRICE_TICKS_MAX, pushed_.bid.price, pushed_)) return;
    if (!member::number(item_, iSize, grids.size, SIZE_LOTS_MAX, pushed_.bid.size, pushed_)) return;
    const member::Plain<8> side(item_.has(iSide) ? item_[iSide] : json::Value{});
    if (side.text != "buy" && side.text != "sell") pushed_.failed(Fault::Schema);
    pushed_.aggressor_sold = side.text == "sell";
  }

  Event& interpret(Event& event) {
    if (outer_.has(oEvent) || outer_.has(oOp)) {
      event.kind = Kind::Control;
      return event;
    }
    if (!outer_.has(oArg) || route_.channel == Channel::Unknown) return event;
    if (route_.wrong) return event.failed(Fault::Schema);
    if (route_.book == NO_BOOK) return event.failed(Fault::UnknownSymbol);
    event.book = route_.book;
    if (route_.channel == Channel::Book && !read_action(event)) {
      event.depth_lost = true;
      return event.failed(Fault::Schema);
    }
    const bool depth = route_.channel == Channel::Book;
    event.depth_lost = depth;
    if (!outer_.is(oData, json::Type::Array)) return event.failed(Fault::Schema);
    const std::string_view text = outer_[oData].text;
    if (!(decoded_ == route_) || decoded_from_ != text.data()) {
      json::Cursor c{text.data(), text.data() + text.size()};
      parse_data(c);
    }
    if (pushed_.fault != Fault::None) return event.failed(pushed_.fault);
    const Kind kind = event.kind;
    event = pushed_;
    event.book = route_.book;
    event.kind = depth ? kind : kind_of(route_.channel);
    if (kind == Kind::Depth && event.previous_id < 0) {
      event.depth_lost = true;
      return event.failed(Fault::Range);  // only a snapshot comes after nothing
    }
    if (event.kind == Kind::Ticker) {
      event.first_id = 0;
      event.previous_id = -1;
      if (!bids.levels.empty()) event.bid = bids.levels.front();
      if (!asks.levels.empty()) event.ask = asks.levels.front();
    }
    return event;
  }

  bool read_action(Event& event) const {
    const member::Plain<16> action(outer_.has(oAction) ? outer_[oAction] : json::Value{});
    event.kind = action.text == "snapshot" ? Kind::Snapshot : Kind::Depth;
    return event.kind == Kind::Snapshot || action.text == "update";
  }

  static Kind kind_of(Channel channel) {
    switch (channel) {
      case Channel::Short: return Kind::Ticker;
      case Channel::Trades: return Kind::Trade;
      case Channel::Tickers: return Kind::Stats;
      case Channel::MarkPrice: return Kind::Mark;
      default: return Kind::Funding;
    }
  }

  Fields<OUTER_COUNT> outer_;
  Fields<ARG_COUNT> arg_;
  Fields<ITEM_COUNT> item_;
  Route route_, decoded_;              // what `arg` says, and what it said when `data` was decoded
  const char* decoded_from_ = nullptr;  // and from where
  Event pushed_;                        // what `data` says
  const SymbolTable* symbols_ = nullptr;
};

}  // namespace trimaran::okx
