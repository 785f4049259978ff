// What one message costs inside PostgreSQL and in front of it, by the size of the batch: the real function, the real
// writer, a server that flushes its log. The outbox is read and emptied as chat-worker does it, and counted apart.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>

#include "dataplane/adapters/postgres_event_log.hpp"
#include "dataplane/adapters/postgres_shard_writer.hpp"
#include "dataplane/domain/bucket.hpp"
#include "tests/support/postgres_server.hpp"

namespace chat::bench {
namespace {

using io::postgres::Connection;
using std::chrono::steady_clock;

constexpr int kConversations = 400;
constexpr std::size_t kText = 120;
constexpr int kOutboxPage = 500;  // as workers/outbox_consumer

// What the operator gives a shard, as far as it bears on the cost.
const std::map<std::string, std::string> kSettings{{"fsync", "on"},
                                                   {"synchronous_commit", "on"},
                                                   {"full_page_writes", "on"},
                                                   {"wal_level", "logical"},
                                                   {"max_wal_size", "2GB"},
                                                   {"shared_buffers", "128MB"},
                                                   {"jit", "off"}};

template <class R>
auto must(R result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

double thread_cpu() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

// µs on a processor so far: the server and all its children, which have one thread each.
double server_cpu(const testing::PostgresServer& server) {
  double all = 0;
  auto pids = testing::children_of(server.pid());
  pids.push_back(server.pid());
  for (auto pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/schedstat");
    double nanoseconds = 0;
    if (file >> nanoseconds) all += nanoseconds / 1e3;
  }
  return all;
}

struct Pair {
  base::Ulid conversation;
  base::Ulid members[2];
};

class Bench {
 public:
  // Without the migrations whose names sort after `last`: what they brought is seen by comparing.
  explicit Bench(std::string last)
      : last_(std::move(last)), server_(kSettings), admin_(prepare()), writer_(chat()), outbox_(chat()) {
    for (int i = 0; i < kConversations; ++i) {
      Pair pair{base::new_ulid(now_), {base::new_ulid(now_), base::new_ulid(now_)}};
      must(
          admin_.execute("select chat_create_conversation($1, $2, 0::smallint, '', $3, array[$3, $4]::uuid[], "
                         "'{0,2}', $5)",
                         {std::to_string(domain::bucket_of(pair.conversation)), pair.conversation.uuid_text(),
                          pair.members[0].uuid_text(), pair.members[1].uuid_text(), std::to_string(now_)}));
      pairs_.push_back(pair);
    }
    (void)must(outbox_.claim());
    empty_outbox();
  }

  void run(int batch, int messages) {
    write(batch, std::min(messages, 20 * batch));  // warm: plans are made, pages are there
    empty_outbox();
    must(admin_.execute("checkpoint"));
    const auto server_before = server_cpu(server_);
    const auto client_before = thread_cpu();
    const auto begun = steady_clock::now();
    const int written = write(batch, messages);
    const double seconds = std::chrono::duration<double>(steady_clock::now() - begun).count();
    const double client = thread_cpu() - client_before;
    const double server = server_cpu(server_) - server_before;
    const auto outbox_before = server_cpu(server_);
    const int removed = empty_outbox();
    const double outbox = server_cpu(server_) - outbox_before;
    std::cout << "{\"batch\":" << batch << ",\"messages\":" << written
              << ",\"messages_per_second\":" << static_cast<int>(written / seconds)
              << ",\"postgres_us\":" << server / written << ",\"client_us\":" << client / written
              << ",\"ms_per_batch\":" << seconds * 1e3 * batch / written << ",\"outbox_us\":" << outbox / removed << "}"
              << std::endl;
  }

 private:
  Connection prepare() {
    Connection postgres(server_.target());
    for (const auto& [name, value] : kSettings) {
      const auto shown = must(postgres.execute("show " + name));
      std::cerr << name << " = " << shown[0][0].c_str() << "\n";
    }
    must(postgres.execute("create role chat login password 'chat'"));
    auto target = server_.create_database("chat");
    target.statement_timeout = std::chrono::minutes(5);
    Connection admin(target);
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(CHATCLUSTER_SOURCE_DIR "/migrations"))
      if (entry.path().extension() == ".sql" && entry.path().filename().string() < last_) files.insert(entry.path());
    for (const auto& file : files) {
      std::ifstream in(file);
      if (auto done = admin.script({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}); !done)
        throw std::runtime_error(file.string() + ": " + done.error().message);
    }
    must(admin.execute("select chat_identify('shard-0')"));
    must(admin.execute("select chat_own(0, 4095, 'shard-0', 1)"));
    return admin;
  }
  io::postgres::Target chat() const {
    auto target = admin_.target();
    target.user = target.password = "chat";
    target.application = "bench writer";
    return target;
  }

  // Each message from the other of the two, to the next conversation.
  int write(int batch, int messages) {
    std::vector<domain::Draft> drafts(static_cast<std::size_t>(batch));
    int written = 0;
    while (written < messages) {
      for (auto& draft : drafts) {
        const auto& pair = pairs_[static_cast<std::size_t>(next_ % kConversations)];
        draft.conversation_id = pair.conversation;
        draft.sender_id = pair.members[next_ / kConversations % 2];
        draft.client_msg_id = "0190aaaa-bbbb-cccc-dddd-" + std::to_string(100'000'000'000 + next_++);
        draft.content.assign(kText, static_cast<char>('a' + next_ % 26));
      }
      const auto answers = must(writer_.write(drafts, ++now_));
      for (const auto& answer : answers)
        if (answer.kind != ports::Written::Kind::stored) throw std::runtime_error("not stored: " + answer.why);
      written += batch;
    }
    return written;
  }
  int empty_outbox() {
    int removed = 0;
    for (;;) {
      const auto events = must(outbox_.read(kOutboxPage));
      if (events.empty()) return std::max(removed, 1);
      if (auto done = outbox_.remove(events); !done) throw std::runtime_error(done.error().message);
      removed += static_cast<int>(events.size());
    }
  }

  std::string last_;
  std::int64_t now_ = static_cast<std::int64_t>(std::time(nullptr)) * 1000;
  std::int64_t next_ = 0;
  testing::PostgresServer server_;
  Connection admin_;
  adapters::PostgresShardWriter writer_;
  adapters::PostgresEventLog outbox_;
  std::vector<Pair> pairs_;
};

}  // namespace
}  // namespace chat::bench

// chat_write [messages [batch…]]; MIGRATIONS_BEFORE=0009 leaves out that migration and later ones.
int main(int argc, char** argv) {
  const int messages = argc > 1 ? std::atoi(argv[1]) : 20'000;
  std::vector<int> batches;
  for (int i = 2; i < argc; ++i) batches.push_back(std::atoi(argv[i]));
  if (batches.empty()) batches = {1, 10, 100, 300};
  try {
    const char* last = std::getenv("MIGRATIONS_BEFORE");
    chat::bench::Bench bench(last != nullptr ? last : "9999");
    for (int batch : batches) bench.run(batch, batch == 1 ? messages / 10 : messages);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
