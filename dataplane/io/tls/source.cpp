#include "dataplane/io/tls/source.hpp"

#include <ctime>

#include "dataplane/base/config.hpp"

namespace chat::io::tls {
namespace {

constexpr std::chrono::seconds kLook{2};

base::Status read_into(const std::filesystem::path& file, std::string& into) {
  if (file.empty()) return {};
  auto text = base::read_secret(file);
  if (!text) return base::fail(Errc::files, std::move(text).error().message);
  into = std::move(*text) + "\n";
  return {};
}

std::string names_of(const Files& files) {
  std::string names;
  for (const auto* file : {&files.certificate, &files.key, &files.ca}) {
    if (!file->empty()) names += (names.empty() ? "" : ", ") + file->string();
  }
  return names;
}

}  // namespace

base::Result<std::unique_ptr<Source>> Source::load(const boost::asio::any_io_executor& executor, const base::Log& log,
                                                   SourceOptions options) {
  auto material = read(options);
  if (!material) return base::fail(std::move(material).error());
  auto context = make(options, *material);
  if (!context) return base::fail(std::move(context).error());
  return std::unique_ptr<Source>(
      new Source(executor, log, std::move(options), std::move(*material), std::move(*context)));
}

base::Result<std::unique_ptr<Source>> Source::of_texts(const boost::asio::any_io_executor& executor,
                                                       const base::Log& log, SourceOptions options, Material material) {
  auto context = Context::make(options.side, options.least, options.peer, material);
  if (!context) return base::fail(Errc::files, options.name + ": " + context.error().message);
  return std::unique_ptr<Source>(
      new Source(executor, log, std::move(options), std::move(material), std::move(*context)));
}

Source::Source(const boost::asio::any_io_executor& executor, const base::Log& log, SourceOptions options,
               Material material, Context context)
    : log_(log),
      options_(std::move(options)),
      material_(std::move(material)),
      context_(std::move(context)),
      timer_(executor) {}

base::Result<Material> Source::read(const SourceOptions& options) {
  Material material;
  for (auto [file, into] : {std::pair(&options.files.certificate, &material.certificate),
                            std::pair(&options.files.key, &material.key), std::pair(&options.files.ca, &material.ca)}) {
    auto status = read_into(*file, *into);
    if (!status) return base::fail(Errc::files, options.name + ": " + status.error().message);
  }
  return material;
}

base::Result<Context> Source::make(const SourceOptions& options, const Material& material) {
  auto context = Context::make(options.side, options.least, options.peer, material);
  if (context) return context;
  return base::fail(Errc::files, options.name + ": " + context.error().message + ": see " + names_of(options.files));
}

bool Source::look(std::int64_t now) {
  auto material = read(options_);
  if (!material) return keep(material.error().message), false;
  if (*material == material_) return kept_out_.clear(), false;
  auto fresh = make(options_, *material);
  if (!fresh) return keep(fresh.error().message), false;
  if (context_.certificate() && fresh->certificate()) {
    auto why = why_kept_out(*context_.certificate(), *fresh->certificate(), now);
    if (!why.empty()) return keep(options_.name + ": " + why), false;
  }
  kept_out_.clear();
  material_ = std::move(*material);
  context_ = std::move(*fresh);
  log_.info("tls_files_changed",
            {{"what", options_.name}, {"subject", context_.certificate() ? context_.certificate()->subject : ""}});
  return true;
}

void Source::keep(const std::string& why) {
  if (kept_out_ != why) log_.error("tls_files_unfit", {{"what", options_.name}, {"reason", why}});
  kept_out_ = why;
}

std::vector<Trouble> Source::troubles(std::int64_t now) const {
  std::vector<Trouble> found;
  if (!kept_out_.empty())
    found.push_back({"CertificateInvalid", kept_out_ + "; the one that was there before is still in use"});
  if (context_.certificate()) {
    if (auto trouble = expiry_trouble(*context_.certificate(), options_.name, now)) found.push_back(*trouble);
  }
  return found;
}

base::Task<> Source::watch() {
  while (!stopping_) {
    co_await base::sleep_until(timer_, std::chrono::steady_clock::now() + kLook);
    if (!stopping_) look(std::time(nullptr));
  }
}

void Source::stop() {
  stopping_ = true;
  timer_.cancel();
}

}  // namespace chat::io::tls
