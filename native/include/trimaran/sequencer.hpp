// The life of one book: which deltas may be applied, when a snapshot bridges, when the book is stale.
//
// Four laws. Binance, "How to manage a local order book correctly" (spot and USD-M pages):
//   Overlap (spot):  a delta continues the book when first_id <= last+1; it is a gap when first_id > last+1.
//                    A snapshot L bridges when the first delta with last_id > L has first_id <= L+1.
//   Chain (USD-M):   a delta continues the book when previous_id == last.
//                    A snapshot L bridges when the first delta with last_id >= L has first_id <= L <= last_id,
//                    or previous_id == L, which is the same chain one event later.
// HTX spot (mbp), snapshot by request over the same connection:
//   Link:            a delta continues the book when previous_id == last, also when it says nothing new.
//                    A snapshot L bridges when the first delta with last_id > L has previous_id == L, no less:
//                    a delta is the difference of two pictures, and does not tell what came and went between
//                    them. Newer than every delta so far, it waits for the next one to prove it.
// OKX books and HTX swaps, snapshot first in the stream:
//   Stream:          a delta continues the book when previous_id == last, whatever its own id: ids may repeat
//                    (nothing new) and fall (counted anew). A link that was seen a short while ago is a repeat;
//                    anything else is a gap, and only another snapshot in the stream heals it. A newer snapshot
//                    (of another connection) takes a live book along, and the links from there to here are
//                    repeats; an older one that the book never was at makes it suspect.
// Otherwise a delta whose last_id is not above the book's is contained in it already and is ignored: after a
// planned switch of connections, or a repeat, the book is still exact. A long unbroken run of such deltas means
// that the venue has begun to count anew, and is a gap.
//
// A snapshot that was asked for proves nothing by itself: it may be older than what was known (REST lags the
// streams), and after an unreadable frame nobody knows which ids it had. So it must not be older than anything
// that was applied, and after a loss the book waits for the next delta to continue it. A snapshot in the stream
// stands in its place in the order, and proves itself. The twin is books/sequencing.py.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "trimaran/answer.hpp"
#include "trimaran/book.hpp"

namespace trimaran {

enum class Law : std::uint8_t { Overlap = 0, Chain = 1, Link = 2, Stream = 3 };

struct DeltaIds {
  std::int64_t first, last, previous;
};

class SequencedBook {
 public:
  // `levels_max`: how many levels a side the venue maintains.
  SequencedBook(Law law, std::size_t levels_max) : law_(law), levels_max_(levels_max) {}

  Status status() const { return status_; }
  std::int64_t last_id() const { return last_id_; }
  const Book& book() const { return book_; }
  bool live() const { return status_ == Status::Live; }

  struct Counters {
    std::uint64_t deltas = 0, duplicates = 0, gaps = 0, crossings = 0, snapshots = 0, overflows = 0;
  } counters;

  // Returns flags.
  std::uint32_t on_delta(DeltaIds ids, const Side& bids, const Side& asks) {
    ++counters.deltas;
    if (law_ == Law::Stream) return on_stream_delta(ids, bids, asks);
    switch (status_) {
      case Status::Live:
      case Status::Suspect: return continue_with(ids, bids, asks);
      case Status::Down:
        status_ = Status::Syncing;
        return hold(ids, bids, asks) | flag::NEED_SNAPSHOT;
      default: break;
    }
    if (!awaiting_bridge_) {
      duplicate_run_ = ids.last <= known_id_ ? duplicate_run_ + 1 : 0;
      if (duplicate_run_ > DUPLICATES_RUN_MAX) known_id_ = 0;
      return hold(ids, bids, asks);
    }
    const bool old = contained(ids.last, last_id_) && !nothing_new(ids);
    if (old && duplicate_run_ < DUPLICATES_RUN_MAX) return duplicate();
    awaiting_bridge_ = false;
    unproven_ = false;
    if (old) known_id_ = 0;
    if (old || !bridges(ids, last_id_)) return hold(ids, bids, asks) | flag::NEED_SNAPSHOT;
    apply(ids, bids, asks);
    return flag::APPLIED | settle();
  }

  // A whole book in the stream. Returns flags.
  std::uint32_t on_stream_snapshot(std::int64_t id, const Side& bids, const Side& asks) {
    if (law_ != Law::Stream) return on_snapshot(id, bids, asks);
    const bool has_book = live() || status_ == Status::Suspect;
    if (has_book && passed(id)) return flag::DUPLICATE;  // the next delta proves more than it could
    if (has_book && id < last_id_) return flag::DUPLICATE | on_suspicion();
    // Newer than the book: what another connection still tells of the way from there to here is in it.
    if (id < known_id_) recent_count_ = 0;
    leap_ = id > known_id_ && known_id_ > 0 ? SeenLink{known_id_, id} : NO_LEAP;
    remember({id, id});
    ++counters.snapshots;
    load(id, bids, asks);
    return flag::APPLIED | settle();
  }

  // Returns flags. A snapshot that cannot be bridged leaves everything as it was and asks for another.
  std::uint32_t on_snapshot(std::int64_t id, const Side& bids, const Side& asks) {
    if (status_ == Status::Live || status_ == Status::Suspect) return flag::DUPLICATE;
    if (status_ == Status::Down) return 0;  // it arrived behind the loss of its connection
    if (law_ == Law::Stream) return flag::NEED_SNAPSHOT;
    if (id < known_id_) return flag::NEED_SNAPSHOT;
    std::size_t next = 0;
    while (next < pending_.size() && contained(pending_[next].ids.last, id)) ++next;
    if (next < pending_.size() && !bridges(pending_[next].ids, id)) return flag::NEED_SNAPSHOT;
    ++counters.snapshots;
    load(id, bids, asks);
    const bool in_step = next > 0 && pending_[next - 1].ids.last == id;
    const bool needs_proof = law_ == Law::Chain || (law_ == Law::Link && !in_step);
    awaiting_bridge_ = unproven_ || (needs_proof && next == pending_.size());
    for (std::size_t i = next; i < pending_.size(); ++i) {
      const Pending& delta = pending_[i];
      if (i > next && delta.ids.last <= last_id_) continue;  // nothing new, or a repeat
      if (i > next && !continues(delta.ids)) return broken(i);
      apply_pending(delta);
    }
    known_id_ = last_id_;
    forget_pending(pending_.size());
    if (awaiting_bridge_) {
      status_ = Status::Syncing;
      return flag::APPLIED;
    }
    return flag::APPLIED | settle();
  }

  // The connection is up: deltas and a snapshot may come, in either order.
  std::uint32_t on_up() {
    if (status_ != Status::Down) return 0;
    status_ = Status::Syncing;
    return flag::NEED_SNAPSHOT;
  }

  // A depth event of this book was unreadable: what it said is lost.
  std::uint32_t on_lost() {
    const bool was_live = live();
    if (law_ == Law::Stream && (status_ == Status::Down || status_ == Status::Syncing)) return without_beginning();
    if (status_ == Status::Down) return 0;
    unproven_ = true;
    const bool had_book = was_live || status_ == Status::Suspect || awaiting_bridge_;
    awaiting_bridge_ = false;
    if (!had_book) return 0;
    ++counters.gaps;
    status_ = Status::Stale;
    return flag::NEED_SNAPSHOT | (was_live ? flag::WENT_STALE : 0);
  }

  // A frame of this market was unreadable and may have been ours: the next delta proves it.
  std::uint32_t on_suspicion() {
    unproven_ = status_ != Status::Down;
    if (!live()) return 0;
    status_ = Status::Suspect;
    return flag::WENT_STALE;
  }

  std::uint32_t on_down() {
    const bool was_live = live();
    status_ = Status::Down;
    awaiting_bridge_ = unproven_ = false;
    known_id_ = 0;  // over a new connection the venue may count anew
    forget_links();
    forget_pending(pending_.size());
    return was_live ? flag::WENT_STALE : 0;
  }

 private:
  struct Pending {
    DeltaIds ids;
    std::size_t begin, bid_count, ask_count;  // in pending_levels_
  };

  bool contained(std::int64_t last, std::int64_t id) const { return law_ == Law::Chain ? last < id : last <= id; }

  bool bridges(DeltaIds ids, std::int64_t id) const {
    if (law_ == Law::Overlap) return ids.first <= id + 1;
    if (law_ == Law::Link) return ids.previous == id;
    return (ids.first <= id && ids.last >= id) || ids.previous == id;
  }

  // HTX says so ten times a second: no change, but a proof that none is missing.
  bool nothing_new(DeltaIds ids) const {
    return law_ == Law::Link && ids.previous == last_id_ && ids.last == last_id_;
  }

  bool continues(DeltaIds ids) const {
    return law_ == Law::Overlap ? ids.first <= last_id_ + 1 : ids.previous == last_id_;
  }

  std::uint32_t continue_with(DeltaIds ids, const Side& bids, const Side& asks) {
    if (ids.last <= last_id_ && !nothing_new(ids)) {
      if (duplicate_run_ < DUPLICATES_RUN_MAX) return duplicate();
      known_id_ = 0;
    } else if (continues(ids)) {
      apply(ids, bids, asks);
      return flag::APPLIED | settle();
    }
    duplicate_run_ = 0;
    return hold(ids, bids, asks) | gap();
  }

  std::uint32_t on_stream_delta(DeltaIds ids, const Side& bids, const Side& asks) {
    if (status_ == Status::Down || status_ == Status::Syncing) return without_beginning();
    if (status_ == Status::Stale) return 0;  // of a chain that is broken
    if (ids.previous == last_id_) {
      if (ids.last < ids.previous) forget_links();  // counted anew: what was seen means nothing any more
      remember({ids.previous, ids.last});
      apply(ids, bids, asks);
      return flag::APPLIED | settle();
    }
    // Of the way of a snapshot only so much in a row: where nothing else comes, its connection is gone.
    const bool leapt = ids.previous >= leap_.previous && ids.previous <= ids.last && ids.last <= leap_.last;
    if (leapt && duplicate_run_ < LEAP_RUN_MAX) return duplicate();
    if (seen({ids.previous, ids.last}) && duplicate_run_ < DUPLICATES_RUN_MAX) return duplicate();
    duplicate_run_ = 0;
    return gap();
  }

  // A stream begins with its snapshot. We did not see it, and no other comes unless it is asked for.
  std::uint32_t without_beginning() {
    status_ = Status::Stale;
    return flag::NEED_SNAPSHOT;
  }

  std::uint32_t gap() {
    const bool was_live = live();
    ++counters.gaps;
    status_ = Status::Stale;
    return flag::NEED_SNAPSHOT | (was_live ? flag::WENT_STALE : 0);
  }

  struct SeenLink {
    std::int64_t previous, last;
    bool operator==(const SeenLink&) const = default;
  };

  static constexpr SeenLink NO_LEAP{0, -1};

  void forget_links() {
    recent_count_ = 0;
    leap_ = NO_LEAP;
  }

  // Whether the book was at that id a short while ago, or is.
  bool passed(std::int64_t id) const {
    if (id == last_id_ || (id >= leap_.previous && id <= leap_.last)) return true;
    const auto end = recent_.begin() + static_cast<std::ptrdiff_t>(std::min(recent_count_, RECENT_LINKS));
    return std::any_of(recent_.begin(), end, [id](const SeenLink& link) { return link.last == id; });
  }

  void remember(SeenLink link) { recent_[recent_count_++ % RECENT_LINKS] = link; }

  bool seen(SeenLink link) const {
    const auto end = recent_.begin() + static_cast<std::ptrdiff_t>(std::min(recent_count_, RECENT_LINKS));
    return std::find(recent_.begin(), end, link) != end;
  }

  void apply(DeltaIds ids, const Side& bids, const Side& asks) {
    book_.apply(bids.levels, asks.levels);
    book_.trim(levels_max_);
    last_id_ = ids.last;
  }

  void load(std::int64_t id, const Side& bids, const Side& asks) {
    book_.load(bids.levels, asks.levels);
    book_.trim(levels_max_);
    last_id_ = id;
  }

  std::uint32_t duplicate() {
    ++counters.duplicates;
    ++duplicate_run_;
    return flag::DUPLICATE;
  }

  // After a change that continues the book: live, unless the book contradicts itself.
  std::uint32_t settle() {
    const bool was_live = live();
    known_id_ = last_id_;
    duplicate_run_ = 0;
    if (book_.crossed()) {
      ++counters.crossings;
      unproven_ = true;
      status_ = Status::Stale;
      return flag::CROSSED | flag::NEED_SNAPSHOT | (was_live ? flag::WENT_STALE : 0);
    }
    unproven_ = false;
    status_ = Status::Live;
    return was_live ? 0 : flag::WENT_LIVE;
  }

  std::uint32_t broken(std::size_t at) {
    ++counters.gaps;
    forget_pending(at);
    status_ = Status::Stale;
    return flag::NEED_SNAPSHOT;
  }

  std::uint32_t hold(DeltaIds ids, const Side& bids, const Side& asks) {
    const std::size_t count = bids.levels.size() + asks.levels.size();
    std::uint32_t flags = 0;
    if (pending_.size() == PENDING_DELTAS_MAX || pending_levels_.size() + count > PENDING_LEVELS_MAX) {
      ++counters.overflows;
      forget_pending(pending_.size());
      flags = flag::NEED_SNAPSHOT;
    }
    unproven_ = false;  // whatever was lost lies before this delta, which a snapshot must reach or contain
    pending_.push_back({ids, pending_levels_.size(), bids.levels.size(), asks.levels.size()});
    pending_levels_.insert(pending_levels_.end(), bids.levels.begin(), bids.levels.end());
    pending_levels_.insert(pending_levels_.end(), asks.levels.begin(), asks.levels.end());
    return flags;
  }

  void apply_pending(const Pending& delta) {
    const Level* level = pending_levels_.data() + delta.begin;
    for (std::size_t i = 0; i < delta.bid_count; ++i) book_.bids.apply(*level++);
    for (std::size_t i = 0; i < delta.ask_count; ++i) book_.asks.apply(*level++);
    book_.trim(levels_max_);  // now, not at the end: what falls out of the window is not told of any more
    last_id_ = delta.ids.last;
  }

  void forget_pending(std::size_t count) {
    if (count == pending_.size()) {
      pending_.clear();
      pending_levels_.clear();
      return;
    }
    const std::size_t levels = pending_[count].begin;
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
    pending_levels_.erase(pending_levels_.begin(), pending_levels_.begin() + static_cast<std::ptrdiff_t>(levels));
    for (Pending& delta : pending_) delta.begin -= levels;
  }

  Law law_;
  std::size_t levels_max_;
  Status status_ = Status::Down;
  bool awaiting_bridge_ = false;  // a snapshot is loaded, no delta has proved it yet
  bool unproven_ = false;         // something was lost since the last delta
  std::int64_t last_id_ = 0;      // of the book
  std::int64_t known_id_ = 0;     // everything up to here was applied once on this connection
  std::size_t duplicate_run_ = 0;
  std::array<SeenLink, RECENT_LINKS> recent_{};  // of a stream, those that the book has taken
  std::size_t recent_count_ = 0;
  SeenLink leap_ = NO_LEAP;  // from where to where a snapshot took the book
  Book book_;
  std::vector<Pending> pending_;
  std::vector<Level> pending_levels_;
};

}  // namespace trimaran
