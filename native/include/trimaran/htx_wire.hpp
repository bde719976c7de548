// The names on HTX's wire: topics, and the members of frames that we read.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "trimaran/json.hpp"

namespace trimaran::htx {

enum class Product : std::uint8_t { Spot, Swap };

// Changes: of a book whose snapshot is asked for (Reply). Stream: snapshot and changes. Short, Steps: short books.
// Quote, Pair: the best prices, flat or as [price, size].
enum class Topic : std::uint8_t { None, Unknown, Changes, Reply, Stream, Short, Steps, Quote, Pair, Trades };

enum OuterKey : int { oCh, oRep, oTime, oTick, oData, oStatus, oPing, oOp, oSubbed, oUnsubbed, oErrorCode, OUTER_COUNT };
enum TickKey : int {
  tSeqNum, tPrevious, tVersion, tSeqId, tBids, tAsks, tBid, tBidSize, tAsk, tAskSize, tTime, tQuoteTime, tEvent, tData,
  TICK_COUNT
};
enum DealKey : int { dTradeId, dId, dPrice, dAmount, dDirection, dTime, DEAL_COUNT };

inline constexpr std::size_t TOPIC_BYTES_MAX = 96;

constexpr int outer_key(std::string_view name) {
  switch (name.size()) {
    case 2: return name == "ch" ? oCh : name == "ts" ? oTime : name == "op" ? oOp : -1;
    case 3: return name == "rep" ? oRep : -1;
    case 4: return name == "tick" ? oTick : name == "data" ? oData : name == "ping" ? oPing : -1;
    case 6: return name == "status" ? oStatus : name == "subbed" ? oSubbed : -1;
    case 8: return name == "unsubbed" ? oUnsubbed : name == "err-code" ? oErrorCode : -1;
    default: return -1;
  }
}

constexpr int tick_key(std::string_view name) {
  switch (name.size()) {
    case 2: return name == "ts" ? tTime : -1;
    case 3: return name == "bid" ? tBid : name == "ask" ? tAsk : -1;
    case 4: return name == "bids" ? tBids : name == "asks" ? tAsks : name == "data" ? tData : -1;
    case 5: return name == "seqId" ? tSeqId : name == "event" ? tEvent : -1;
    case 6: return name == "seqNum" ? tSeqNum : -1;
    case 7: return name == "version" ? tVersion : name == "bidSize" ? tBidSize : name == "askSize" ? tAskSize : -1;
    case 9: return name == "quoteTime" ? tQuoteTime : -1;
    case 10: return name == "prevSeqNum" ? tPrevious : -1;
    default: return -1;
  }
}

constexpr int deal_key(std::string_view name) {
  return name == "tradeId" ? dTradeId : name == "id" ? dId : name == "price" ? dPrice : name == "amount" ? dAmount
         : name == "direction" ? dDirection : name == "ts" ? dTime : -1;
}

// `prefix` and a number: depth.step0.
constexpr bool numbered(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return false;
  text.remove_prefix(prefix.size());
  for (const char ch : text) {
    if (!json::is_digit(ch)) return false;
  }
  return true;
}

// What stands behind the symbol: "mbp.150", pushed or as the answer to a request.
constexpr Topic topic_of(Product product, std::string_view name, bool reply) {
  const bool spot = product == Product::Spot;
  if (reply) return spot && numbered(name, "mbp.") ? Topic::Reply : Topic::Unknown;
  if (spot && numbered(name, "mbp.")) return Topic::Changes;
  if (spot && numbered(name, "mbp.refresh.")) return Topic::Short;
  if (!spot && (name == "depth.size_150.high_freq" || name == "depth.size_20.high_freq")) return Topic::Stream;
  if (numbered(name, "depth.step")) return Topic::Steps;
  if (name == "bbo") return spot ? Topic::Quote : Topic::Pair;
  return name == "trade.detail" ? Topic::Trades : Topic::Unknown;
}

}  // namespace trimaran::htx
