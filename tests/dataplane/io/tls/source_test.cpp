#include "dataplane/io/tls/source.hpp"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <ctime>

#include "tests/support/certificates.hpp"

namespace chat::io::tls {
namespace {

namespace fs = std::filesystem;
using chat::testing::Authority;
using chat::testing::Issued;
using chat::testing::source_of;
using chat::testing::TlsFiles;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t kDay = 24 * 3600;

class SourceTest : public ::testing::Test {
 protected:
  std::string error(SourceOptions options) {
    auto source = Source::load(io_.get_executor(), log_, std::move(options));
    if (source) return "(no error)";
    EXPECT_EQ(source.error().code, Errc::files);
    return source.error().message;
  }
  static auto invalid(const std::string& why) {
    return ElementsAre(AllOf(Field(&Trouble::reason, "CertificateInvalid"), Field(&Trouble::message, HasSubstr(why))));
  }
  const std::int64_t now_ = std::time(nullptr);
  base::Log log_{"test", static_cast<base::Level>(9)};  // unfit files are what this is about
  boost::asio::io_context io_;
  Authority authority_;
  TlsFiles files_{authority_.issue(), authority_.certificate()};
};

TEST_F(SourceTest, SaysWhichFileIsUnfitAndWhy) {
  const auto good = authority_.issue();
  const auto server = files_.server({Peer::Check::ca, {}});
  EXPECT_EQ(error(server), "(no error)");
  files_.put({good.certificate, authority_.issue().key}, {});
  EXPECT_THAT(error(server),
              AllOf(HasSubstr("the certificate: "), HasSubstr("not that of the certificate"), HasSubstr("tls.key")));
  files_.put({good.certificate, "nonsense"}, {});
  EXPECT_THAT(error(server), AllOf(HasSubstr("no private key"), Not(HasSubstr("nonsense"))));
  files_.put({"nonsense", good.key}, {});
  EXPECT_THAT(error(server), HasSubstr("no certificate in PEM"));
  files_.put({good.certificate + good.certificate.substr(0, 200), good.key}, {});
  EXPECT_THAT(error(server), HasSubstr("not whole"));
  files_.put(good, "nonsense");
  EXPECT_THAT(error(server), HasSubstr("the CA file has no certificate"));
  files_.put(good, authority_.certificate().substr(0, 200));
  EXPECT_THAT(error(server), HasSubstr("CA file"));
  fs::remove(files_.files().certificate);
  EXPECT_THAT(error(server), AllOf(HasSubstr("tls.crt"), HasSubstr("can not be read")));
}

TEST_F(SourceTest, AKeyUnderAPasswordIsUnfitAndAsksNobody) {
  const std::string encrypted =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjzxD0Ulc0Y1QICCAAw\n"
      "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEPrPcK1VuYbyCGjCcUTaN6sEgZDa\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  files_.put({authority_.issue().certificate, encrypted}, {});
  EXPECT_THAT(error(files_.server()), HasSubstr("without a password"));
}

TEST_F(SourceTest, NothingChangesWhileTheFilesStay) {
  auto source = source_of(io_, log_, files_.server());
  EXPECT_FALSE(source->look(now_));
  EXPECT_THAT(source->troubles(now_), IsEmpty());
}

TEST_F(SourceTest, TakesNewFilesAndLeavesTheOldContextToThoseWhoHaveIt) {
  auto source = source_of(io_, log_, files_.server());
  const auto before = source->context();
  files_.put(authority_.issue({"new.example"}), {});
  EXPECT_TRUE(source->look(now_));
  EXPECT_NE(source->context().native(), before.native());
  EXPECT_EQ(source->context().certificate()->subject, "/CN=new.example");
  EXPECT_EQ(before.certificate()->subject, "/CN=localhost");
  EXPECT_FALSE(source->look(now_));
}

TEST_F(SourceTest, TakesTheFilesOfAMountedSecretWhoseLinkWasSwapped) {
  const auto& dir = files_.dir().path();
  for (const auto* version : {"..1", "..2"}) fs::create_directory(dir / version);
  const auto put = [&](const std::string& version, const Issued& issued) {
    files_.dir().write(version + "/tls.crt", issued.certificate);
    files_.dir().write(version + "/tls.key", issued.key);
  };
  put("..1", authority_.issue({"one.example"}));
  put("..2", authority_.issue({"two.example"}));
  fs::create_directory_symlink("..1", dir / "..data");
  for (const auto* name : {"tls.crt", "tls.key"}) {
    fs::remove(dir / name);
    fs::create_symlink(fs::path("..data") / name, dir / name);
  }
  auto source = source_of(io_, log_, files_.server());
  EXPECT_EQ(source->context().certificate()->subject, "/CN=one.example");
  fs::create_directory_symlink("..2", dir / "..new");
  fs::rename(dir / "..new", dir / "..data");
  EXPECT_TRUE(source->look(now_));
  EXPECT_EQ(source->context().certificate()->subject, "/CN=two.example");
}

TEST_F(SourceTest, HalfWrittenFilesStayOutUntilTheOtherHalfIsThere) {
  auto source = source_of(io_, log_, files_.server());
  const auto fresh = authority_.issue({"new.example"});
  files_.dir().write("tls.crt", fresh.certificate);
  EXPECT_FALSE(source->look(now_));
  EXPECT_THAT(source->troubles(now_), invalid("still in use"));
  EXPECT_EQ(source->context().certificate()->subject, "/CN=localhost");
  files_.dir().write("tls.key", fresh.key.substr(0, 100));
  EXPECT_FALSE(source->look(now_));
  files_.dir().write("tls.key", fresh.key);
  EXPECT_TRUE(source->look(now_));
  EXPECT_THAT(source->troubles(now_), IsEmpty());
}

TEST_F(SourceTest, FilesThatAreGoneChangeNothing) {
  auto source = source_of(io_, log_, files_.server());
  fs::remove(files_.files().certificate);
  EXPECT_FALSE(source->look(now_));
  EXPECT_THAT(source->troubles(now_), invalid("tls.crt"));
}

TEST_F(SourceTest, AnExpiredCertificateStaysOutAndOneOfTheFutureComesInWhenItsTimeHasCome) {
  auto source = source_of(io_, log_, files_.server());
  files_.put(authority_.issue({"expired.example"}, -2 * kDay, -kDay), {});
  EXPECT_FALSE(source->look(now_));
  EXPECT_THAT(source->troubles(now_), invalid("the new certificate ended on"));
  files_.put(authority_.issue({"future.example"}, kDay, 90 * kDay), {});
  EXPECT_FALSE(source->look(now_));
  EXPECT_THAT(source->troubles(now_), invalid("valid only from"));
  EXPECT_TRUE(source->look(now_ + kDay + 1));
  EXPECT_THAT(source->troubles(now_ + kDay + 1), IsEmpty());
}

TEST_F(SourceTest, AnExpiredCertificateIsServedAtTheStartAndSaid) {
  files_.put(authority_.issue({}, -2 * kDay, -kDay), {});
  auto source = source_of(io_, log_, files_.server());
  EXPECT_THAT(source->troubles(now_), ElementsAre(Field(&Trouble::reason, "CertificateExpires")));
  files_.put(authority_.issue({}, -kDay, 3 * kDay), {});
  EXPECT_TRUE(source->look(now_));
  EXPECT_THAT(source->troubles(now_), ElementsAre(Field(&Trouble::reason, "CertificateExpires")));
  files_.put(authority_.issue(), {});
  EXPECT_TRUE(source->look(now_));
  EXPECT_THAT(source->troubles(now_), IsEmpty());
}

}  // namespace
}  // namespace chat::io::tls
