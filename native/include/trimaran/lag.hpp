// How far a market's data lags behind the best it has been. The twin is books/lag.py.
//
// The least (local - venue) time of the last two to four minutes is the clocks' difference, what exceeds it is
// delay: a frame that waited in a buffer is not fresh because it was read just now. Two windows, so that a
// drifting clock does not look like a delay for ever; a delay that never changes counts as none after them. A
// venue time that is far too early is believed only when others repeat it: one wrong stamp ages no quote.
#pragma once
#include <algorithm>
#include <cstdint>

#include "trimaran/limits.hpp"

namespace trimaran {

class Lag {
 public:
  // The delay of an event, in ns.
  std::int64_t update(std::int64_t venue_ns, std::int64_t local_ns) {
    const std::int64_t offset = local_ns - venue_ns;
    if (!known_) {
      const bool repeated = heard_ && std::max(offset, first_) - std::min(offset, first_) <= OFFSET_STEP_NS;
      heard_ = true;
      first_ = repeated ? std::min(offset, first_) : offset;
      if (!repeated) return 0;
      start(first_, first_, local_ns);
    } else if (offset < std::min(least_, previous_) - OFFSET_STEP_NS) {
      if (++early_run_ < OFFSET_STEP_RUN) return 0;
      start(offset, offset, local_ns);
    } else if (local_ns - begin_ns_ > OFFSET_WINDOW_NS || local_ns < begin_ns_) {
      start(offset, least_, local_ns);
    }
    least_ = std::min(least_, offset);
    last_ = offset - std::min(least_, previous_);
    return last_;
  }

  // The delay of the latest event that told its time.
  std::int64_t last() const { return last_; }

 private:
  void start(std::int64_t least, std::int64_t previous, std::int64_t local_ns) {
    known_ = true;
    least_ = least;
    previous_ = previous;
    begin_ns_ = local_ns;
    early_run_ = 0;
  }

  bool heard_ = false, known_ = false;
  int early_run_ = 0;
  std::int64_t first_ = 0, begin_ns_ = 0, least_ = 0, previous_ = 0, last_ = 0;
};

}  // namespace trimaran
