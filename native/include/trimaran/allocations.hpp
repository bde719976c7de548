// The number of allocations that this module has made since it was loaded.
#pragma once
#include <cstdint>

namespace trimaran {
std::uint64_t allocations();
}
