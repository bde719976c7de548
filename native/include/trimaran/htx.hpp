// HTX public frames, spot and USDT swaps: inflate, then schema-aware decode straight from the buffer.
//
// Wire shapes: https://huobiapi.github.io/docs/spot/v1/en/#websocket-market-data and
// https://huobiapi.github.io/docs/usdt_swap/v1/en/ ("WebSocket market interface"). A push is
// {"ch":topic,"ts":..,"tick":{..}}, the answer to a request {"rep":topic,"status":"ok","data":{..}}, members in any
// order: levels are decoded on the way where the topic came first, and in a second pass where it did not. The time is the object's own where it has one, else the outer `ts`. Numbers are written as Java
// writes doubles (9.12E-7). What is left of a spot order by value has up to 16 digits: sizes are cut to the grid.
// Nothing is applied here. The twin is venues/htx/parse.py.
#pragma once
#include <cstdint>
#include <string_view>
#include <utility>

#include "trimaran/event.hpp"
#include "trimaran/fields.hpp"
#include "trimaran/htx_wire.hpp"
#include "trimaran/inflate.hpp"
#include "trimaran/json.hpp"
#include "trimaran/levels.hpp"
#include "trimaran/symbols.hpp"

namespace trimaran::htx {

template <Product PRODUCT>
class Decoder {
 public:
  // Decodes one WebSocket message, gzip or text; never throws once its pools have grown, never reads past `size`.
  Event frame(const char* data, std::size_t size, const SymbolTable& symbols) {
    Event event;
    const Inflater::Text inflated = inflater_.inflate(data, size);
    if (inflated.fault != Fault::None) return event.failed(inflated.fault);
    symbols_ = &symbols;
    pushed_route_ = reply_route_ = decoded_ = {};
    decoded_from_ = nullptr;
    outer_.clear(1);
    json::Cursor c{inflated.text.data(), inflated.text.data() + inflated.text.size()};
    if (const Fault fault = member::find_object(c); fault != Fault::None) return event.failed(fault);
    if (!parse_outer(c) || !json::at_end(c)) return event.failed(Fault::Malformed);
    return interpret(event);
  }

  // HTX has no snapshots beside its streams: the answer to a request comes as a frame.
  Event snapshot(const char*, std::size_t, Grids) { return Event{}.failed(Fault::Schema); }

  Side bids, asks;

 private:
  // Whose data it is, as `ch` or `rep` says.
  struct Route {
    Topic topic = Topic::None;
    std::uint32_t book = NO_BOOK;
    bool wrong = false;  // no string
    bool operator==(const Route&) const = default;
    bool ready() const { return topic > Topic::Unknown && book != NO_BOOK; }
    bool depth() const { return topic == Topic::Changes || topic == Topic::Reply || topic == Topic::Stream; }
  };

  bool parse_outer(json::Cursor& c) {
    return member::parse(c, 1, outer_key, [&](int key, json::Cursor& at) {
      const char* begin = at.p;
      const Route& route = key == oTick ? pushed_route_ : reply_route_;
      json::Value value;
      if ((key == oTick || key == oData) && route.ready() && begin != at.end && *begin == '{') {
        if (!parse_tick(at, route)) return false;
        value = {json::Type::Object, false, {begin, static_cast<std::size_t>(at.p - begin)}};
      } else if (!json::parse_value(at, value, 2)) {
        return false;
      }
      if (key == oCh) pushed_route_ = route_of(value, false);
      if (key == oRep) reply_route_ = route_of(value, true);
      outer_.set(key, value);
      return true;
    });
  }

  Route route_of(const json::Value& value, bool reply) const {
    Route route;
    route.wrong = value.type != json::Type::String;
    const member::Plain<TOPIC_BYTES_MAX> plain(value);
    std::string_view text = plain.text;
    route.topic = Topic::Unknown;
    if (text.size() > TOPIC_BYTES_MAX || !text.starts_with("market.")) return route;
    text.remove_prefix(7);
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return route;
    for (const char ch : text) {
      if (static_cast<unsigned char>(ch) >= 0x80) return route;
    }
    route.topic = topic_of(PRODUCT, text.substr(dot + 1), reply);
    if (route.topic != Topic::Unknown) route.book = symbols_->find(text.substr(0, dot));
    return route;
  }

  // The object `tick` or `data`. What is wrong with it stands in `told_`.
  bool parse_tick(json::Cursor& c, const Route& route) {
    decoded_ = route;
    decoded_from_ = c.p;
    tick_.clear(2);
    Grids grids = symbols_->grids(route.book);
    grids.size.cuts = PRODUCT == Product::Spot;
    const bool legal = member::parse(c, 2, tick_key, [&](int key, json::Cursor& at) {
      const bool array = at.p != at.end && *at.p == '[';
      json::Value value;
      if (array && (key == tBids || key == tAsks)) {
        if (!parse_levels<NumberPair>(at, grids, 3, key == tBids ? bids : asks)) return false;
        value.type = json::Type::Array;
      } else if (array && key == tData && route.topic == Topic::Trades) {
        if (!parse_trades(at, grids)) return false;
        value.type = json::Type::Array;
      } else if (!json::parse_value(at, value, 3)) {
        return false;
      }
      tick_.set(key, value);
      return true;
    });
    told_ = {};
    timed_ = route.topic == Topic::Trades;
    if (legal) read_tick(route.topic, grids);
    return legal;
  }

  // The array of trades, of which the event is the latest. What is wrong with it stands in `trade_`.
  bool parse_trades(json::Cursor& c, Grids grids) {
    trade_ = {};
    trade_.last_id = -1;
    const bool legal = json::parse_array(c, [&](json::Cursor& at) {
      deal_.clear(4);
      json::Value other;
      const bool object = at.p != at.end && *at.p == '{';
      if (!(object ? parse_deal(at) : json::parse_value(at, other, 4))) return false;
      if (trade_.fault == Fault::None) read_deal(grids);
      return true;
    });
    if (trade_.fault == Fault::None && trade_.last_id < 0) trade_.failed(Fault::Schema);
    return legal;
  }

  bool parse_deal(json::Cursor& c) {
    return member::parse(c, 4, deal_key, [&](int key, json::Cursor& at) {
      json::Value value;
      if (!json::parse_value(at, value, 5)) return false;
      deal_.set(key, value);
      return true;
    });
  }

  void read_deal(Grids grids) {
    Event deal;
    deal.kind = Kind::Trade;
    constexpr int id = PRODUCT == Product::Spot ? dTradeId : dId;
    const bool read = member::whole(deal_, id, UPDATE_ID_MAX, deal.last_id, deal) &&
                      member::number(deal_, dPrice, grids.price, PRICE_TICKS_MAX, deal.bid.price, deal) &&
                      member::number(deal_, dAmount, grids.size, SIZE_LOTS_MAX, deal.bid.size, deal);
    const member::Plain<8> direction(deal_.has(dDirection) ? deal_[dDirection] : json::Value{});
    deal.aggressor_sold = direction.text == "sell";
    if (read && !deal.aggressor_sold && direction.text != "buy") deal.failed(Fault::Schema);
    std::int64_t milliseconds = 0;
    if (deal.fault == Fault::None) member::whole(deal_, dTime, TIME_MS_MAX, milliseconds, deal);
    deal.venue_ns = milliseconds * 1'000'000;
    if (deal.fault != Fault::None) {
      trade_.failed(deal.fault);
    } else if (deal.last_id >= trade_.last_id) {
      trade_ = deal;
    }
  }

  void read_tick(Topic topic, Grids grids) {
    if (topic == Topic::Trades) {
      told_ = trade_;
      if (!tick_.is(tData, json::Type::Array)) told_.failed(Fault::Schema);
      return;
    }
    const int time = topic == Topic::Quote ? tQuoteTime : tTime;
    timed_ = tick_.has(time);
    std::int64_t milliseconds = 0;
    if (timed_ && !member::whole(tick_, time, TIME_MS_MAX, milliseconds, told_)) return;
    told_.venue_ns = milliseconds * 1'000'000;
    switch (topic) {
      case Topic::Changes: return read_changes();
      case Topic::Stream: return read_stream();
      case Topic::Quote: return read_quote(grids);
      case Topic::Pair: return read_pair(grids);
      default: return read_whole(topic);
    }
  }

  void read_changes() {
    told_.kind = Kind::Depth;
    if (!read_id(tSeqNum) || !member::whole(tick_, tPrevious, UPDATE_ID_MAX, told_.previous_id, told_)) return;
    if (told_.last_id < told_.previous_id) {
      told_.failed(Fault::Range);
      return;
    }
    read_sides(false);
  }

  void read_stream() {
    const member::Plain<16> what(tick_.has(tEvent) ? tick_[tEvent] : json::Value{});
    const bool update = what.text == "update";
    told_.kind = update ? Kind::Depth : Kind::Snapshot;
    if (!update && what.text != "snapshot") {
      told_.failed(Fault::Schema);
      return;
    }
    if (!read_id(tVersion)) return;
    if (update) told_.previous_id = told_.last_id - 1;
    if (update && told_.last_id == 0) {
      told_.failed(Fault::Range);
      return;
    }
    read_sides(!update);
  }

  // A snapshot, or a short book, of which the ticker is the first level of each side.
  void read_whole(Topic topic) {
    told_.kind = topic == Topic::Reply ? Kind::Snapshot : Kind::Ticker;
    if (topic != Topic::Steps && !read_id(tSeqNum)) return;
    if (topic == Topic::Steps && tick_.has(tVersion) && !read_id(tVersion)) return;
    if (!read_sides(true) || told_.kind != Kind::Ticker) return;
    if (!bids.levels.empty()) told_.bid = bids.levels.front();
    if (!asks.levels.empty()) told_.ask = asks.levels.front();
  }

  void read_quote(Grids grids) {
    told_.kind = Kind::Ticker;
    if (!read_id(tSeqId)) return;
    struct Half {
      int price, size;
      Level& level;
    };
    for (const Half& half : {Half{tBid, tBidSize, told_.bid}, Half{tAsk, tAskSize, told_.ask}}) {
      if (empty(half.price)) continue;
      if (!member::number(tick_, half.price, grids.price, PRICE_TICKS_MAX, half.level.price, told_)) return;
      if (!member::number(tick_, half.size, grids.size, SIZE_LOTS_MAX, half.level.size, told_)) return;
    }
  }

  void read_pair(Grids grids) {
    told_.kind = Kind::Ticker;
    if (!read_id(tVersion)) return;
    for (const auto& [key, level] : {std::pair<int, Level*>{tBid, &told_.bid}, {tAsk, &told_.ask}}) {
      if (empty(key)) continue;
      Fault fault = Fault::Schema;
      const std::string_view text = tick_[key].text;
      json::Cursor c{text.data(), text.data() + text.size()};
      if (tick_.is(key, json::Type::Array)) detail::parse_level_slow(c, grids, 3, *level, fault);
      if (fault != Fault::None) {
        told_.failed(fault);
        return;
      }
    }
  }

  bool empty(int key) const { return !tick_.has(key) || tick_.is(key, json::Type::Null); }

  bool read_id(int key) {
    const bool read = member::whole(tick_, key, UPDATE_ID_MAX, told_.last_id, told_);
    told_.first_id = told_.kind == Kind::Ticker ? 0 : told_.last_id;
    return read;
  }

  // A change without a side changes nothing there; a whole book has both.
  bool read_sides(bool whole) {
    for (const auto& [key, side] : {std::pair{tBids, &bids}, std::pair{tAsks, &asks}}) {
      if (!whole && empty(key)) {
        side->clear();
      } else if (!tick_.is(key, json::Type::Array)) {
        told_.failed(Fault::Schema);
        return false;
      } else if (side->fault != Fault::None) {
        told_.failed(side->fault);
        return false;
      }
    }
    return true;
  }

  Event& interpret(Event& event) {
    const bool reply = outer_.has(oRep);
    if (is_control(reply)) {
      event.kind = Kind::Control;
      return event;
    }
    const Route& route = reply ? reply_route_ : pushed_route_;
    if (route.wrong) return event.failed(Fault::Schema);
    if (route.topic <= Topic::Unknown) return event;
    if (route.book == NO_BOOK) return event.failed(Fault::UnknownSymbol);
    event.book = route.book;
    event.depth_lost = route.depth();
    const int key = reply ? oData : oTick;
    if (!outer_.is(key, json::Type::Object)) return event.failed(Fault::Schema);
    const std::string_view text = outer_[key].text;
    if (!(decoded_ == route) || decoded_from_ != text.data()) {
      json::Cursor c{text.data(), text.data() + text.size()};
      parse_tick(c, route);
    }
    std::int64_t milliseconds = 0;
    if (told_.fault == Fault::None && !timed_ && member::whole(outer_, oTime, TIME_MS_MAX, milliseconds, told_)) {
      told_.venue_ns = milliseconds * 1'000'000;
    }
    if (told_.fault != Fault::None) return event.failed(told_.fault);
    told_.book = route.book;
    event = told_;
    return event;
  }

  // Heartbeats, and answers that bring no data.
  bool is_control(bool reply) const {
    for (const int key : {oPing, oOp, oSubbed, oUnsubbed, oErrorCode}) {
      if (outer_.has(key)) return true;
    }
    const member::Plain<8> status(outer_.has(oStatus) ? outer_[oStatus] : json::Value{});
    return reply ? status.text != "ok" : outer_.has(oStatus) && !outer_.has(oCh);
  }

  Inflater inflater_;
  Fields<OUTER_COUNT> outer_;
  Fields<TICK_COUNT> tick_;
  Fields<DEAL_COUNT> deal_;
  Route pushed_route_, reply_route_;    // what `ch` and `rep` say
  Route decoded_;                       // and what they said when `tick` or `data` was decoded
  const char* decoded_from_ = nullptr;  // and from where
  Event told_, trade_;                  // what that object says, and what the array in it
  bool timed_ = false;                  // it has a time of its own
  const SymbolTable* symbols_ = nullptr;
};

using SpotDecoder = Decoder<Product::Spot>;
using SwapDecoder = Decoder<Product::Swap>;

}  // namespace trimaran::htx
