#pragma once
#include <functional>
#include <string>
#include <vector>

#include "dataplane/io/redis/client.hpp"

namespace chat::io::redis {

// A Lua script that the server keeps: it is named by its digest, and its text is sent where the server does not have it
// (yet, or any more). Scripts that were asked for one after the other run in that order, also then.
class Script {
 public:
  explicit Script(std::string text);
  [[nodiscard]] base::Task<base::Result<Reply>> run(Client& client, std::vector<std::string> keys,
                                                    std::vector<std::string> arguments) const;
  // Without a coroutine, for whoever does not need the answer.
  void begin(Client& client, std::vector<std::string> keys, std::vector<std::string> arguments) const;

 private:
  std::string text_;
  std::string digest_;
};

}  // namespace chat::io::redis
