// Money in attos (1e-18) and sums of it; the twin is trimaran/risk/amount.py, which has the law.
#pragma once

#include <algorithm>
#include <cstdint>

#include "trimaran/limits.hpp"

namespace trimaran::risk {

using i64 = std::int64_t;
using u64 = std::uint64_t;
using i128 = __int128;
using u128 = unsigned __int128;

inline constexpr i128 ONE = 1;
inline constexpr i128 TERM_MAX = ONE << 106;
inline constexpr i128 WALLET_MAX = ONE << 110;
inline constexpr i128 EXPOSURE_MAX = ONE << 120;
inline constexpr i128 INFINITE = ONE << 124;
inline constexpr int PRODUCT_BITS = 126;
inline constexpr i64 RATE_ONE = 1'000'000'000;
inline constexpr i64 WHOLE_MAX = INT64_MAX;
inline constexpr i64 NONSENSE = INT64_MIN;

inline int bit_length(i128 value) {  // of a number from 0
  const u128 bits = static_cast<u128>(value < 0 ? -value : value);
  const u64 high = static_cast<u64>(bits >> 64);
  if (high != 0) return 128 - __builtin_clzll(high);
  const u64 low = static_cast<u64>(bits);
  return low == 0 ? 0 : 64 - __builtin_clzll(low);
}

inline i128 clamp(i128 value, i128 highest) { return std::max(-highest, std::min(value, highest)); }

inline i128 divided_up(i128 value, i128 by) {  // of numbers from 0; 64-bit division where it is enough
  if (by == 1) return value;
  if ((value >> 63) == 0 && (by >> 63) == 0) {
    const u64 v = static_cast<u64>(value), d = static_cast<u64>(by);
    return static_cast<i128>(v / d + (v % d != 0));
  }
  const u128 v = static_cast<u128>(value), d = static_cast<u128>(by);
  return static_cast<i128>(v / d + (v % d != 0));
}

// value * numerator / denominator rounded up, of numbers from 0; INFINITE beyond TERM_MAX.
inline i128 scaled_up(i128 value, i128 numerator, i128 denominator) {
  if (bit_length(value) + bit_length(numerator) > PRODUCT_BITS) return INFINITE;
  const i128 result = divided_up(value * numerator, denominator);
  return result <= TERM_MAX ? result : INFINITE;
}

inline i128 scaled_down(i128 value, i128 numerator, i128 denominator) {
  if (bit_length(value) + bit_length(numerator) > PRODUCT_BITS) return TERM_MAX;
  return std::min(value * numerator / denominator, TERM_MAX);
}

inline i128 with_fee(i128 notional, i64 fee_e8) { return scaled_up(notional, FEE_E8_ONE + fee_e8, FEE_E8_ONE); }

inline i128 margin(i128 notional, i64 fee_e8, i64 leverage) {
  return scaled_up(notional, FEE_E8_ONE + fee_e8 * leverage, FEE_E8_ONE * leverage);
}

// A sum of terms that can be taken out again; a term that is INFINITE makes it INFINITE.
class Total {
 public:
  void add(i128 term) {
    if (term > TERM_MAX) ++huge_;
    else sum_ += term;
  }
  void take(i128 term) {
    if (term > TERM_MAX) --huge_;
    else sum_ -= term;
  }
  void move(i128 before, i128 after) {
    take(before);
    add(after);
  }
  i128 value() const { return huge_ != 0 ? INFINITE : std::min(sum_, INFINITE); }
  i128 without(i128 term) const {
    Total rest = *this;
    rest.take(term);
    return rest.value();
  }

 private:
  i128 sum_ = 0;
  i64 huge_ = 0;
};

}  // namespace trimaran::risk
