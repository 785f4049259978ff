#pragma once
#include "operator/plan/context.hpp"

// The parts of one decision, in the order they are asked. Each adds acts to the context; none knows of the others.
namespace chatop::plan {

void bring_up(Context& context);          // prepare and start what should be there; shards get their schema and buckets
void end_hung_daemons(Context& context);  // alive, and silent for too long
void roll_out(Context& context);          // restart, one at a time, what runs with an old configuration
void scale_in(Context& context);          // drain and end what should not be there any more
void publish_map(Context& context);       // remember what changed; push it to who runs an older map
bool tear_down(Context& context);         // true: nothing runs any more
[[nodiscard]] api::ChatClusterStatus make_status(const Context& context, const std::vector<std::string>& not_served);
[[nodiscard]] std::vector<api::Condition> make_conditions(const Context& context,
                                                          const std::vector<std::string>& not_served);

}  // namespace chatop::plan
