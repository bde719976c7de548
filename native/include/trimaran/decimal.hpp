// Decimal text to integer grid steps, exactly. No float anywhere.
//
// A grid is units * 10^exponent (a tick of 0.05 is units 5, exponent -2). The twin is
// books/decimal_text.py; both give the same value or the same fault for any text.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "trimaran/answer.hpp"
#include "trimaran/json.hpp"
#include "trimaran/limits.hpp"

namespace trimaran {

inline constexpr std::array<std::uint64_t, 20> POWER_OF_TEN = [] {
  std::array<std::uint64_t, 20> powers{};
  std::uint64_t power = 1;
  for (auto& each : powers) {
    each = power;
    power *= 10;
  }
  return powers;
}();

struct Grid {
  std::int64_t units = 1;
  int exponent = 0;
};

struct Steps {
  Fault fault = Fault::None;
  std::int64_t value = 0;
};

namespace detail {

// digits * 10^exponent with digits free of trailing zeros, on the grid. More than 19 digits, counted in
// 10^grid.exponent, are out of range whatever the units.
inline Steps on_grid(std::uint64_t digits, int digit_count, bool too_many, std::int64_t exponent, Grid grid,
                     std::int64_t maximum) {
  const std::int64_t shift = exponent - grid.exponent;
  if (shift < 0) return {Fault::OffGrid, 0};
  if (too_many || digit_count + shift > 19) return {Fault::Range, 0};
  const std::uint64_t scaled = digits * POWER_OF_TEN[static_cast<std::size_t>(shift)];
  const auto units = static_cast<std::uint64_t>(grid.units);
  if (scaled % units != 0) return {Fault::OffGrid, 0};
  const std::uint64_t value = scaled / units;
  if (value > static_cast<std::uint64_t>(maximum)) return {Fault::Range, 0};
  return {Fault::None, static_cast<std::int64_t>(value)};
}

inline std::int64_t bounded_exponent(std::string_view text) {
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char ch : text) {
    value = value * 10 + (ch - '0');
    if (value > 1'000'000) break;  // beyond any grid, whatever follows
  }
  return negative ? -value : value;
}

}  // namespace detail

// Any legal JSON number: long fractions, exponents, thirty digits. Schema where the text is not a number.
inline Steps steps_of(std::string_view text, Grid grid, std::int64_t maximum) {
  json::Cursor c{text.data(), text.data() + text.size()};
  json::Value number;
  if (!json::parse_number(c, number) || c.p != c.end) return {Fault::Schema, 0};
  const bool negative = text.front() == '-';
  std::uint64_t digits = 0;      // significant digits, without the zeros held back
  int digit_count = 0, held = 0;  // zeros that count only when another digit follows
  bool too_many = false, in_fraction = false;
  std::int64_t exponent = 0;
  std::size_t i = negative ? 1 : 0;
  for (; i < text.size() && (text[i] | 0x20) != 'e'; ++i) {
    if (text[i] == '.') {
      in_fraction = true;
      continue;
    }
    exponent -= in_fraction ? 1 : 0;
    if (text[i] == '0') {
      held += digit_count > 0 ? 1 : 0;
      continue;
    }
    digit_count += held + 1;
    if (digit_count > 19) {
      too_many = true;
    } else {
      digits = digits * POWER_OF_TEN[static_cast<std::size_t>(held + 1)] + static_cast<std::uint64_t>(text[i] - '0');
    }
    held = 0;
  }
  if (digit_count == 0) return {Fault::None, 0};
  if (negative) return {Fault::Range, 0};
  // Trailing zeros of the whole mantissa were held back: they belong to the exponent.
  exponent += held;
  if (i < text.size()) exponent += detail::bounded_exponent(text.substr(i + 1));
  return detail::on_grid(digits, digit_count, too_many, exponent, grid, maximum);
}

// The common spelling, quoted plain digits, in one pass: `"61737.63000000"`. Consumes through the closing
// quote and answers true; anything unusual leaves the cursor where it was and answers false.
inline bool fast_quoted_steps(json::Cursor& c, Grid grid, std::int64_t maximum, std::int64_t& value) {
  const char* p = c.p;
  const char* const end = c.end;
  if (end - p < 3 || *p != '"') return false;
  ++p;
  const char* const first = p;
  std::uint64_t digits = 0;
  while (p != end && json::is_digit(*p)) digits = digits * 10 + static_cast<std::uint64_t>(*p++ - '0');
  const std::ptrdiff_t whole = p - first;
  const int places = -grid.exponent;
  if (places < 0 || whole == 0 || whole + places > 18 || (*first == '0' && whole > 1)) return false;
  int missing = places;
  if (p != end && *p == '.') {
    const char* const fraction = ++p;
    while (p != end && missing > 0 && json::is_digit(*p)) {
      digits = digits * 10 + static_cast<std::uint64_t>(*p++ - '0');
      --missing;
    }
    while (p != end && *p == '0') ++p;
    if (p == fraction) return false;
  }
  if (p == end || *p != '"') return false;
  digits *= POWER_OF_TEN[static_cast<std::size_t>(missing)];
  if (grid.units != 1) {
    const auto units = static_cast<std::uint64_t>(grid.units);
    if (digits % units != 0) return false;
    digits /= units;
  }
  if (digits > static_cast<std::uint64_t>(maximum)) return false;
  value = static_cast<std::int64_t>(digits);
  c.p = p + 1;
  return true;
}

}  // namespace trimaran
