#pragma once
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/log.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/io/tls/context.hpp"

namespace chat::io::tls {

struct Files {
  std::filesystem::path certificate;  // empty: none is shown (a client)
  std::filesystem::path key;
  std::filesystem::path ca;  // empty: the peer is not checked
};

struct SourceOptions {
  std::string name;  // what it is for, in logs and findings: "the certificate for clients"
  Side side = Side::server;
  Version least = Version::tls13;
  Files files;
  Peer peer;
};

// The context made from files, and made anew when they change. They are read at each look: times and sizes do not show
// every change, and Secrets are mounted in memory. Files that do not fit together (half of them are written yet) or
// that nobody would accept leave the context as it is; they are tried again at each look.
//
// One thread. Await watch()'s end after stop() before it is destroyed; contexts live on.
class Source {
 public:
  // The files as they are now; an error names the file and what is wrong with it.
  [[nodiscard]] static base::Result<std::unique_ptr<Source>> load(const boost::asio::any_io_executor& executor,
                                                                  const base::Log& log, SourceOptions options);
  // From texts, where they do not stand in files: nothing is looked at. `options.files` are empty.
  [[nodiscard]] static base::Result<std::unique_ptr<Source>> of_texts(const boost::asio::any_io_executor& executor,
                                                                      const base::Log& log, SourceOptions options,
                                                                      Material material);
  [[nodiscard]] const Context& context() const { return context_; }
  // Looks at the files every two seconds until stop().
  [[nodiscard]] base::Task<> watch();
  void stop();
  // One look: true where the context changed. `now` in seconds since 1970.
  bool look(std::int64_t now);
  [[nodiscard]] std::vector<Trouble> troubles(std::int64_t now) const;

 private:
  Source(const boost::asio::any_io_executor& executor, const base::Log& log, SourceOptions options, Material material,
         Context context);
  [[nodiscard]] static base::Result<Material> read(const SourceOptions& options);
  [[nodiscard]] static base::Result<Context> make(const SourceOptions& options, const Material& material);
  void keep(const std::string& why);

  const base::Log& log_;
  SourceOptions options_;
  Material material_;  // of the context
  Context context_;
  std::string kept_out_;  // why the files as they are now are not in use; empty: they are
  bool stopping_ = false;
  boost::asio::steady_timer timer_;
};

}  // namespace chat::io::tls
