// An L2 book of one instrument. The twin is books/l2.py; both pass tests/books/test_l2.py and agree on one
// state hash.
//
// Each side is two flat arrays sorted so that the best level stands last: most changes happen near the top,
// where they cost a short scan from the back and move few bytes. The key is the price for bids and its
// negative for asks, so both sides run the same code.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "trimaran/levels.hpp"
#include "trimaran/limits.hpp"

namespace trimaran {

class BookSide {
 public:
  explicit BookSide(bool bids) : sign_(bids ? 1 : -1) {}

  std::size_t size() const { return keys_.size(); }
  bool empty() const { return keys_.empty(); }
  // The n-th best level, 0 is the best.
  Level level(std::size_t n) const {
    const std::size_t at = keys_.size() - 1 - n;
    return {sign_ * keys_[at], sizes_[at]};
  }
  Level best() const { return empty() ? Level{0, 0} : level(0); }

  void clear() {
    keys_.clear();
    sizes_.clear();
  }

  void apply(Level level) {
    const std::int64_t key = sign_ * level.price;
    const std::size_t at = position(key);
    const bool found = at < keys_.size() && keys_[at] == key;
    if (found) {
      if (level.size != 0) {
        sizes_[at] = level.size;
      } else {
        keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(at));
        sizes_.erase(sizes_.begin() + static_cast<std::ptrdiff_t>(at));
      }
    } else if (level.size != 0) {
      insert(at, key, level.size);
    }
  }

  // Forgets the worst levels beyond `count`: a venue that shows so many does not maintain what lies behind.
  void trim(std::size_t count) {
    if (keys_.size() <= count) return;
    const auto beyond = static_cast<std::ptrdiff_t>(keys_.size() - count);
    keys_.erase(keys_.begin(), keys_.begin() + beyond);
    sizes_.erase(sizes_.begin(), sizes_.begin() + beyond);
  }

  // A whole side. Venues send it best first; any order is taken.
  void load(const std::vector<Level>& levels) {
    clear();
    keys_.reserve(levels.size() + 256);
    sizes_.reserve(levels.size() + 256);
    if (levels.size() <= BOOK_LEVELS_MAX && best_first(levels)) {
      for (std::size_t i = levels.size(); i-- > 0;) {
        keys_.push_back(sign_ * levels[i].price);
        sizes_.push_back(levels[i].size);
      }
    } else {
      for (const Level& level : levels) apply(level);
    }
  }

 private:
  bool best_first(const std::vector<Level>& levels) const {
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (levels[i].size == 0) return false;
      if (i > 0 && sign_ * levels[i].price >= sign_ * levels[i - 1].price) return false;
    }
    return true;
  }

  // The first place whose key is not below `key`, looked for from the back: a few steps, then doubling.
  std::size_t position(std::int64_t key) const {
    const std::size_t count = keys_.size();
    std::size_t at = count;
    for (int steps = 0; steps < 8; ++steps) {
      if (at == 0 || keys_[at - 1] < key) return at;
      --at;
    }
    std::size_t width = 16;
    while (at > width && keys_[at - width] >= key) {
      at -= width;
      width *= 2;
    }
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(at > width ? at - width : 0);
    const auto end = keys_.begin() + static_cast<std::ptrdiff_t>(at);
    return static_cast<std::size_t>(std::lower_bound(begin, end, key) - keys_.begin());
  }

  // A full side forgets its worst level: far from the top, and soon known again when it changes.
  void insert(std::size_t at, std::int64_t key, std::int64_t size) {
    if (keys_.size() == BOOK_LEVELS_MAX) {
      if (at == 0) return;
      keys_.erase(keys_.begin());
      sizes_.erase(sizes_.begin());
      --at;
    }
    keys_.insert(keys_.begin() + static_cast<std::ptrdiff_t>(at), key);
    sizes_.insert(sizes_.begin() + static_cast<std::ptrdiff_t>(at), size);
  }

  std::int64_t sign_;
  std::vector<std::int64_t> keys_;
  std::vector<std::int64_t> sizes_;
};

class Book {
 public:
  BookSide bids{true};
  BookSide asks{false};

  void apply(const std::vector<Level>& bid_levels, const std::vector<Level>& ask_levels) {
    for (const Level& level : bid_levels) bids.apply(level);
    for (const Level& level : ask_levels) asks.apply(level);
  }

  void load(const std::vector<Level>& bid_levels, const std::vector<Level>& ask_levels) {
    bids.load(bid_levels);
    asks.load(ask_levels);
  }

  void trim(std::size_t count) {
    bids.trim(count);
    asks.trim(count);
  }

  void clear() {
    bids.clear();
    asks.clear();
  }

  bool crossed() const { return !bids.empty() && !asks.empty() && bids.best().price >= asks.best().price; }

  // FNV-1a over 64-bit words: both sides best first as price, size, each closed by its level count.
  std::uint64_t state_hash() const {
    std::uint64_t hash = 14695981039346656037ull;
    const auto add = [&hash](std::int64_t word) {
      hash = (hash ^ static_cast<std::uint64_t>(word)) * 1099511628211ull;
    };
    for (const BookSide* side : {&bids, &asks}) {
      for (std::size_t n = 0; n < side->size(); ++n) {
        const Level level = side->level(n);
        add(level.price);
        add(level.size);
      }
      add(static_cast<std::int64_t>(side->size()));
    }
    return hash;
  }
};

}  // namespace trimaran
