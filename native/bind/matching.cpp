// The border of the matching kernel: integers in, integers and lists of integers out.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // nanobind's own headers
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#pragma GCC diagnostic pop

#include "trimaran/matching.hpp"

namespace nb = nanobind;
namespace core = trimaran::matching;
using namespace nb::literals;

using Submitted = std::tuple<int, core::i64, core::i64, std::vector<core::Execution>, std::vector<core::Execution>>;

static Submitted submit(core::Book& book, core::i64 order_id, core::i64 owner, int side, core::i64 price_ticks,
                        core::i64 lots, int kind, int self_trade, core::i64 display_lots) {
  core::Book::Result result;
  const int outcome = book.submit(order_id, owner, side, price_ticks, lots, kind, self_trade, display_lots, result);
  return {outcome, result.filled, result.resting, std::move(result.executions), std::move(result.expired)};
}

NB_MODULE(_matching, m) {
  m.doc() = "Price-time matching of one instrument; see trimaran.venues.sim.matching for the contract.";
  m.attr("PRICE_TICKS_MAX") = core::kPriceTicksMax;
  m.attr("SIZE_LOTS_MAX") = core::kSizeLotsMax;
  m.attr("ORDERS_MAX") = core::kOrdersMax;
  m.attr("LEVELS_MAX") = core::kLevelsMax;
  m.attr("CHANGES_MAX") = core::kChangesMax;

  nb::class_<core::Book>(m, "Matching", "One book of resting orders.")
      .def(nb::init<>())
      .def("submit", &submit, "order_id"_a, "owner"_a, "side"_a, "price_ticks"_a, "lots"_a, "kind"_a,
           "self_trade"_a = 0, "display_lots"_a = 0,
           "Outcome, lots filled, lots resting, executions, makers expired by self-trade prevention.")
      .def("cancel", &core::Book::cancel, "order_id"_a, "The lots that were left, or an outcome below zero.")
      .def("reduce", &core::Book::reduce, "order_id"_a, "by_lots"_a,
           "The lots left; the order keeps its place. An outcome below zero when refused.")
      .def("best", &core::Book::best, "Bid ticks, bid lots, ask ticks, ask lots; zeros for an empty side.")
      .def("depth", &core::Book::depth, "side"_a, "count"_a, "Levels (ticks, lots), best first.")
      .def("drain_changes", &core::Book::drain_changes,
           "Changes since the last drain; each changed bid and ask level with its lots of now.")
      .def("order", &core::Book::order, "order_id"_a, "Owner, side, price ticks, lots left; None when unknown.")
      .def("shown", &core::Book::shown, "order_id"_a, "Lots that an order shows; 0 when unknown.")
      .def("orders_of", &core::Book::orders_of, "owner"_a, "Ids of the owner's resting orders, ascending.")
      .def("changes", &core::Book::changes, "Level changes since the book was made.")
      .def("order_count", &core::Book::order_count, "Resting orders.")
      .def("level_count", &core::Book::level_count, "side"_a, "Price levels of a side.")
      .def("state_hash", &core::Book::state_hash, "64-bit hash of every resting order and the change count.");
}
