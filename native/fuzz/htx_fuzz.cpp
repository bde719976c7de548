// Feeds anything to both HTX decoders: as it is, and packed as one gzip member, so that what the fuzzer learns
// of frames is not hidden behind a checksum.
//
// The first byte of an input says which: bit 0 the market (spot, swap), bit 1 as it is or packed. The rest is frames,
// one a line where they are packed by us, one in all where they come as they are. Answers must make sense, and a frame
// that was read twice must say the same.
#include <libdeflate.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "trimaran/decoder.hpp"

using namespace trimaran;

namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

SymbolTable symbols_of(bool swap) {
  SymbolTable symbols;
  symbols.add(swap ? "BTC-USDT" : "btcusdt", 0, {{1, -2}, {1, swap ? 0 : -8}});
  symbols.add(swap ? "ODD-USDT" : "oddusdt", 1, {{5, -3}, {25, -1}});
  return symbols;
}

std::string packed(std::string_view text) {
  libdeflate_compressor* machine = libdeflate_alloc_compressor(1);
  std::string out(libdeflate_gzip_compress_bound(machine, text.size()), '\0');
  out.resize(libdeflate_gzip_compress(machine, text.data(), text.size(), out.data(), out.size()));
  libdeflate_free_compressor(machine);
  return out;
}

void check_level(const Level& level, bool may_be_empty) {
  must(level.price >= (may_be_empty ? 0 : 1) && level.price <= PRICE_TICKS_MAX, "price of a level");
  must(level.size >= 0 && level.size <= SIZE_LOTS_MAX, "size of a level");
}

void check_event(const Event& event, const Decoder& decoder) {
  must((event.kind == Kind::Error) == (event.fault != Fault::None), "fault of an error");
  must(event.book == NO_BOOK || event.book < 2, "book of an event");
  const bool told = event.kind == Kind::Depth || event.kind == Kind::Snapshot || event.kind == Kind::Ticker ||
                    event.kind == Kind::Trade;
  must(told || event.kind == Kind::Error || event.kind == Kind::Control || event.kind == Kind::Ignored, "kind");
  must(!event.depth_lost || (event.kind == Kind::Error && event.book != NO_BOOK), "depth that is lost");
  if (!told) return;
  must(event.book != NO_BOOK, "an event of no book");
  must(event.last_id >= 0 && event.last_id <= UPDATE_ID_MAX, "id");
  must(event.venue_ns >= 0 && event.venue_ns <= TIME_MS_MAX * 1'000'000, "time");
  must(event.kind != Kind::Depth || (event.previous_id >= 0 && event.previous_id <= event.last_id), "previous id");
  check_level(event.bid, true);
  check_level(event.ask, true);
  if (event.kind == Kind::Ticker || event.kind == Kind::Trade) return;
  for (const Side* side : {&decoder.bids(), &decoder.asks()}) {
    must(side->fault == Fault::None && side->levels.size() <= LEVELS_PER_SIDE_MAX, "a side");
    for (const Level& level : side->levels) check_level(level, false);
  }
}

bool same(const Event& a, const Event& b) {
  return a.kind == b.kind && a.fault == b.fault && a.book == b.book && a.depth_lost == b.depth_lost &&
         a.last_id == b.last_id && a.previous_id == b.previous_id && a.venue_ns == b.venue_ns &&
         a.bid.price == b.bid.price && a.bid.size == b.bid.size && a.ask.price == b.ask.price &&
         a.ask.size == b.ask.size && a.aggressor_sold == b.aggressor_sold;
}

// `frame` is a copy of its own size, so that reading one byte too many is seen.
void take(Decoder& decoder, Dialect dialect, const SymbolTable& symbols, std::vector<char> frame) {
  const Event event = decoder.frame(frame.data(), frame.size(), symbols);
  check_event(event, decoder);
  Decoder fresh(dialect);
  must(same(event, fresh.frame(frame.data(), frame.size(), symbols)), "an event that depends on the one before");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool swap = data[0] & 1, pack = data[0] & 2;
  const Dialect dialect = swap ? Dialect::HtxSwap : Dialect::HtxSpot;
  const SymbolTable symbols = symbols_of(swap);
  Decoder decoder(dialect);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (!pack) {
    take(decoder, dialect, symbols, {rest.begin(), rest.end()});
    return 0;
  }
  for (int count = 0; !rest.empty() && count < 8; ++count) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    take(decoder, dialect, symbols, {line.begin(), line.end()});
    const std::string member = packed(line);
    take(decoder, dialect, symbols, {member.begin(), member.end()});
  }
  return 0;
}
