// The symbols of one market: open addressing over FNV-1a, no allocation on look-up.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "trimaran/answer.hpp"
#include "trimaran/levels.hpp"

namespace trimaran {

class SymbolTable {
 public:
  SymbolTable() : slots_(64) {}

  // The book of a symbol, or NO_BOOK.
  std::uint32_t find(std::string_view symbol) const {
    for (std::size_t i = hash(symbol);; ++i) {
      const Slot& slot = slots_[i & (slots_.size() - 1)];
      if (slot.book == NO_BOOK) return NO_BOOK;
      if (slot.length == symbol.size() && std::memcmp(slot.name.data(), symbol.data(), slot.length) == 0) {
        return slot.book;
      }
    }
  }

  Grids grids(std::uint32_t book) const { return grids_[book]; }

  // `symbol` has at most SYMBOL_BYTES_MAX bytes and is new.
  void add(std::string_view symbol, std::uint32_t book, Grids grids) {
    if (++count_ * 2 > slots_.size()) grow();
    place(make(symbol, book));
    if (grids_.size() <= book) grids_.resize(book + 1);
    grids_[book] = grids;
  }

 private:
  struct Slot {
    std::array<char, SYMBOL_BYTES_MAX> name{};
    std::size_t length = 0;
    std::uint32_t book = NO_BOOK;
  };

  static Slot make(std::string_view symbol, std::uint32_t book) {
    Slot slot;
    std::memcpy(slot.name.data(), symbol.data(), symbol.size());
    slot.length = symbol.size();
    slot.book = book;
    return slot;
  }

  static std::size_t hash(std::string_view text) {
    std::uint64_t h = 14695981039346656037ull;
    for (const char ch : text) h = (h ^ static_cast<unsigned char>(ch)) * 1099511628211ull;
    return static_cast<std::size_t>(h ^ h >> 32);
  }

  void place(const Slot& slot) {
    std::size_t i = hash({slot.name.data(), slot.length});
    while (slots_[i & (slots_.size() - 1)].book != NO_BOOK) ++i;
    slots_[i & (slots_.size() - 1)] = slot;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.book != NO_BOOK) place(slot);
    }
  }

  std::vector<Slot> slots_;
  std::vector<Grids> grids_;  // by book index
  std::size_t count_ = 0;
};

}  // namespace trimaran
