#include "dataplane/adapters/postgres_errors.hpp"

#include <gtest/gtest.h>

#include "dataplane/io/postgres/connection.hpp"

namespace chat::adapters {
namespace {

using io::postgres::Errc;

TEST(PostgresErrors, AFullDiskPassesAndABadStatementDoesNot) {
  const base::Error full{Errc::rejected, "ERROR:  53100: could not extend file \"base/1/2\": No space left on device"};
  const base::Error no_memory{Errc::rejected, "out of memory (SQLSTATE 53200)"};
  const base::Error no_connection{Errc::rejected, "ERROR:  53300: too many connections"};
  const base::Error wrong{Errc::rejected, "ERROR:  22021: invalid byte sequence"};
  EXPECT_TRUE(no_room(full) && passing(full));
  EXPECT_TRUE(no_room(no_memory) && passing(no_memory));
  EXPECT_TRUE(!no_room(no_connection) && passing(no_connection));
  EXPECT_FALSE(no_room(wrong) || passing(wrong));
  EXPECT_FALSE(passing({Errc::unknown_outcome, "53100"}));
}

}  // namespace
}  // namespace chat::adapters
