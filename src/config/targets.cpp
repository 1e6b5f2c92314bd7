#include "config/targets.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace tocsin::config {
namespace {

constexpr std::string_view kChannel = "channel:";

/// Kinds of target that escalations have, and that need the store to know who is meant.
bool is_other_kind(std::string_view target) {
  return target == "service" || target.starts_with("schedule:") || target.starts_with("team:") ||
         target.starts_with("user:");
}

std::optional<std::string> read_target(const Value& value,
                                       const std::vector<std::string>& channels) {
  const auto target = value.text();
  if (!target) return std::nullopt;
  if (is_other_kind(*target)) {
    value.error("the target " + in_quotes(*target) + " is none for the fallback of tocsin.yaml",
                "it pages channels only: write channel:NAME");
    return std::nullopt;
  }
  if (!target->starts_with(kChannel)) {
    value.error(in_quotes(*target) + " is no target", "write channel:NAME");
    return std::nullopt;
  }
  std::string name = target->substr(kChannel.size());
  if (check_channel(value, name, channels)) return name;
  return std::nullopt;
}

}  // namespace

bool check_channel(const Value& value, const std::string& name,
                   const std::vector<std::string>& channels) {
  if (std::ranges::find(channels, name) != channels.end()) return true;
  const std::vector<std::string_view> names(channels.begin(), channels.end());
  value.error("nothing defines the channel " + in_quotes(name),
              did_you_mean(name, names, "add it to channels in tocsin.yaml"));
  return false;
}

std::vector<std::string> read_fallback_targets(const Value& list,
                                               const std::vector<std::string>& channels) {
  const bool is_empty =
      list.is(Node::Kind::empty) || (list.is(Node::Kind::list) && list.node().items.empty());
  if (is_empty) {
    list.error("a fallback that reaches nobody", "name a channel, or leave the key out");
    return {};
  }
  std::vector<std::string> out;
  for (const Value& element : list.list()) {
    auto name = read_target(element, channels);
    if (name && std::ranges::find(out, *name) == out.end()) out.push_back(std::move(*name));
  }
  return out;
}

}  // namespace tocsin::config
