// Decimal text to integer grid steps, exactly. No float anywhere.
//
// A grid is units * 10^exponent (a tick of 0.05 is units 5, exponent -2). The twin is
// books/decimal_text.py; both give the same value or the same fault for any text.
#pragma once
#include <algorithm>
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
  bool cuts = false;  // what is finer is cut off, not refused: of sizes that are only shown, never of prices
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

// The whole number of 10^-places in a legal JSON number that is not negative, towards zero.
inline Steps cut_of(std::string_view text, std::int64_t places, std::int64_t maximum) {
  const auto e = text.find_first_of("eE");
  const std::string_view mantissa = text.substr(0, e);
  const auto dot = mantissa.find('.');
  std::int64_t wanted = static_cast<std::int64_t>(std::min(dot, mantissa.size())) + places;  // digits before the cut
  if (e != std::string_view::npos) wanted += bounded_exponent(text.substr(e + 1));
  std::int64_t value = 0;
  for (const char ch : mantissa) {
    if (ch == '.') continue;
    if (wanted-- <= 0) break;
    if (value > (maximum - (ch - '0')) / 10) return {Fault::Range, 0};
    value = value * 10 + (ch - '0');
  }
  for (; wanted > 0 && value != 0; --wanted) {
    if (value > maximum / 10) return {Fault::Range, 0};
    value *= 10;
  }
  return {Fault::None, value};
}

// The same on a grid.
inline Steps cut_steps(std::string_view text, Grid grid, std::int64_t maximum) {
  Steps steps = cut_of(text, -grid.exponent, E12_MAX);
  steps.value /= grid.units;
  return steps.value > maximum ? Steps{Fault::Range, 0} : steps;
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
  const Steps steps = detail::on_grid(digits, digit_count, too_many, exponent, grid, maximum);
  return steps.fault == Fault::OffGrid && grid.cuts ? detail::cut_steps(text, grid, maximum) : steps;
}

// Any legal JSON number as a whole number of 1e-12, towards zero where it is finer. Schema where the text is
// no number, Range beyond `maximum`. For what lives on no grid: funding rates, mark prices.
inline Steps e12_of(std::string_view text, std::int64_t maximum) {
  json::Cursor c{text.data(), text.data() + text.size()};
  json::Value number;
  if (!json::parse_number(c, number) || c.p != c.end) return {Fault::Schema, 0};
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  Steps steps = detail::cut_of(text, 12, maximum);
  if (negative) steps.value = -steps.value;
  return steps;
}

namespace detail {

// Plain digits up to the first character that is neither digit nor point; false for anything unusual.
inline bool plain_steps(const char*& p, const char* end, Grid grid, std::int64_t maximum, std::int64_t& value) {
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
  digits *= POWER_OF_TEN[static_cast<std::size_t>(missing)];
  if (grid.units != 1) {
    const auto units = static_cast<std::uint64_t>(grid.units);
    if (digits % units != 0) return false;
    digits /= units;
  }
  if (digits > static_cast<std::uint64_t>(maximum)) return false;
  value = static_cast<std::int64_t>(digits);
  return true;
}

// Digits with an exponent, as Java writes what is small or large: `9.121E-7`; false for anything unusual.
inline bool scientific_steps(const char*& p, const char* end, Grid grid, std::int64_t maximum, std::int64_t& value) {
  const char* const first = p;
  std::uint64_t digits = 0;
  while (p != end && json::is_digit(*p)) digits = digits * 10 + static_cast<std::uint64_t>(*p++ - '0');
  std::ptrdiff_t count = p - first, fraction = 0;
  if (count == 0 || (*first == '0' && count > 1)) return false;
  if (p != end && *p == '.') {
    const char* const point = ++p;
    while (p != end && json::is_digit(*p)) digits = digits * 10 + static_cast<std::uint64_t>(*p++ - '0');
    fraction = p - point;
    if (fraction == 0) return false;
  }
  count += fraction;
  if (count > 18 || digits == 0 || p == end || (*p | 0x20) != 'e') return false;
  ++p;
  const bool negative = p != end && *p == '-';
  if (p != end && (*p == '-' || *p == '+')) ++p;
  const char* const power = p;
  std::ptrdiff_t shift = 0;
  while (p != end && p - power < 3 && json::is_digit(*p)) shift = shift * 10 + (*p++ - '0');
  if (p == power) return false;
  shift = (negative ? -shift : shift) - fraction - grid.exponent;
  for (; shift < 0 && digits % 10 == 0; ++shift, --count) digits /= 10;
  if (shift < 0 || count + shift > 18) return false;
  digits *= POWER_OF_TEN[static_cast<std::size_t>(shift)];
  const auto units = static_cast<std::uint64_t>(grid.units);
  if (digits % units != 0 || digits / units > static_cast<std::uint64_t>(maximum)) return false;
  value = static_cast<std::int64_t>(digits / units);
  return true;
}

}  // namespace detail

// The common spelling, quoted plain digits, in one pass: `"61737.63000000"`. Consumes through the closing
// quote and answers true; anything unusual leaves the cursor where it was and answers false.
inline bool fast_quoted_steps(json::Cursor& c, Grid grid, std::int64_t maximum, std::int64_t& value) {
  const char* p = c.p;
  if (c.end - p < 3 || *p != '"') return false;
  ++p;
  if (!detail::plain_steps(p, c.end, grid, maximum, value) || p == c.end || *p != '"') return false;
  c.p = p + 1;
  return true;
}

// The same without quotes: `61737.63` or `6.1E-7`, and what follows must end a number.
inline bool fast_plain_steps(json::Cursor& c, Grid grid, std::int64_t maximum, std::int64_t& value) {
  const auto ends = [&c](const char* p) { return p != c.end && (*p == ',' || *p == ']'); };
  const char* p = c.p;
  if (!detail::plain_steps(p, c.end, grid, maximum, value) || !ends(p)) {
    p = c.p;
    if (!detail::scientific_steps(p, c.end, grid, maximum, value) || !ends(p)) return false;
  }
  c.p = p;
  return true;
}

}  // namespace trimaran
