#pragma once
#include "dataplane/base/result.hpp"
#include "dataplane/domain/conversation.hpp"
#include "dataplane/protocol/message_path.pb.h"

// Domain values to and from the protobuf of the message path. Pure; `from` refuses ids that are not 16 bytes.
namespace chat::protocol {

[[nodiscard]] std::string id_bytes(const base::Ulid& id);
[[nodiscard]] std::optional<base::Ulid> id_of(const std::string& bytes);

void to_pb(const domain::Message& message, pb::Message& out);
[[nodiscard]] base::Result<domain::Message> from_pb(const pb::Message& in);
void to_pb(const domain::Head& head, pb::Head& out);
[[nodiscard]] base::Result<domain::Head> from_pb(const pb::Head& in);
void to_pb(const domain::Draft& draft, pb::SendRequest& out);
[[nodiscard]] base::Result<domain::Draft> from_pb(const pb::SendRequest& in);
void to_pb(const base::Error& error, pb::Error& out);  // made fit for clients
[[nodiscard]] base::Error from_pb(const pb::Error& in);

}  // namespace chat::protocol
