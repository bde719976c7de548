// The native copies of base/limits.py; tests/base/test_limits.py proves that both agree.
#pragma once
#include <cstddef>
#include <cstdint>

namespace trimaran {

inline constexpr std::size_t FRAME_BYTES_MAX = 4u * 1024 * 1024;
inline constexpr int JSON_DEPTH_MAX = 32;
inline constexpr std::size_t NUMBER_BYTES_MAX = 1'000;
inline constexpr std::size_t LEVELS_PER_SIDE_MAX = 10'000;
inline constexpr std::size_t BOOK_LEVELS_MAX = 20'000;
inline constexpr std::size_t OKX_LEVELS = 400;
inline constexpr std::size_t HTX_LEVELS = 150;
inline constexpr std::size_t PENDING_DELTAS_MAX = 4'096;
inline constexpr std::size_t PENDING_LEVELS_MAX = 262'144;
inline constexpr std::size_t DUPLICATES_RUN_MAX = 256;
inline constexpr std::size_t RECENT_LINKS = 64;
inline constexpr std::size_t LEAP_RUN_MAX = 8;
inline constexpr std::int64_t DEPTH_LAG_NS_MAX = 3'000'000'000;
inline constexpr std::int64_t OFFSET_WINDOW_NS = 120'000'000'000;
inline constexpr std::int64_t OFFSET_STEP_NS = 1'000'000'000;
inline constexpr int OFFSET_STEP_RUN = 16;
inline constexpr std::size_t SYMBOL_BYTES_MAX = 32;
inline constexpr std::size_t BOOKS_MAX = 4'096;
inline constexpr std::size_t GROUP_BOOKS_MAX = 64;

inline constexpr std::int64_t PRICE_TICKS_MAX = std::int64_t{1} << 50;
inline constexpr std::int64_t SIZE_LOTS_MAX = std::int64_t{1} << 62;
inline constexpr std::int64_t UPDATE_ID_MAX = std::int64_t{1} << 62;
inline constexpr std::int64_t TIME_MS_MAX = std::int64_t{1} << 43;
inline constexpr std::int64_t E12_MAX = std::int64_t{1} << 62;
inline constexpr std::int64_t FEE_E8_MAX = 5'000'000;
inline constexpr std::int64_t FEE_E8_ONE = 100'000'000;
inline constexpr std::int64_t EDGE_E8_MAX = std::int64_t{1} << 62;

}  // namespace trimaran
