#include <ostream>

#include "operator/api/write.hpp"
#include "operator/cli/age.hpp"
#include "operator/cli/documents.hpp"
#include "operator/cli/table.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

std::string type_of(const api::ChatOperation& operation) {
  const auto index = static_cast<std::size_t>(operation.spec.type);
  return index < api::kOperationTypeNames.size() ? std::string(api::kOperationTypeNames[index]) : "?";
}

// A phase is what an operator says: none has, and nothing is said.
std::string phase_of(const ports::StoredOperation& stored) {
  if (stored.deleting) return "Deleting";
  if (!stored.seen) return "-";
  return std::string(api::kOperationPhaseNames[static_cast<std::size_t>(stored.operation.status.phase)]);
}

api::OrderedJson document(const ports::StoredOperation& stored) {
  return api::to_json(stored.operation, stored.seen ? api::Part::WithStatus : api::Part::SpecOnly);
}

int print(Session& session, const api::OrderedJson& value, Output output) {
  session.out << (output == Output::Json ? api::json_text(value) : api::to_yaml(value));
  return kDone;
}

int print_table(Session& session, const std::vector<ports::StoredOperation>& all, bool wide) {
  std::vector<std::string> head{"NAME", "TYPE", "CLUSTER", "PHASE", "PROGRESS", "AGE"};
  if (wide) head.emplace_back("MESSAGE");
  Table table(std::move(head));
  for (const auto& stored : all) {
    const auto& operation = stored.operation;
    std::vector<std::string> cells{operation.metadata.name,
                                   type_of(operation),
                                   operation.spec.cluster,
                                   phase_of(stored),
                                   stored.seen ? std::to_string(operation.status.progress) + "%" : "-",
                                   age(operation.metadata.creation_timestamp, session.now_milliseconds)};
    if (wide) cells.push_back(stored.seen ? operation.status.message : std::string(kNotRun));
    table.row(std::move(cells));
  }
  session.out << table.text();
  return kDone;
}

void conditions_and_steps(Session& session, const api::ChatOperationStatus& status) {
  for (const auto& line : status.plan) session.out << "  plan: " << line << "\n";
  Table steps({"STEP", "STATE", "ATTEMPTS", "STARTED", "MESSAGE"});
  for (const auto& step : status.steps)
    steps.row({step.name, std::string(api::kStepStateNames[static_cast<std::size_t>(step.state)]),
               std::to_string(step.attempts),
               step.started_at.empty() ? "-" : age(step.started_at, session.now_milliseconds) + " ago", step.message});
  if (!status.steps.empty()) session.out << "\n" << steps.text("  ");
  Table conditions({"TYPE", "STATUS", "SINCE", "REASON", "MESSAGE"});
  for (const auto& condition : status.conditions)
    conditions.row({condition.type, std::string(api::kConditionStatusNames[static_cast<std::size_t>(condition.status)]),
                    age(condition.last_transition_time, session.now_milliseconds), condition.reason,
                    condition.message});
  if (!status.conditions.empty()) session.out << "\n" << conditions.text("  ");
}

}  // namespace

int get_operations(Session& session, const GetOptions& options) {
  const bool as_document = options.output == Output::Json || options.output == Output::Yaml;
  if (!options.name.empty()) {
    auto stored = find_operation(session, options.name);
    if (!stored) return kFailed;
    if (as_document) return print(session, document(*stored), options.output);
    return print_table(session, {*stored}, options.output == Output::Wide);
  }
  auto listing = session.site.operations();
  if (!listing) return failed(session, listing.error());
  int code = kDone;
  for (const auto& error : listing->unreadable) code = failed(session, error);
  if (as_document) {
    api::OrderedJson list = {{"apiVersion", api::kApiVersion}, {"kind", "ChatOperationList"}};
    list["items"] = api::OrderedJson::array();
    for (const auto& stored : listing->items) list["items"].push_back(document(stored));
    print(session, list, options.output);
  } else if (!listing->items.empty()) {
    print_table(session, listing->items, options.output == Output::Wide);
  } else if (code == kDone) {
    session.err << "no ChatOperation in " << session.site.where() << std::endl;
  }
  return code;
}

int describe_operation(Session& session, const std::string& name) {
  auto stored = find_operation(session, name);
  if (!stored) return kFailed;
  const auto& operation = stored->operation;
  Table table;
  table.row({"Name:", operation.metadata.name});
  table.row({"Type:", type_of(operation)});
  table.row({"Cluster:", operation.spec.cluster});
  table.row({"Phase:", stored->seen ? phase_of(*stored) + ", " + std::to_string(operation.status.progress) + "%"
                                    : "none: " + std::string(kNotRun)});
  if (stored->deleting) table.row({"State:", "being deleted"});
  if (!operation.status.message.empty()) table.row({"Message:", operation.status.message});
  table.row({"Created:", operation.metadata.creation_timestamp + " (" +
                             age(operation.metadata.creation_timestamp, session.now_milliseconds) + " ago)"});
  table.row({"UID:", operation.metadata.uid});
  for (const auto& [key, value] : operation.metadata.labels) table.row({"Label:", key + "=" + value});
  table.row({"Where:", session.site.where()});
  session.out << table.text() << "\n" << painted(session, Colour::Bold, "Spec") << "\n";
  Table fields;
  const auto spec = api::to_json(operation, api::Part::SpecOnly)["spec"];
  for (const auto& [key, value] : spec.items()) {
    if (!value.is_object()) fields.row({key + ":", value.is_string() ? value.get<std::string>() : value.dump()});
    if (value.is_object())
      for (const auto& [inner, of_inner] : value.items())
        fields.row({key + "." + inner + ":", of_inner.is_string() ? of_inner.get<std::string>() : of_inner.dump()});
  }
  session.out << fields.text("  ");
  if (stored->seen) conditions_and_steps(session, operation.status);
  return kDone;
}

}  // namespace chatop::cli
