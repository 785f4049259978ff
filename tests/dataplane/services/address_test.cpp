#include "dataplane/services/address.hpp"

#include <gtest/gtest.h>

namespace chat::services {
namespace {

using Blocks = std::vector<std::string>;

Address ip(const std::string& text) { return boost::asio::ip::make_address(text); }

struct BlockRow {
  std::string address;
  std::string block;
  bool inside;
};

TEST(InBlocks, compares_by_prefix) {
  for (const auto& row : std::vector<BlockRow>{
           {"10.0.0.1", "10.0.0.1", true},
           {"10.0.0.2", "10.0.0.1", false},
           {"10.0.0.1", "10.0.0.1/32", true},
           {"10.1.2.3", "10.0.0.0/8", true},
           {"11.1.2.3", "10.0.0.0/8", false},
           {"192.168.1.127", "192.168.1.0/25", true},
           {"192.168.1.128", "192.168.1.0/25", false},
           {"1.2.3.4", "0.0.0.0/0", true},
           {"::ffff:10.1.2.3", "10.0.0.0/8", true},
           {"10.1.2.3", "::ffff:10.0.0.0", false},
           {"fd00::1", "fd00::/8", true},
           {"fe80::1", "fd00::/8", false},
           {"2001:db8::1", "2001:db8::/32", true},
           {"2001:db9::1", "2001:db8::/32", false},
           {"::1", "::1", true},
           {"1.2.3.4", "::/0", false},
           {"::1", "0.0.0.0/0", false},
           {"10.0.0.1", "10.0.0.1/33", false},
           {"10.0.0.1", "10.0.0.1/", false},
           {"10.0.0.1", "10.0.0.1/8x", false},
           {"10.0.0.1", "10.0.0.1/-1", false},
           {"10.0.0.1", "", false},
           {"10.0.0.1", "ten", false},
           {"10.0.0.1", "10.0.0", false},
       }) {
    EXPECT_EQ(in_blocks(ip(row.address), {row.block}), row.inside) << row.address << " in " << row.block;
  }
}

struct ForwardedRow {
  std::string peer;
  std::string forwarded;
  Blocks trusted;
  std::string client;
};

TEST(ClientAddress, believes_forwarded_addresses_only_from_trusted_proxies) {
  const Blocks proxies{"10.0.0.0/8", "fd00::/8"};
  for (const auto& row : std::vector<ForwardedRow>{
           {"1.2.3.4", "", {}, "1.2.3.4"},
           {"1.2.3.4", "9.9.9.9", {}, "1.2.3.4"},
           {"1.2.3.4", "9.9.9.9", proxies, "1.2.3.4"},
           {"10.0.0.1", "9.9.9.9", {}, "10.0.0.1"},
           {"10.0.0.1", "9.9.9.9", proxies, "9.9.9.9"},
           {"10.0.0.1", "", proxies, "10.0.0.1"},
           {"10.0.0.1", "8.8.8.8, 9.9.9.9", proxies, "9.9.9.9"},            // the left one was typed by the client
           {"10.0.0.1", "8.8.8.8, 9.9.9.9, 10.0.0.2", proxies, "9.9.9.9"},  // two proxies
           {"10.0.0.1", "10.0.0.3,10.0.0.2", proxies, "10.0.0.3"},          // nobody but proxies
           {"10.0.0.1", "9.9.9.9,", proxies, "10.0.0.1"},                   // unreadable: whom we know
           {"10.0.0.1", "9.9.9.9, unknown", proxies, "10.0.0.1"},
           {"10.0.0.1", "9.9.9.9, unknown, 10.0.0.2", proxies, "10.0.0.2"},
           {"10.0.0.1", "9.9.9.9:1234", proxies, "9.9.9.9"},
           {"10.0.0.1", "[2001:db8::1]:443", proxies, "2001:db8::1"},
           {"10.0.0.1", "[2001:db8::1", proxies, "10.0.0.1"},
           {"10.0.0.1", "2001:db8::1", proxies, "2001:db8::1"},
           {"fd00::1", " 9.9.9.9\t", proxies, "9.9.9.9"},
           {"::ffff:10.0.0.1", "9.9.9.9", proxies, "9.9.9.9"},
           {"::ffff:1.2.3.4", "9.9.9.9", proxies, "1.2.3.4"},
           {"10.0.0.1", "::ffff:9.9.9.9", proxies, "9.9.9.9"},
           {"10.0.0.1", "<script>", proxies, "10.0.0.1"},
       }) {
    EXPECT_EQ(client_address(ip(row.peer), row.forwarded, row.trusted).to_string(), row.client)
        << row.peer << " with " << row.forwarded;
  }
}

TEST(ClientAddress, a_long_chain_ends) {
  std::string chain = "9.9.9.9";
  for (int i = 0; i < 10'000; ++i) chain += ",10.0.0.1";
  EXPECT_EQ(client_address(ip("10.0.0.1"), chain, {"10.0.0.0/8"}).to_string(), "10.0.0.1");
}

TEST(LimitKey, one_household_is_one_key) {
  EXPECT_EQ(limit_key(ip("1.2.3.4")), "1.2.3.4");
  EXPECT_EQ(limit_key(ip("::ffff:1.2.3.4")), "1.2.3.4");
  EXPECT_EQ(limit_key(ip("2001:db8:1:2:3::1")), limit_key(ip("2001:db8:1:2:ffff::2")));
  EXPECT_NE(limit_key(ip("2001:db8:1:2::1")), limit_key(ip("2001:db8:1:3::1")));
}

}  // namespace
}  // namespace chat::services
