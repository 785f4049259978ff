#include "dataplane/services/receipts.hpp"

#include <boost/asio/post.hpp>

#include "dataplane/domain/errors.hpp"
#include "dataplane/protocol/frames.hpp"

namespace chat::services {
namespace {

constexpr std::size_t kMostWaiting = 20'000;
constexpr std::size_t kMostInBatch = 1'000;

}  // namespace

Receipts::Receipts(boost::asio::any_io_executor executor, ports::Store& store, FanOut& fan_out)
    : executor_(executor), store_(store), fan_out_(fan_out), tasks_(executor) {}

void Receipts::record(domain::Receipt receipt, Done done) {
  if (waiting_.size() >= kMostWaiting) {
    boost::asio::post(executor_, [done = std::move(done)] {
      done(base::fail(domain::Errc::unavailable, "too many receipts wait to be stored", std::chrono::seconds(1)));
    });
    return;
  }
  waiting_.emplace_back(std::move(receipt), std::move(done));
  if (writing_) return;
  writing_ = true;
  tasks_.spawn("receipts", write());
}

base::Task<> Receipts::write() {
  while (!waiting_.empty()) {
    const auto size = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kMostInBatch));
    std::vector<std::pair<domain::Receipt, Done>> batch(std::make_move_iterator(waiting_.begin()),
                                                        std::make_move_iterator(waiting_.begin() + size));
    waiting_.erase(waiting_.begin(), waiting_.begin() + size);
    std::vector<domain::Receipt> receipts;
    receipts.reserve(batch.size());
    for (const auto& [receipt, done] : batch) receipts.push_back(receipt);
    auto answers = co_await store_.record(std::move(receipts));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto& [receipt, done] = batch[i];
      if (i >= answers.size()) {
        done(base::fail(domain::Errc::unavailable, "the store did not answer for this receipt",
                        std::chrono::seconds(1)));
      } else if (!answers[i]) {
        done(base::fail(answers[i].error()));
      } else {
        done({});
        if (answers[i]->moved) publish(receipt, *answers[i]);
      }
    }
  }
  writing_ = false;
}

void Receipts::publish(const domain::Receipt& receipt, const ports::Store::ReceiptAnswer& answer) {
  pb::BusEvent event;
  event.set_kind(pb::BusEvent::RECEIPT);
  protocol::to_pb(answer.head, *event.mutable_head());
  event.set_frame(protocol::receipt_frame(receipt));
  fan_out_.publish(event, receipt.conversation_id, answer.members);
}

}  // namespace chat::services
