#pragma once

namespace chat::base {

// Deleter of a std::unique_ptr to an object of a C library, which `Free` ends.
template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

}  // namespace chat::base
