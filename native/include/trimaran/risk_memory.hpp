// What is remembered of orders that were made: for rates, repeated ids and repeated wishes.
// The twin is trimaran/risk/memory.py, which has the law.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_map>
#include <vector>

#include "trimaran/risk_amount.hpp"

namespace trimaran::risk {

inline constexpr std::size_t KEPT = std::size_t{1} << 16;
inline constexpr int ATTEMPT_BITS = 4;

// The times of the latest orders of a scope, as many as its limit needs. They never go back.
class Rate {
 public:
  void resize(std::size_t count) {
    std::vector<i64> known;
    for (std::size_t n = times_.size(); n > 0; --n) known.push_back(nth(n));
    if (!known.empty() && known.size() == most_ && count > known.size())
      known.insert(known.begin(), count - known.size(), known.front());
    if (known.size() > count) known.erase(known.begin(), known.end() - static_cast<std::ptrdiff_t>(count));
    times_ = std::move(known);
    most_ = count;
    next_ = 0;
  }

  void add(i64 local_ns) {
    last_ns_ = std::max(last_ns_, local_ns);
    if (most_ == 0) return;
    if (times_.size() < most_) {
      times_.push_back(last_ns_);
      return;
    }
    times_[next_] = last_ns_;
    next_ = next_ + 1 == most_ ? 0 : next_ + 1;
  }

  // When the count-th latest was made; NONSENSE when there were not so many.
  i64 nth(i64 count) const {
    if (count <= 0 || static_cast<std::size_t>(count) > times_.size()) return NONSENSE;
    return nth(static_cast<std::size_t>(count));
  }

 private:
  i64 nth(std::size_t count) const {  // `next_` is the oldest
    const std::size_t at = next_ + times_.size() - count;
    return times_[at >= times_.size() ? at - times_.size() : at];
  }

  std::vector<i64> times_;
  std::size_t most_ = 0;
  std::size_t next_ = 0;
  i64 last_ns_ = NONSENSE;
};

struct Wish {
  i64 instrument, strategy, side, price, lots;
  bool operator==(const Wish&) const = default;
};

struct WishHash {
  std::size_t operator()(const Wish& wish) const {
    u64 hash = 0;
    for (const i64 part : {wish.instrument, wish.strategy, wish.side, wish.price, wish.lots})
      hash = (hash ^ static_cast<u64>(part)) * 0x9E3779B97F4A7C15ULL, hash ^= hash >> 29;
    return static_cast<std::size_t>(hash);
  }
};

class Memory {
 public:
  void add(i64 id, const Wish& wish, i64 created_ns) {
    if (made_.size() == KEPT) drop();
    made_.push_back({created_ns, id, wish});
    const i64 sequence = id >> ATTEMPT_BITS;
    i64& last = attempts_[sequence];
    last = std::max(last, id);
    Latest& latest = wishes_[wish];
    if (latest.sequence == sequence) {
      latest.ns = std::max(latest.ns, created_ns);
    } else if (created_ns >= latest.ns) {
      latest = {sequence, created_ns, latest.sequence, latest.ns};
    } else if (created_ns >= latest.other_ns) {
      latest.other = sequence;
      latest.other_ns = created_ns;
    }
  }

  void forget(i64 before_ns) {
    while (!made_.empty() && made_.front().created_ns < before_ns) drop();
  }

  i64 last_attempt(i64 sequence) const {
    const auto found = attempts_.find(sequence);
    return found == attempts_.end() ? 0 : found->second;
  }

  // When an equal order of another sequence was last made.
  i64 wish_ns(const Wish& wish, i64 sequence) const {
    const auto found = wishes_.find(wish);
    if (found == wishes_.end()) return NONSENSE;
    return found->second.sequence == sequence ? found->second.other_ns : found->second.ns;
  }

 private:
  struct Made {
    i64 created_ns, id;
    Wish wish;
  };
  struct Latest {
    i64 sequence = 0, ns = NONSENSE, other = 0, other_ns = NONSENSE;
  };

  void drop() {
    const Made made = made_.front();
    made_.pop_front();
    const auto attempt = attempts_.find(made.id >> ATTEMPT_BITS);
    if (attempt != attempts_.end() && attempt->second == made.id) attempts_.erase(attempt);
    const auto wish = wishes_.find(made.wish);
    if (wish != wishes_.end() && wish->second.ns <= made.created_ns) wishes_.erase(wish);
  }

  std::deque<Made> made_;
  std::unordered_map<i64, i64> attempts_;
  std::unordered_map<Wish, Latest, WishHash> wishes_;
};

}  // namespace trimaran::risk
