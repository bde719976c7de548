// The known members of one JSON object, where they stand in the buffer, and how decoders read them.
//
// Every reader answers false and marks the event when the member is missing or wrong. The order in which a
// decoder reads is part of its contract: both twins report the same first fault.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "trimaran/event.hpp"
#include "trimaran/json.hpp"
#include "trimaran/symbols.hpp"

namespace trimaran {

template <int KEY_COUNT>
struct Fields {
  static_assert(KEY_COUNT <= 32);
  std::array<json::Value, KEY_COUNT> value;
  std::uint32_t present = 0;
  int depth = 1;

  bool has(int key) const { return present >> key & 1u; }
  const json::Value& operator[](int key) const { return value[static_cast<std::size_t>(key)]; }
  bool is(int key, json::Type type) const { return has(key) && (*this)[key].type == type; }
  void set(int key, const json::Value& found) {
    value[static_cast<std::size_t>(key)] = found;
    present |= 1u << key;
  }
  void clear(int at_depth) {
    present = 0;
    depth = at_depth;
  }
};

namespace member {

// Steps to the outermost object of a frame. Malformed where there is no JSON at all, Schema where it is no object.
inline Fault find_object(json::Cursor& c) {
  json::skip_space(c);
  if (c.p != c.end && *c.p == '{') return Fault::None;
  json::Value other;
  return json::parse_value(c, other, 1) && json::at_end(c) ? Fault::Schema : Fault::Malformed;
}

// The text of a string that we may know, which is ASCII of at most CAPACITY characters; empty for any other.
template <std::size_t CAPACITY>
struct Plain {
  char characters[CAPACITY];
  std::string_view text{};

  explicit Plain(const json::Value& value) {
    if (value.type != json::Type::String) return;
    if (!value.escaped) {
      text = value.text;
      return;
    }
    std::size_t length = 0;
    if (json::unescape_ascii(value.text, characters, CAPACITY, length)) text = {characters, length};
  }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;
};

// The book of a symbol, or NO_BOOK.
inline std::uint32_t find(const SymbolTable& symbols, const json::Value& value) {
  const Plain<SYMBOL_BYTES_MAX> plain(value);
  return plain.text.empty() ? NO_BOOK : symbols.find(plain.text);
}

// Members in any order; `known` maps a name to a key or -1, `on_known(key, cursor)` consumes a known value.
template <class Known, class OnKnown>
bool parse(json::Cursor& c, int depth, Known&& known, OnKnown&& on_known) {
  return json::parse_object(c, [&](const json::Value& name, json::Cursor& at) {
    const Plain<24> plain(name);
    const int key = plain.text.empty() ? -1 : known(plain.text);
    if (key >= 0) return static_cast<bool>(on_known(key, at));
    json::Value ignored;
    return json::parse_value(at, ignored, depth + 1);
  });
}

template <class F>
bool whole(const F& from, int key, std::int64_t maximum, std::int64_t& out, Event& event) {
  if (!from.is(key, json::Type::Number)) {
    event.failed(Fault::Schema);
    return false;
  }
  const Steps steps = steps_of(from[key].text, Grid{}, maximum);
  if (steps.fault != Fault::None) {
    event.failed(steps.fault == Fault::OffGrid ? Fault::Schema : steps.fault);
    return false;
  }
  out = steps.value;
  return true;
}

// A whole number as a JSON string or number.
template <class F>
bool whole_text(const F& from, int key, std::int64_t maximum, std::int64_t& out, Event& event) {
  const Steps steps = from.has(key) ? value_steps(from[key], Grid{}, maximum) : Steps{Fault::Schema, 0};
  if (steps.fault != Fault::None) {
    event.failed(steps.fault == Fault::OffGrid ? Fault::Schema : steps.fault);
    return false;
  }
  out = steps.value;
  return true;
}

template <class F>
bool number(const F& from, int key, Grid grid, std::int64_t maximum, std::int64_t& out, Event& event) {
  const Steps steps = from.has(key) ? value_steps(from[key], grid, maximum) : Steps{Fault::Schema, 0};
  if (steps.fault != Fault::None) {
    event.failed(steps.fault);
    return false;
  }
  out = steps.value;
  return true;
}

// A signed decimal as a JSON string, in 1e-12.
template <class F>
bool e12(const F& from, int key, std::int64_t& out, Event& event) {
  const Plain<NUMBER_BYTES_MAX> plain(from.has(key) ? from[key] : json::Value{});
  const bool readable = !plain.text.empty() && plain.text.size() <= NUMBER_BYTES_MAX;
  const Steps steps = readable ? e12_of(plain.text, E12_MAX) : Steps{Fault::Schema, 0};
  if (steps.fault != Fault::None) {
    event.failed(steps.fault);
    return false;
  }
  out = steps.value;
  return true;
}

}  // namespace member
}  // namespace trimaran
