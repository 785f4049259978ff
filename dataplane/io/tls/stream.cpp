#include "dataplane/io/tls/stream.hpp"

namespace chat::io::tls {
namespace {

constexpr std::size_t kAtOnce = 8 * Session::kRecord;  // then others have their turn

// Fills `into` from the pieces, without their first `skip` bytes. Answers how much there was.
std::size_t copy_from(std::span<const boost::asio::const_buffer> pieces, std::size_t skip, std::span<char> into) {
  std::size_t filled = 0;
  for (auto piece : pieces) {
    const auto passed = std::min(skip, piece.size());
    skip -= passed;
    piece += passed;
    filled += boost::asio::buffer_copy(boost::asio::buffer(into.data() + filled, into.size() - filled), piece);
  }
  return filled;
}

}  // namespace

Session::Outcome Stream::write_pieces(std::span<const boost::asio::const_buffer> pieces, std::size_t& taken) {
  session_->use(socket_.native_handle());
  if (auto error = session_->flush()) return {.error = error};
  while (session_->backlog() == 0 && taken < kAtOnce) {
    // Small pieces (a header, a body) share a record.
    std::array<char, Session::kRecord>
        record;  // NOLINT(cppcoreguidelines-pro-type-member-init): what is used is filled
    const auto filled = copy_from(pieces, taken, record);
    if (filled == 0) break;
    auto outcome = session_->write(std::span(record).first(filled));
    if (outcome.error || outcome.wants != Session::Wants::nothing) return outcome;
    taken += outcome.bytes;
  }
  if (session_->backlog() > 0) return {.error = {}, .bytes = 0, .wants = Session::Wants::write};
  return {.error = {}, .bytes = taken};
}

}  // namespace chat::io::tls
