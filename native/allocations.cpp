// Counts every allocation of this module, so that a test can prove that a frame makes none.
#include "trimaran/allocations.hpp"

#include <cstdlib>
#include <new>

namespace trimaran {
namespace {
std::uint64_t count = 0;  // the module runs under the GIL
}
std::uint64_t allocations() { return count; }
}  // namespace trimaran

void* operator new(std::size_t size) {
  ++trimaran::count;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
void* operator new[](std::size_t size) { return ::operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
