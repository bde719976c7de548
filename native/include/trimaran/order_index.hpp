// Where an order stands in its pool: a hash map from order id to pool index.
//
// Why not the standard one: it allocates a node per order, and the matching kernel is to allocate nothing once
// its pool has grown. Open addressing with linear probing; deletion shifts entries back instead of leaving
// tombstones (Knuth, The Art of Computer Programming 3, 6.4, algorithm R), so that a book which lives for days
// does not slow down. Ids are positive; id 0 marks an empty slot.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace trimaran::matching {

using i64 = std::int64_t;
using u64 = std::uint64_t;
using u32 = std::uint32_t;

inline constexpr u32 kNone = std::numeric_limits<u32>::max();  // no order

class IdMap {
 public:
  u32 find(i64 id) const {
    if (slots_.empty()) return kNone;
    for (std::size_t at = home(id);; at = (at + 1) & mask()) {
      if (slots_[at].id == id) return slots_[at].node;
      if (slots_[at].id == 0) return kNone;
    }
  }

  void insert(i64 id, u32 node) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    std::size_t at = home(id);
    while (slots_[at].id != 0) at = (at + 1) & mask();
    slots_[at] = {id, node};
    ++count_;
  }

  void erase(i64 id) {
    std::size_t hole = home(id);
    while (slots_[hole].id != id) {
      assert(slots_[hole].id != 0);
      hole = (hole + 1) & mask();
    }
    for (std::size_t at = (hole + 1) & mask(); slots_[at].id != 0; at = (at + 1) & mask()) {
      // An entry may fill the hole when its home is not inside (hole, at], cyclically.
      if (((at - home(slots_[at].id)) & mask()) >= ((at - hole) & mask())) {
        slots_[hole] = slots_[at];
        hole = at;
      }
    }
    slots_[hole].id = 0;
    --count_;
  }

  std::size_t size() const { return count_; }

 private:
  struct Slot {
    i64 id = 0;
    u32 node = kNone;
  };

  std::size_t mask() const { return slots_.size() - 1; }
  std::size_t home(i64 id) const {
    return static_cast<std::size_t>((static_cast<u64>(id) * 0x9E3779B97F4A7C15ULL) >> 20) & mask();
  }

  void grow() {
    std::vector<Slot> old(std::max<std::size_t>(64, slots_.size() * 2));
    old.swap(slots_);
    count_ = 0;
    for (const Slot& slot : old)
      if (slot.id != 0) insert(slot.id, slot.node);
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace trimaran::matching
