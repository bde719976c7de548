// A strict JSON scanner over a borrowed buffer: no copy, no allocation, nothing read past `end`.
//
// It accepts exactly RFC 8259 (UTF-8, paired surrogates), because the twin decodes with msgspec, which
// does the same: a frame is either legal for both or malformed for both.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>

#include "trimaran/limits.hpp"

namespace trimaran::json {

struct Cursor {
  const char* p;
  const char* end;
};

enum class Type : std::uint8_t { Absent, String, Number, True, False, Null, Array, Object };

// A value where it stands: a string without its quotes, anything else with all its bytes.
struct Value {
  Type type = Type::Absent;
  bool escaped = false;  // the string holds at least one backslash
  std::string_view text{};
};

inline void skip_space(Cursor& c) {
  while (c.p != c.end && (*c.p == ' ' || *c.p == '\n' || *c.p == '\r' || *c.p == '\t')) ++c.p;
}

inline bool take(Cursor& c, char wanted) {
  if (c.p == c.end || *c.p != wanted) return false;
  ++c.p;
  return true;
}

inline bool is_digit(char ch) { return static_cast<unsigned char>(ch - '0') < 10; }

// RFC 3629: shortest form, no surrogates, at most U+10FFFF.
inline bool valid_utf8(std::string_view text) {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = s + text.size();
  while (s != end) {
    const unsigned char lead = *s++;
    if (lead < 0x80) continue;
    int more;
    unsigned char low = 0x80, high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    for (; more > 0; --more, low = 0x80, high = 0xBF) {
      if (s == end || *s < low || *s > high) return false;
      ++s;
    }
  }
  return true;
}

// Reads the four digits behind \u. Returns -1 where they are not hexadecimal.
inline int hex4(Cursor& c) {
  if (c.end - c.p < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char ch = *c.p++;
    const char lower = static_cast<char>(ch | 0x20);
    if (is_digit(ch)) {
      value = value * 16 + (ch - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + (lower - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

// Behind a backslash: one code point, or -1. A high surrogate must be followed by a low one.
inline int escape(Cursor& c) {
  if (c.p == c.end) return -1;
  switch (*c.p++) {
    case '"': return '"';
    case '\\': return '\\';
    case '/': return '/';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return -1;
  }
  const int high = hex4(c);
  if (high < 0xD800 || high > 0xDFFF) return high;
  if (high > 0xDBFF || !take(c, '\\') || !take(c, 'u')) return -1;
  const int low = hex4(c);
  if (low < 0xDC00 || low > 0xDFFF) return -1;
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

inline bool parse_string(Cursor& c, Value& out) {
  if (!take(c, '"')) return false;
  const char* begin = c.p;
  bool high = false, escaped = false;
  for (;;) {
    if (c.p == c.end) return false;
    const auto ch = static_cast<unsigned char>(*c.p++);
    if (ch == '"') break;
    if (ch < 0x20) return false;
    if (ch == '\\') {
      escaped = true;
      if (escape(c) < 0) return false;
    }
    high |= ch >= 0x80;
  }
  out = {Type::String, escaped, {begin, static_cast<std::size_t>(c.p - 1 - begin)}};
  return !high || valid_utf8(out.text);
}

// Writes the string behind `text` (which parse_string accepted) as ASCII; false when it is longer than
// `capacity` or holds anything else. Numbers, symbols and keys that we know are ASCII.
inline bool unescape_ascii(std::string_view text, char* out, std::size_t capacity, std::size_t& length) {
  Cursor c{text.data(), text.data() + text.size()};
  length = 0;
  while (c.p != c.end) {
    int ch = static_cast<unsigned char>(*c.p++);
    if (ch == '\\') ch = escape(c);
    if (ch >= 0x80 || length == capacity) return false;
    out[length++] = static_cast<char>(ch);
  }
  return true;
}

inline bool parse_number(Cursor& c, Value& out) {
  const char* begin = c.p;
  if (c.p != c.end && *c.p == '-') ++c.p;
  if (c.p == c.end || !is_digit(*c.p)) return false;
  if (*c.p++ != '0') {
    while (c.p != c.end && is_digit(*c.p)) ++c.p;
  }
  if (c.p != c.end && *c.p == '.') {
    ++c.p;
    if (c.p == c.end || !is_digit(*c.p)) return false;
    while (c.p != c.end && is_digit(*c.p)) ++c.p;
  }
  if (c.p != c.end && (*c.p | 0x20) == 'e') {
    ++c.p;
    if (c.p != c.end && (*c.p == '+' || *c.p == '-')) ++c.p;
    if (c.p == c.end || !is_digit(*c.p)) return false;
    while (c.p != c.end && is_digit(*c.p)) ++c.p;
  }
  out = {Type::Number, false, {begin, static_cast<std::size_t>(c.p - begin)}};
  return out.text.size() <= NUMBER_BYTES_MAX;
}

inline bool parse_word(Cursor& c, std::string_view word, Type type, Value& out) {
  if (static_cast<std::size_t>(c.end - c.p) < word.size()) return false;
  if (std::memcmp(c.p, word.data(), word.size()) != 0) return false;
  out = {type, false, {c.p, word.size()}};
  c.p += word.size();
  return true;
}

bool parse_value(Cursor& c, Value& out, int depth);

// Calls on_item(cursor) at each element, which must consume it.
template <class OnItem>
bool parse_array(Cursor& c, OnItem&& on_item) {
  if (!take(c, '[')) return false;
  skip_space(c);
  if (take(c, ']')) return true;
  for (;;) {
    skip_space(c);
    if (!on_item(c)) return false;
    skip_space(c);
    if (take(c, ',')) continue;
    return take(c, ']');
  }
}

// Calls on_member(key, cursor) at each value, which must consume it.
template <class OnMember>
bool parse_object(Cursor& c, OnMember&& on_member) {
  if (!take(c, '{')) return false;
  skip_space(c);
  if (take(c, '}')) return true;
  for (;;) {
    Value key;
    skip_space(c);
    if (!parse_string(c, key)) return false;
    skip_space(c);
    if (!take(c, ':')) return false;
    skip_space(c);
    if (!on_member(key, c)) return false;
    skip_space(c);
    if (take(c, ',')) continue;
    return take(c, '}');
  }
}

// Validates and steps over any value; `depth` is the depth of that value (1 for the outermost).
inline bool parse_value(Cursor& c, Value& out, int depth) {
  if (c.p == c.end) return false;
  const char* begin = c.p;
  const auto inner = [depth](Cursor& at) {
    Value ignored;
    return parse_value(at, ignored, depth + 1);
  };
  switch (*c.p) {
    case '"': return parse_string(c, out);
    case 't': return parse_word(c, "true", Type::True, out);
    case 'f': return parse_word(c, "false", Type::False, out);
    case 'n': return parse_word(c, "null", Type::Null, out);
    case '[':
      if (depth > JSON_DEPTH_MAX || !parse_array(c, inner)) return false;
      out = {Type::Array, false, {begin, static_cast<std::size_t>(c.p - begin)}};
      return true;
    case '{':
      if (depth > JSON_DEPTH_MAX ||
          !parse_object(c, [&](const Value&, Cursor& at) { return inner(at); })) {
        return false;
      }
      out = {Type::Object, false, {begin, static_cast<std::size_t>(c.p - begin)}};
      return true;
    default: return parse_number(c, out);
  }
}

// Only white space may follow the outermost value.
inline bool at_end(Cursor& c) {
  skip_space(c);
  return c.p == c.end;
}

}  // namespace trimaran::json
