// Price levels of one frame, decoded into a pooled array, and the parser for the shape that all venues
// share: [["price","size", ...], ...].
#pragma once
#include <cstdint>
#include <vector>

#include "trimaran/decimal.hpp"

namespace trimaran {

struct Level {
  std::int64_t price;  // ticks
  std::int64_t size;   // lots; 0 removes
};

struct Grids {
  Grid price;
  Grid size;
};

// One side of a frame. The array keeps its capacity from frame to frame.
struct Side {
  std::vector<Level> levels;
  Fault fault = Fault::None;  // of the first wrong level, or Oversize

  void clear() {
    levels.clear();
    fault = Fault::None;
  }
};

// A JSON string or number as grid steps. Schema when the value is neither, or is no number inside.
inline Steps value_steps(const json::Value& value, Grid grid, std::int64_t maximum) {
  if (value.type == json::Type::Number) return steps_of(value.text, grid, maximum);
  if (value.type != json::Type::String) return {Fault::Schema, 0};
  if (!value.escaped) {
    if (value.text.empty() || value.text.size() > NUMBER_BYTES_MAX) return {Fault::Schema, 0};
    return steps_of(value.text, grid, maximum);
  }
  char plain[NUMBER_BYTES_MAX];
  std::size_t length = 0;
  if (!json::unescape_ascii(value.text, plain, sizeof plain, length) || length == 0) return {Fault::Schema, 0};
  return steps_of({plain, length}, grid, maximum);
}

namespace detail {

// One element of any legal JSON; writes what is wrong with it, as a level, into `fault`.
inline bool parse_level_slow(json::Cursor& c, Grids grids, int depth, Level& level, Fault& fault) {
  fault = Fault::Schema;
  if (c.p == c.end || *c.p != '[') {
    json::Value other;
    return json::parse_value(c, other, depth);
  }
  if (depth > JSON_DEPTH_MAX) return false;
  Steps steps[2];
  int count = 0;
  const bool legal = json::parse_array(c, [&](json::Cursor& at) {
    json::Value value;
    if (!json::parse_value(at, value, depth + 1)) return false;
    if (count < 2) steps[count] = value_steps(value, count == 0 ? grids.price : grids.size,
                                                  count == 0 ? PRICE_TICKS_MAX : SIZE_LOTS_MAX);
    ++count;
    return true;
  });
  if (!legal) return false;
  if (count < 2) return true;
  fault = steps[0].fault != Fault::None ? steps[0].fault : steps[0].value == 0 ? Fault::Range : steps[1].fault;
  level = {steps[0].value, steps[1].value};
  return true;
}

}  // namespace detail

// The spellings of a level that venues send, read in one pass. False leaves the cursor where it was, and the
// level is read again as any legal JSON.
struct QuotedPair {  // ["price","size"]
  static bool read(json::Cursor& c, Grids grids, Level& level) {
    json::Cursor at = c;
    if (!json::take(at, '[') || !fast_quoted_steps(at, grids.price, PRICE_TICKS_MAX, level.price) ||
        level.price == 0 || !json::take(at, ',') ||
        !fast_quoted_steps(at, grids.size, SIZE_LOTS_MAX, level.size) || !json::take(at, ']')) {
      return false;
    }
    c.p = at.p;
    return true;
  }
};

struct QuotedRow {  // ["price","size","0","orders"]
  static bool read(json::Cursor& c, Grids grids, Level& level) {
    json::Cursor at = c;
    if (!json::take(at, '[') || !fast_quoted_steps(at, grids.price, PRICE_TICKS_MAX, level.price) ||
        level.price == 0 || !json::take(at, ',') ||
        !fast_quoted_steps(at, grids.size, SIZE_LOTS_MAX, level.size)) {
      return false;
    }
    while (json::take(at, ',')) {
      if (!json::take(at, '"')) return false;
      while (at.p != at.end && json::is_digit(*at.p)) ++at.p;
      if (!json::take(at, '"')) return false;
    }
    if (!json::take(at, ']')) return false;
    c.p = at.p;
    return true;
  }
};

struct NumberPair {  // [price,size]
  static bool read(json::Cursor& c, Grids grids, Level& level) {
    json::Cursor at = c;
    if (!json::take(at, '[') || !fast_plain_steps(at, grids.price, PRICE_TICKS_MAX, level.price) ||
        level.price == 0 || !json::take(at, ',') ||
        !fast_plain_steps(at, grids.size, SIZE_LOTS_MAX, level.size) || !json::take(at, ']')) {
      return false;
    }
    c.p = at.p;
    return true;
  }
};

// Parses an array of levels (the cursor stands at its '['; `depth` is the array's own). False when it is
// not JSON; what is JSON but not a level ends in side.fault.
template <class Spelling>
bool parse_levels(json::Cursor& c, Grids grids, int depth, Side& side) {
  side.clear();
  if (depth > JSON_DEPTH_MAX) return false;
  std::size_t count = 0;
  const bool legal = json::parse_array(c, [&](json::Cursor& at) {
    Level level{};
    Fault fault = Fault::None;
    if (!Spelling::read(at, grids, level) &&
        !detail::parse_level_slow(at, grids, depth + 1, level, fault)) {
      return false;
    }
    if (++count > LEVELS_PER_SIDE_MAX) {
      side.fault = Fault::Oversize;
    } else if (side.fault == Fault::None) {
      side.fault = fault;
      if (fault == Fault::None) side.levels.push_back(level);
    }
    return true;
  });
  return legal;
}

}  // namespace trimaran
