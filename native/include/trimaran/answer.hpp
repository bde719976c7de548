// What one frame changed, packed into one integer. The twin is domain/answer.py; same numbers.
#pragma once
#include <cstdint>

namespace trimaran {

enum class Kind : std::uint32_t {
  Ignored = 0, Depth = 1, Ticker = 2, Trade = 3, AggTrade = 4, Snapshot = 5, Control = 6, Error = 7,
  Stats = 8, Mark = 9, Funding = 10
};

enum class Fault : std::uint32_t {
  None = 0, Malformed = 1, Schema = 2, Range = 3, OffGrid = 4, UnknownSymbol = 5, Oversize = 6
};
inline constexpr int FAULT_COUNT = 7;

enum class Status : std::uint8_t { Down = 0, Syncing = 1, Live = 2, Suspect = 3, Stale = 4 };

namespace flag {
inline constexpr std::uint32_t APPLIED = 1, WENT_STALE = 2, WENT_LIVE = 4, NEED_SNAPSHOT = 8, TOP = 16,
                               WAKE = 32, DUPLICATE = 64, CROSSED = 128;
}

inline constexpr std::uint32_t NO_BOOK = 0xFFFF;

constexpr std::uint32_t pack(Kind kind, std::uint32_t flags, std::uint32_t book, Fault fault = Fault::None) {
  return static_cast<std::uint32_t>(kind) | static_cast<std::uint32_t>(fault) << 4 | flags << 8 | book << 16;
}

}  // namespace trimaran
