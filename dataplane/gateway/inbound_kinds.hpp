#pragma once
#include <cstddef>
#include <cstdint>

namespace chat::gateway {

// Follows the headers of the frames that come from a client, on their way to Beast. Beast closes with 1007 where a text
// is not UTF-8; the contract wants an error frame, and the connection left open. So Beast is shown each text as a
// binary message, and whether it is UTF-8 is judged with its JSON. What each message really was is remembered here.
class InboundKinds {
 public:
  // Bytes as they came; headers of texts are changed in place.
  void take(char* bytes, std::size_t size);
  // To be asked once for each message that Beast has read, in their order.
  [[nodiscard]] bool next_was_text() { return ++read_ < first_binary_; }

 private:
  void take_header(char& byte);

  std::uint64_t payload_ = 0;  // so much of the current frame's is still to come
  std::uint64_t length_ = 0;   // as the header says it so far
  std::uint64_t begun_ = 0;    // messages, and those that Beast has read
  std::uint64_t read_ = 0;
  std::uint64_t first_binary_ = UINT64_MAX;  // its number: nothing after it matters, since it ends the connection
  std::uint8_t at_ = 0;                      // in the header
  std::uint8_t extended_ = 0;                // bytes of a longer length
  std::uint8_t header_ = 2;                  // its size
};

}  // namespace chat::gateway
