#include "dataplane/io/postgres/failure.hpp"

#include <algorithm>
#include <exception>

namespace chat::io::postgres {
namespace {

constexpr std::size_t kMostMessageBytes = 500;  // of a server's message, in ours

class PostgresCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "postgres"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::connect:
        return "not connected";
      case Errc::rejected:
        return "rejected by the server";
      case Errc::unique_violation:
        return "a unique key is there already";
      case Errc::unknown_outcome:
        return "the outcome is not known";
      case Errc::timeout:
        return "cancelled after its time";
      case Errc::shape:
        break;
    }
    return "the answer has an unexpected shape";
  }
};

// One line, without DETAIL and the like: those can hold what people wrote.
std::string first_line(std::string_view message) {
  message = message.substr(0, message.find('\n'));
  return std::string(message.substr(0, kMostMessageBytes));
}

base::Error sql_failure(const std::string& state, std::string_view message) {
  std::string text = first_line(message);
  if (!state.empty() && text.find(state) == std::string::npos) text += " (SQLSTATE " + state + ")";
  if (state == "23505") return {Errc::unique_violation, std::move(text)};
  if (state == "57014") return {Errc::timeout, std::move(text)};
  if (state == "40003" || state == "08007") return {Errc::unknown_outcome, std::move(text)};
  return {Errc::rejected, std::move(text)};
}

}  // namespace

std::error_code make_error_code(Errc code) {
  static const PostgresCategory category;
  return {static_cast<int>(code), category};
}

std::string one_line(std::string_view message) {
  std::string line(message.substr(0, kMostMessageBytes));
  std::replace(line.begin(), line.end(), '\n', ' ');
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.pop_back();
  return line;
}

base::Error current_failure() {
  try {
    throw;
  } catch (const pqxx::in_doubt_error& error) {
    return {Errc::unknown_outcome, one_line(error.what())};
  } catch (const pqxx::statement_completion_unknown& error) {
    return {Errc::unknown_outcome, one_line(error.what())};
  } catch (const pqxx::broken_connection& error) {
    return {Errc::unknown_outcome, one_line(error.what())};
  } catch (const pqxx::sql_error& error) {
    return sql_failure(error.sqlstate(), error.what());
  } catch (const pqxx::deadlock_detected& error) {
    return sql_failure("40P01", error.what());
  } catch (const pqxx::transaction_rollback& error) {
    return sql_failure("40001", error.what());
  } catch (const std::exception& error) {
    return {Errc::shape, one_line(error.what())};
  }
}

}  // namespace chat::io::postgres
