// The Secrets of a ChatCluster, as KubernetesPlatform reads and makes them. They are asked for by name and never
// listed, so nobody tells when one changed: they are read again once a minute, and sooner where there is a reason.
#include <algorithm>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/platform/act_errors.hpp"
#include "operator/kubernetes/platform/key_secret.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"
#include "operator/settings/generated_secrets.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using chat::base::Task;
using ports::PlatformErrc;
using namespace std::chrono_literals;

namespace {

constexpr auto kLeastBetween = 5s;       // between two readings, whatever the reason
constexpr auto kShareOfSecrets = 400ms;  // of one cluster: with 1,000 each is read every seven minutes

}  // namespace

Task<Result<std::optional<Json>>> KubernetesPlatform::read_secret(std::string name) {
  ObjectRef place{kinds::kSecret, name_space_, std::move(name)};
  auto found = co_await environment_.client.get(std::move(place));
  if (found) co_return std::optional<Json>(std::move(*found));
  if (found.error().code == ApiErrc::not_found) co_return std::optional<Json>();
  co_return chat::base::fail(found.error());
}

// All of them, or an error: what could not be read is not gone.
Task<Result<ReadSecrets>> KubernetesPlatform::fetch_secrets() {
  ReadSecrets read;
  auto values = co_await read_secret(objects::secrets_name(cluster_));
  if (!values) co_return chat::base::fail(values.error());
  read.values = std::move(*values);
  auto keys = co_await read_secret(objects::jwt_name(cluster_));
  if (!keys) co_return chat::base::fail(keys.error());
  read.keys = std::move(*keys);
  read.internal_tls = secrets_ ? secrets_->tls : remembered_tls_;
  if (read.internal_tls == InternalTls::off && !secrets_ && read.values)
    read.internal_tls = internal_tls_of(*read.values);
  if (read.internal_tls == InternalTls::off) co_return read;
  auto shown = co_await read_secret(objects::tls_name(cluster_));
  if (!shown) co_return chat::base::fail(shown.error());
  read.tls.shown = std::move(*shown);
  if (read.internal_tls == InternalTls::provided) co_return read;
  auto authority = co_await read_secret(authority_name(cluster_));
  if (!authority) co_return chat::base::fail(authority.error());
  read.tls.authority = std::move(*authority);
  co_return read;
}

Task<Result<ReadSecrets>> KubernetesPlatform::read_secrets() {
  secrets_read_ = Steady::now();
  auto read = co_await fetch_secrets();
  if (!read) co_return chat::base::fail(read.error());
  auto known = after_reading(cluster_, secrets_, *read);
  // Where nothing was made yet, nothing is missing: prepare_cluster() makes it, or says why not.
  if (!secrets_) known.findings.clear();
  std::vector<NamedSecret> named;
  if (const auto* document = environment_.store.find(key_)) {
    named = named_secrets(document->cluster.spec);
    secrets_generation_ = document->cluster.metadata.generation;
  }
  for (const auto& each : named) {
    auto theirs = co_await read_secret(each.name);
    if (!theirs) co_return chat::base::fail(theirs.error());
    if (auto wrong = wrong_with(each, *theirs)) known.findings.push_back(std::move(*wrong));
  }
  if (!tls_problem_.empty()) known.findings.push_back({"CertificatesNotRenewed", tls_problem_});
  if (!keys_problem_.empty()) known.findings.push_back({"KeysNotRotated", keys_problem_});
  const bool news = known.secrets != secrets_ || known.findings != secret_findings_;
  if (secrets_ && known.secrets != secrets_)
    environment_.log.info("secrets_changed", {{"cluster", ports::title_of(key_)}});
  secrets_ = std::move(known.secrets);
  secret_findings_ = std::move(known.findings);
  if (news) changed_();
  co_return read;
}

void KubernetesPlatform::read_secrets_soon(Steady::time_point when) {
  when = std::max(when, secrets_read_ + kLeastBetween);
  if (when >= secrets_due_) return;
  secrets_due_ = when;
  secrets_alarm_.cancel();
}

void KubernetesPlatform::refused() { read_secrets_soon(Steady::now()); }

// What has become old, one step of each.
Task<> KubernetesPlatform::renew(ReadSecrets read) {
  const auto* document = environment_.store.find(key_);
  if (!secrets_ || document == nullptr || document->cluster.spec.paused || closing_) co_return;
  if (secrets_->tls == InternalTls::generated) {
    auto done = co_await renew_certificates(std::move(read.tls));
    tls_problem_.clear();
    if (!done && done.error().code != ApiErrc::conflict && done.error().code != ApiErrc::fenced) {
      tls_problem_ = "the certificates between the cluster's parts can not be renewed: " + done.error().message;
      environment_.log.warn("certificates_not_renewed",
                            {{"cluster", ports::title_of(key_)}, {"error", done.error().message}});
    }
  }
  if (read.values && wants_new_values(*read.values, environment_.clock.now_milliseconds()))
    co_await rotate_values(std::move(*read.values));
  if (read.keys) co_await rotate_keys(std::move(*read.keys));
}

Task<> KubernetesPlatform::rotate_values(Json secret) {
  ObjectRef place{kinds::kSecret, name_space_, objects::secrets_name(cluster_)};
  auto patch = new_values(secret, settings::random_secret, environment_.clock.now_milliseconds());
  auto done = co_await environment_.client.merge(std::move(place), std::move(patch), "");
  if (done)
    environment_.log.info("values_rotated", {{"cluster", ports::title_of(key_)}});
  else
    environment_.log.warn("values_not_rotated", {{"cluster", ports::title_of(key_)}, {"error", done.error().message}});
  read_secrets_soon(Steady::now());
}

Task<Status> KubernetesPlatform::renew_certificates(TlsSecrets read) {
  using Step = settings::TlsStep::What;
  const auto now = environment_.clock.now_milliseconds() / 1000;
  const auto hosts = objects::tls_hosts(cluster_, name_space_);
  const auto state = state_of(read);
  const auto step = settings::next_tls_step(state, hosts, now);
  if (step.what == Step::nothing) co_return Status{};
  std::optional<settings::Certified> fresh;
  if (step.what == Step::make_authority || step.what == Step::make_next || step.issue) {
    auto made = step.issue ? settings::new_certificate(*state.authority, hosts, now) : settings::new_authority(now);
    if (!made) co_return chat::base::fail(made.error());
    fresh = std::move(*made);
  }
  auto write = write_of(inputs(), read, step, fresh, now);
  ObjectRef place{kinds::kSecret, name_space_, write.name};
  Result<Json> done;
  if (write.create) write.body["metadata"].erase("ownerReferences");  // as those of the others
  if (write.create)
    done = co_await environment_.client.create(std::move(place), std::move(write.body));
  else
    done = co_await environment_.client.merge(std::move(place), std::move(write.body), "");
  if (!done) co_return chat::base::fail(done.error());
  environment_.log.info("certificates_renewed", {{"cluster", ports::title_of(key_)}, {"secret", write.name}});
  read_secrets_soon(Steady::now());
  co_return Status{};
}

bool KubernetesPlatform::keys_are_published() {
  look();
  const auto name = objects::public_keys_name(cluster_);
  return std::any_of(wanted_.base.begin(), wanted_.base.end(),
                     [&](const auto& each) { return each.name == name && is_applied(each.what, name, each.hash); });
}

// One step, from what the Secret says; whoever comes next goes on from there.
Task<> KubernetesPlatform::rotate_keys(Json secret) {
  const auto now = environment_.clock.now_milliseconds();
  const auto step = settings::next_key_step(keys_in(secret), keys_are_published(), now);
  if (step.what == settings::KeyStep::What::nothing) co_return keys_problem_.clear();
  std::optional<settings::SigningKey> fresh;
  if (step.what == settings::KeyStep::What::add) {
    auto key = co_await make_key();
    if (!key) co_return;
    fresh = std::move(*key);
  }
  ObjectRef place{kinds::kSecret, name_space_, objects::jwt_name(cluster_)};
  auto patch = patch_of(secret, step, fresh, now);
  auto done = co_await environment_.client.merge(std::move(place), std::move(patch), "");
  if (done) {
    keys_problem_.clear();
    environment_.log.info("keys_rotated", {{"cluster", ports::title_of(key_)},
                                           {"step", settings::words_of(step.what)},
                                           {"kid", fresh ? fresh->kid : step.kids.front()}});
    read_secrets_soon(Steady::now());
  } else if (done.error().code != ApiErrc::conflict && done.error().code != ApiErrc::fenced) {
    keys_problem_ =
        "the keys that sign access tokens can not be rotated, and those that are there go on: " + done.error().message;
    environment_.log.warn("keys_not_rotated", {{"cluster", ports::title_of(key_)}, {"error", done.error().message}});
  }
}

Task<> KubernetesPlatform::keep_reading_secrets() {
  // Of many clusters not all at the same time.
  const auto first = environment_.secrets_every;
  secrets_due_ = Steady::now() + first / 2 + first / 2 * (std::hash<std::string>{}(key_) % 64) / 64;
  while (!closing_) {
    while (!closing_ && Steady::now() < secrets_due_)
      (void)co_await chat::base::sleep_until(secrets_alarm_, secrets_due_);
    if (closing_) co_return;
    secrets_due_ = Steady::time_point::max();
    const auto begun = Steady::now();
    if (environment_.store.find(key_) != nullptr && !is_deleting()) {
      auto read = co_await read_secrets();
      if (!read)
        environment_.log.warn("secrets_not_read",
                              {{"cluster", ports::title_of(key_)}, {"error", read.error().message}});
      else
        co_await renew(std::move(*read));
    }
    const auto every =
        std::max(environment_.secrets_every, kShareOfSecrets * static_cast<int>(environment_.store.count()));
    // What is wrong is mended by people, who wait to see that it is.
    const auto pace = secret_findings_.empty() ? every : std::min<std::chrono::milliseconds>(every, kLeastBetween);
    secrets_due_ = std::min(secrets_due_, begun + pace);
  }
}

Task<Status> KubernetesPlatform::ensure_secrets() {
  auto read = co_await fetch_secrets();
  if (!read) co_return failed(read.error());
  for (const auto& finding : after_reading(cluster_, secrets_, *read).findings)
    if (finding.reason == kSecretIncomplete) co_return chat::base::fail(PlatformErrc::secret_missing, finding.message);
  if (!read->values && !environment_.caches.of_cluster(What::claims, name_space_, cluster_).empty())
    co_return chat::base::fail(PlatformErrc::secret_missing,
                               "the Secret " + objects::secrets_name(cluster_) +
                                   ", which opens the volumes of the shards, is gone: put it back, or delete the "
                                   "PersistentVolumeClaims " +
                                   objects::claim_name(cluster_, 0) + " … and lose what is in them");
  if (!read->values || !read->keys) {
    auto how = InternalTls::off;
    if (!read->values) {
      auto chosen = co_await choose_internal_tls();
      if (!chosen) co_return failed(chosen.error());
      how = *chosen;
    }
    if (auto made = co_await make_secrets(how); !made) co_return made;
    read = co_await fetch_secrets();
    if (!read) co_return failed(read.error());
  }
  // An authority, then what it signs.
  for (int step = 0; step < 2 && read->internal_tls == InternalTls::generated; ++step) {
    if (auto done = co_await renew_certificates(std::move(read->tls)); !done) co_return failed(done.error());
    read = co_await fetch_secrets();
    if (!read) co_return failed(read.error());
  }
  auto again = co_await read_secrets();
  co_return again ? Status{} : failed(again.error());
}

// Of a new ChatCluster: whose certificates for clients come from a Secret has them inside too, and whoever made a
// demo-tls before wants it to be used.
Task<Result<InternalTls>> KubernetesPlatform::choose_internal_tls() {
  if (remembered_tls_ != InternalTls::off) co_return remembered_tls_;
  auto found = co_await read_secret(objects::tls_name(cluster_));
  if (!found) co_return chat::base::fail(found.error());
  const auto ours =
      *found && text_at(**found, {"metadata", "labels", objects::kManagedByLabel}) == objects::kFieldManager;
  if (*found && !ours) co_return InternalTls::provided;
  const auto* document = environment_.store.find(key_);
  const bool asked = document != nullptr && !document->cluster.spec.tls.secret_name.empty();
  co_return ours || asked ? InternalTls::generated : InternalTls::off;
}

// Beside the loop and one at a time: an RSA key takes a good part of a second, and a hundred of them would keep us from
// renewing the Lease.
Task<chat::base::Result<settings::SigningKey>> KubernetesPlatform::make_key() {
  while (!closing_) {
    const auto turn = co_await environment_.keys.take(Steady::now() + std::chrono::seconds(1));
    if (!turn) continue;
    auto make = [now = environment_.clock.now_milliseconds()] { return settings::new_signing_key(now); };
    co_return co_await environment_.pool.run(std::move(make));
  }
  co_return chat::base::fail(PlatformErrc::later, "the operator ends");
}

// What is there already stays as it is.
Task<Status> KubernetesPlatform::make_secrets(InternalTls how) {
  auto key = co_await make_key();
  if (!key) co_return chat::base::fail(PlatformErrc::later, key.error().message);
  objects::SecretValues made{settings::random_secret(),
                             settings::random_secret(),
                             settings::random_secret(),
                             settings::random_secret(),
                             {{key->kid + ".pem", key->private_pem}, {key->kid + ".pub.pem", key->public_pem}}};
  for (auto& body : objects::secrets(inputs(), made)) {
    body["metadata"].erase("ownerReferences");  // remove() decides whether they go: whenDeleted may change
    ObjectRef its_place{kinds::kSecret, name_space_, name_of(body)};
    if (its_place.name == objects::secrets_name(cluster_)) note_internal_tls(how, body);
    auto created = co_await environment_.client.create(std::move(its_place), std::move(body));
    if (!created && created.error().code != ApiErrc::conflict) co_return failed(created.error());
  }
  co_return Status{};
}

}  // namespace chatop::kubernetes
