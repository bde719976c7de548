// One gzip member into a buffer that is kept: how HTX packs its frames. The twin is venues/htx/inflate.py.
//
// Bounded: a frame of a few kilobytes may claim to hold gigabytes. Strict: one member and nothing behind it, no
// header checksum and no reserved header flag, because libdeflate and the twin's zlib read those differently.
#pragma once
#include <libdeflate.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

#include "trimaran/answer.hpp"
#include "trimaran/limits.hpp"

namespace trimaran {

class Inflater {
 public:
  struct Text {
    Fault fault = Fault::None;
    std::string_view text{};  // lives until the next call, or as long as the payload where that was text
  };

  // What does not begin as gzip is text already, and passes. Malformed: cut, wrong checksum, bytes behind the
  // member; Oversize: more than FRAME_BYTES_MAX, packed or not. Never throws once the buffer has grown.
  Text inflate(const char* data, std::size_t size) {
    if (size > FRAME_BYTES_MAX) return {Fault::Oversize};
    if (size < 2 || data[0] != '\x1f' || data[1] != '\x8b') return {Fault::None, {data, size}};
    if (size < 4 || (static_cast<unsigned char>(data[3]) & REFUSED_FLAGS) != 0) return {Fault::Malformed};
    if (capacity_ == 0) grow();
    for (;;) {
      std::size_t taken = 0, length = 0;
      const libdeflate_result result =
          libdeflate_gzip_decompress_ex(machine_.get(), data, size, buffer_.get(), capacity_, &taken, &length);
      if (result == LIBDEFLATE_SUCCESS && taken == size) return {Fault::None, {buffer_.get(), length}};
      if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return {Fault::Malformed};
      if (capacity_ == FRAME_BYTES_MAX) return {Fault::Oversize};
      grow();
    }
  }

 private:
  static constexpr std::size_t FIRST_BYTES = 64 * 1024;  // many times what a frame of 150 levels needs
  static constexpr unsigned REFUSED_FLAGS = 0xE2;        // header checksum, and the reserved three

  struct Free {
    void operator()(libdeflate_decompressor* machine) const { libdeflate_free_decompressor(machine); }
  };

  void grow() {
    if (!machine_) machine_.reset(libdeflate_alloc_decompressor());
    if (!machine_) throw std::bad_alloc();
    const std::size_t wanted = capacity_ == 0 ? FIRST_BYTES : std::min(capacity_ * 4, FRAME_BYTES_MAX);
    buffer_.reset(new char[wanted]);
    capacity_ = wanted;
  }

  std::unique_ptr<libdeflate_decompressor, Free> machine_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
};

}  // namespace trimaran
