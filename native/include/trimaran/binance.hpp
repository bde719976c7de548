// Binance spot and USD-M frames: schema-aware decode straight from the receive buffer.
//
// Wire shapes: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
// https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
// Fields may come in any order and unknown ones are stepped over; nothing is applied here, so a frame that
// turns out wrong in its last byte has changed nothing. The twin is venues/binance/parse.py.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "trimaran/event.hpp"
#include "trimaran/fields.hpp"
#include "trimaran/json.hpp"
#include "trimaran/levels.hpp"
#include "trimaran/symbols.hpp"

namespace trimaran::binance {

enum Key : int {
  kEvent, kEventTime, kSymbol, kFirstId, kLastId, kPreviousId, kB, kA, kBigB, kBigA, kPrice, kSize, kTradeId,
  kBuyerIsMaker, kLastUpdateId, kBids, kAsks, kResult, kId, kError, kCode, kStream, kData, KEY_COUNT
};

constexpr int key_of(std::string_view name) {
  switch (name.size()) {
    case 1:
      switch (name[0]) {
        case 'e': return kEvent;
        case 'E': return kEventTime;
        case 's': return kSymbol;
        case 'U': return kFirstId;
        case 'u': return kLastId;
        case 'b': return kB;
        case 'a': return kA;
        case 'B': return kBigB;
        case 'A': return kBigA;
        case 'p': return kPrice;
        case 'q': return kSize;
        case 't': return kTradeId;
        case 'm': return kBuyerIsMaker;
        default: return -1;
      }
    case 2: return name == "pu" ? kPreviousId : name == "id" ? kId : -1;
    case 4: return name == "bids" ? kBids : name == "asks" ? kAsks : name == "data" ? kData : name == "code" ? kCode : -1;
    case 5: return name == "error" ? kError : -1;
    case 6: return name == "stream" ? kStream : name == "result" ? kResult : -1;
    case 12: return name == "lastUpdateId" ? kLastUpdateId : -1;
    default: return -1;
  }
}

using BinanceFields = Fields<KEY_COUNT>;

class Decoder {
 public:
  // `chained`: depth events carry the id of the event before (USD-M).
  explicit Decoder(bool chained) : chained_(chained) {}

  // Decodes one WebSocket message; never throws, never reads past `size`.
  Event frame(const char* data, std::size_t size, const SymbolTable& symbols) {
    Event event;
    if (size > FRAME_BYTES_MAX) return event.failed(Fault::Oversize);
    symbols_ = &symbols;
    early_book_ = NO_BOOK;
    early_fields_ = nullptr;
    json::Cursor c{data, data + size};
    outer_.clear(1);
    inner_.clear(2);
    if (const Fault fault = member::find_object(c); fault != Fault::None) return event.failed(fault);
    if (!parse_fields(c, outer_, true) || !json::at_end(c)) return event.failed(Fault::Malformed);
    BinanceFields* fields = &outer_;
    if (outer_.has(kStream) && outer_.is(kData, json::Type::Object)) {
      if (!outer_.is(kStream, json::Type::String)) return event.failed(Fault::Schema);
      if (is_partial_depth(outer_[kStream])) return event;
      fields = &inner_;
    }
    return interpret(*fields, event);
  }

  // Decodes a REST depth answer: {"lastUpdateId":..,"bids":[..],"asks":[..]}.
  Event snapshot(const char* data, std::size_t size, Grids grids) {
    Event event;
    event.kind = Kind::Snapshot;
    if (size > FRAME_BYTES_MAX) return event.failed(Fault::Oversize);
    json::Cursor c{data, data + size};
    outer_.clear(1);
    early_fields_ = nullptr;
    if (const Fault fault = member::find_object(c); fault != Fault::None) return event.failed(fault);
    if (!parse_fields(c, outer_, false) || !json::at_end(c)) return event.failed(Fault::Malformed);
    if (!id(outer_, kLastUpdateId, event.last_id, event) || !time(outer_, false, event)) return event;
    if (!side(outer_, kBids, grids, bids, event)) return event;
    side(outer_, kAsks, grids, asks, event);
    return event;
  }

  Side bids, asks;

 private:
  // Records known members; levels are decoded on the way when the symbol is already known.
  bool parse_fields(json::Cursor& c, BinanceFields& fields, bool outermost) {
    return json::parse_object(c, [&](const json::Value& name, json::Cursor& at) {
      const member::Plain<24> plain(name);
      const int key = key_of(plain.text);
      json::Value value;
      if (key < 0) return json::parse_value(at, value, fields.depth + 1);
      const char* begin = at.p;
      if (key == kData && outermost && begin != at.end && *begin == '{') {
        inner_.clear(2);
        early_fields_ = nullptr;
        if (!parse_fields(at, inner_, false)) return false;
        value = {json::Type::Object, false, {begin, static_cast<std::size_t>(at.p - begin)}};
      } else if ((key == kB || key == kA) && begin != at.end && *begin == '[' && early_fields_ == &fields) {
        Side& pooled = key == kB ? bids : asks;
        if (!parse_levels<QuotedPair>(at, symbols_->grids(early_book_), fields.depth + 1, pooled)) return false;
        value = {json::Type::Array, false, {begin, static_cast<std::size_t>(at.p - begin)}};
        (key == kB ? early_bids_ : early_asks_) = begin;
      } else if (!json::parse_value(at, value, fields.depth + 1)) {
        return false;
      }
      fields.set(key, value);
      if (key == kSymbol && symbols_ != nullptr) {
        early_book_ = member::find(*symbols_, value);
        early_fields_ = early_book_ == NO_BOOK ? nullptr : &fields;
        early_bids_ = early_asks_ = nullptr;
      }
      return true;
    });
  }

  // `btcusdt@depth5@100ms` has the shape of a diff on USD-M but is a whole (short) book.
  static bool is_partial_depth(const json::Value& name) {
    char plain[128];  // of ASCII at most, whatever its spelling
    std::string_view stream = name.text;
    std::size_t length = 0;
    if (name.escaped) {
      if (!json::unescape_ascii(stream, plain, sizeof plain, length)) return false;
      stream = {plain, length};
    }
    const auto at = stream.find("@depth");
    if (at == std::string_view::npos || at + 6 >= stream.size() || !json::is_digit(stream[at + 6])) return false;
    return name.escaped || json::unescape_ascii(stream, plain, sizeof plain, length);
  }

  Event& interpret(const BinanceFields& fields, Event& event) {
    event.kind = kind_of(fields);
    if (event.kind == Kind::Error) return event.failed(Fault::Schema);
    if (event.kind == Kind::Ignored || event.kind == Kind::Control) return event;
    if (!fields.is(kSymbol, json::Type::String)) return event.failed(Fault::Schema);
    event.book = early_fields_ == &fields ? early_book_ : member::find(*symbols_, fields[kSymbol]);
    if (event.book == NO_BOOK) return event.failed(Fault::UnknownSymbol);
    const Grids grids = symbols_->grids(event.book);
    switch (event.kind) {
      case Kind::Depth: depth(fields, grids, event); break;
      case Kind::Ticker: ticker(fields, grids, event); break;
      default: trade(fields, grids, event); break;
    }
    return event;
  }

  static Kind kind_of(const BinanceFields& fields) {
    if (!fields.has(kEvent)) {
      if (fields.has(kLastId) && fields.has(kBigB)) return Kind::Ticker;  // spot bookTicker has no "e"
      const bool control = fields.has(kResult) || fields.has(kId) || fields.has(kError) || fields.has(kCode);
      return control ? Kind::Control : Kind::Ignored;
    }
    const json::Value& name = fields[kEvent];
    if (name.type != json::Type::String) return Kind::Error;
    const member::Plain<24> plain(name);
    const std::string_view text = plain.text;
    if (text == "depthUpdate") return Kind::Depth;
    if (text == "bookTicker") return Kind::Ticker;
    if (text == "trade") return Kind::Trade;
    if (text == "aggTrade") return Kind::AggTrade;
    if (text == "serverShutdown") return Kind::Control;
    return Kind::Ignored;
  }

  void depth(const BinanceFields& fields, Grids grids, Event& event) {
    event.depth_lost = true;
    if (!time(fields, true, event) || !id(fields, kFirstId, event.first_id, event) ||
        !id(fields, kLastId, event.last_id, event)) {
      return;
    }
    if (chained_ && !id(fields, kPreviousId, event.previous_id, event)) return;
    if (event.first_id > event.last_id) {
      event.failed(Fault::Range);
      return;
    }
    if (!side(fields, kB, grids, bids, event) || !side(fields, kA, grids, asks, event)) return;
    event.depth_lost = false;
  }

  void ticker(const BinanceFields& fields, Grids grids, Event& event) {
    if (!time(fields, false, event) || !id(fields, kLastId, event.last_id, event)) return;
    if (!member::number(fields, kB, grids.price, PRICE_TICKS_MAX, event.bid.price, event)) return;
    if (!member::number(fields, kBigB, grids.size, SIZE_LOTS_MAX, event.bid.size, event)) return;
    if (!member::number(fields, kA, grids.price, PRICE_TICKS_MAX, event.ask.price, event)) return;
    member::number(fields, kBigA, grids.size, SIZE_LOTS_MAX, event.ask.size, event);
  }

  void trade(const BinanceFields& fields, Grids grids, Event& event) {
    if (!time(fields, true, event)) return;
    if (!id(fields, event.kind == Kind::Trade ? kTradeId : kA, event.last_id, event)) return;
    if (!member::number(fields, kPrice, grids.price, PRICE_TICKS_MAX, event.bid.price, event)) return;
    if (!member::number(fields, kSize, grids.size, SIZE_LOTS_MAX, event.bid.size, event)) return;
    if (!fields.is(kBuyerIsMaker, json::Type::True) && !fields.is(kBuyerIsMaker, json::Type::False)) {
      event.failed(Fault::Schema);
      return;
    }
    event.aggressor_sold = fields.is(kBuyerIsMaker, json::Type::True);
  }

  static bool id(const BinanceFields& fields, Key key, std::int64_t& out, Event& event) {
    return member::whole(fields, key, UPDATE_ID_MAX, out, event);
  }

  static bool time(const BinanceFields& fields, bool required, Event& event) {
    if (!required && !fields.has(kEventTime)) return true;
    std::int64_t milliseconds = 0;
    if (!member::whole(fields, kEventTime, TIME_MS_MAX, milliseconds, event)) return false;
    event.venue_ns = milliseconds * 1'000'000;
    return true;
  }

  bool side(const BinanceFields& fields, Key key, Grids grids, Side& pooled, Event& event) {
    if (!fields.is(key, json::Type::Array)) {
      event.failed(Fault::Schema);
      return false;
    }
    const std::string_view text = fields[key].text;
    const char* decoded = key == kB ? early_bids_ : key == kA ? early_asks_ : nullptr;
    if (early_fields_ != &fields || decoded != text.data()) {
      json::Cursor c{text.data(), text.data() + text.size()};
      parse_levels<QuotedPair>(c, grids, fields.depth + 1, pooled);
    }
    if (pooled.fault != Fault::None) {
      event.failed(pooled.fault);
      return false;
    }
    return true;
  }

  bool chained_;
  BinanceFields outer_, inner_;
  const SymbolTable* symbols_ = nullptr;
  // Levels that were decoded on the way: for which object, which book, from which place of the buffer.
  const BinanceFields* early_fields_ = nullptr;
  std::uint32_t early_book_ = NO_BOOK;
  const char* early_bids_ = nullptr;
  const char* early_asks_ = nullptr;
};

}  // namespace trimaran::binance
