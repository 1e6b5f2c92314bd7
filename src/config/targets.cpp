#include "config/targets.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace tocsin::config {
namespace {

constexpr std::string_view kChannel = "channel:";

/// Kinds of target that Tocsin has, but not this version.
bool is_other_kind(std::string_view target) {
  return target == "service" || target.starts_with("schedule:") || target.starts_with("team:") ||
         target.starts_with("user:");
}

std::optional<std::string> read_target(const Value& value,
                                       const std::vector<std::string>& channels) {
  const auto target = value.text();
  if (!target) return std::nullopt;
  if (is_other_kind(*target)) {
    value.error("the target " + in_quotes(*target) + " is not supported by this version of Tocsin",
                "it pages channels only: write channel:NAME");
    return std::nullopt;
  }
  if (!target->starts_with(kChannel)) {
    value.error(in_quotes(*target) + " is no target", "write channel:NAME");
    return std::nullopt;
  }
  std::string name = target->substr(kChannel.size());
  if (std::ranges::find(channels, name) != channels.end()) return name;
  const std::vector<std::string_view> names(channels.begin(), channels.end());
  value.error("nothing defines the channel " + in_quotes(name),
              did_you_mean(name, names, "add it to channels in tocsin.yaml"));
  return std::nullopt;
}

}  // namespace

std::vector<std::string> read_targets(const Value& list, const std::vector<std::string>& channels) {
  std::vector<std::string> out;
  for (const Value& element : list.list()) {
    auto name = read_target(element, channels);
    if (name && std::ranges::find(out, *name) == out.end()) out.push_back(std::move(*name));
  }
  return out;
}

std::vector<std::string> read_fallback_targets(const Value& list,
                                               const std::vector<std::string>& channels) {
  const bool is_empty =
      list.is(Node::Kind::empty) || (list.is(Node::Kind::list) && list.node().items.empty());
  if (is_empty) {
    list.error("a fallback that reaches nobody", "name a channel, or leave the key out");
    return {};
  }
  return read_targets(list, channels);
}

}  // namespace tocsin::config
