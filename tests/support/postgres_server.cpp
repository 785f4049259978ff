#include "tests/support/postgres_server.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"

namespace chat::testing {
namespace {

const std::string kPrograms = "/usr/lib/postgresql/15/bin/";
const std::string kUser = "postgres";  // the server refuses to run as root
const std::string kPassword = "the superuser's password";
constexpr std::chrono::seconds kLongest{60};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void run_to_end(const ChildOptions& options) {
  ChildProcess process(options);
  auto code = process.wait(kLongest);
  if (code != 0) throw std::runtime_error(options.arguments.front() + " failed: " + text_of(options.log_file));
}

void give(const std::filesystem::path& path, const std::filesystem::path& log_file) {
  run_to_end({.arguments = {"chown", geteuid() == 0 ? kUser : std::to_string(geteuid()), path.string()},
              .environment = {},
              .log_file = log_file,
              .directory = {},
              .user = {}});
}

// A directory that the user of the server owns.
std::filesystem::path own_directory(const TempDir& dir) {
  auto path = dir.path() / "server";
  std::filesystem::create_directory(path);
  give(path, dir.path() / "log");
  return path;
}

// Made once a process: copying it is faster than another initdb.
const std::filesystem::path& template_data() {
  static const TempDir dir;
  static const std::filesystem::path data = [] {
    auto path = own_directory(dir) / "data";
    auto password_file = dir.write("password", kPassword);
    run_to_end({.arguments = {kPrograms + "initdb", "-D", path.string(), "-U", kUser, "--auth=scram-sha-256",
                              "--pwfile=" + password_file.string(), "-E", "UTF8", "--locale=C", "--no-sync"},
                .environment = {},
                .log_file = dir.path() / "log",
                .directory = dir.path(),
                .user = kUser});
    return path;
  }();
  return data;
}

}  // namespace

PostgresServer::PostgresServer(std::map<std::string, std::string> settings) : settings_(std::move(settings)) {
  auto data = own_directory(dir_) / "data";
  run_to_end({.arguments = {"cp", "-a", template_data().string(), data.string()},
              .environment = {},
              .log_file = dir_.path() / "log",
              .directory = dir_.path(),
              .user = kUser});
  // Another process can take the port between looking and starting.
  for (int attempt = 0; process_ == nullptr && attempt < 5; ++attempt) {
    port_ = free_port();
    launch();
    if (process_->wait(std::chrono::milliseconds(300))) process_.reset();
  }
  wait_until_ready();
}

void PostgresServer::give_to_its_user(const std::filesystem::path& file) {
  const TempDir dir;
  give(file, dir.path() / "log");
}

PostgresServer::~PostgresServer() {
  if (process_) kill9();
}

void PostgresServer::launch() {
  ChildOptions options{.arguments = {kPrograms + "postgres", "-D", (dir_.path() / "server" / "data").string()},
                       .environment = {},
                       .log_file = dir_.path() / "log",
                       .directory = dir_.path(),
                       .user = kUser};
  std::map<std::string, std::string> settings{{"port", std::to_string(port_)}, {"listen_addresses", "127.0.0.1"},
                                              {"unix_socket_directories", ""}, {"fsync", "off"},
                                              {"full_page_writes", "off"},     {"shared_buffers", "32MB"}};
  for (const auto& [key, value] : settings_) settings.insert_or_assign(key, value);
  for (const auto& [key, value] : settings) {
    options.arguments.push_back("-c");
    options.arguments.push_back(key + "=" + value);
  }
  process_ = std::make_unique<ChildProcess>(options);
}

void PostgresServer::wait_until_ready() {
  io::postgres::Connection connection(target());
  bool ready =
      eventually([&] { return !process_ || !process_->running() || connection.execute("SELECT 1"); }, kLongest);
  if (!ready || !process_ || !process_->running())
    throw std::runtime_error("PostgreSQL did not start: " + text_of(dir_.path() / "log"));
}

io::postgres::Target PostgresServer::target() const {
  io::postgres::Target target;
  target.host = "127.0.0.1";
  target.port = port_;
  target.user = kUser;
  target.password = kPassword;
  target.database = "postgres";
  target.application = "test";
  return target;
}

io::postgres::Target PostgresServer::create_database(const std::string& name) {
  io::postgres::Connection connection(target());
  auto made = connection.execute("CREATE DATABASE \"" + name + "\"");
  if (!made) throw std::runtime_error("CREATE DATABASE: " + made.error().message);
  auto its_target = target();
  its_target.database = name;
  return its_target;
}

void PostgresServer::kill9() {
  signal_all(SIGKILL);
  process_->wait(kLongest);
  process_.reset();
}

void PostgresServer::start() {
  // A new server refuses while a process of the killed one still has its shared memory.
  launch();
  for (int attempt = 0; attempt < 20 && process_->wait(std::chrono::milliseconds(300)); ++attempt) launch();
  wait_until_ready();
}

void PostgresServer::pause() { signal_all(SIGSTOP); }
void PostgresServer::resume() { signal_all(SIGCONT); }

void PostgresServer::signal_all(int number) {
  // The server first: it starts no backends meanwhile, and does not notice that they end.
  process_->signal(number == SIGKILL ? SIGSTOP : number);
  for (pid_t child : children_of(process_->pid())) ::kill(child, number);
  if (number == SIGKILL) process_->signal(SIGKILL);
}

}  // namespace chat::testing
