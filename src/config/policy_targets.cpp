#include <algorithm>
#include <optional>
#include <utility>

#include "config/policy_reader.h"
#include "config/targets.h"

namespace tocsin::config {
namespace {

struct Prefix {
  std::string_view text;
  Target::Kind kind;
};
constexpr Prefix kPrefixes[] = {
    {"channel:", Target::Kind::channel},
    {"schedule:", Target::Kind::schedule},
    {"team:", Target::Kind::team},
    {"user:", Target::Kind::user},
};

/// `chanel:x` may mean `channel:x`.
std::string cure_for(const std::string& text) {
  std::string cure = "write channel:NAME, schedule:NAME, team:NAME, user:NAME or service";
  const std::size_t colon = text.find(':');
  const std::string word = text.substr(0, colon);
  if (colon == std::string::npos) return did_you_mean(word, {"service"}, std::move(cure));
  const std::string_view near = nearest(word, {"channel", "schedule", "team", "user"});
  if (near.empty()) return cure;
  return "did you mean " + in_quotes(std::string(near) + text.substr(colon)) + "?";
}

std::optional<Target> parse_target(const Value& value, const std::string& text) {
  if (text == "service") return Target{Target::Kind::service, ""};
  for (const Prefix& prefix : kPrefixes) {
    if (!text.starts_with(prefix.text)) continue;
    if (text.size() > prefix.text.size()) {
      return Target{prefix.kind, text.substr(prefix.text.size())};
    }
    value.error("a name is missing behind " + in_quotes(text), "write " + text + "NAME");
    return std::nullopt;
  }
  value.error(in_quotes(text) + " is no target", cure_for(text));
  return std::nullopt;
}

/// False if the target is a mistake; a name that a later file may define is looked up later.
bool use_target(const Value& value, const Target& target, PolicyDraft& draft) {
  switch (target.kind) {
    case Target::Kind::channel:
      return check_channel(value, target.name, draft.policy.channels);
    case Target::Kind::user:
      draft.users_used.push_back({target.name, value.path(), value.at()});
      return true;
    case Target::Kind::team:
      draft.teams_used.push_back({target.name, value.path(), value.at()});
      return true;
    case Target::Kind::schedule:
      draft.schedules_used.push_back({target.name, value.path(), value.at()});
      return true;
    case Target::Kind::service:
      return true;
  }
  return false;
}

}  // namespace

std::vector<Target> read_targets(const Value& list, PolicyDraft& draft) {
  std::vector<Target> out;
  for (const Value& element : list.list()) {
    const auto text = element.text();
    if (!text) continue;
    auto target = parse_target(element, *text);
    if (target && use_target(element, *target, draft)) out.push_back(std::move(*target));
  }
  return out;
}

std::vector<std::string> read_page(const Value& list, PolicyDraft& draft) {
  std::vector<Target> targets = read_targets(list, draft);
  std::vector<std::string> channels;
  bool is_whole = true;
  for (const Target& target : targets) {
    if (target.kind != Target::Kind::channel) {
      is_whole = false;
    } else if (std::ranges::find(channels, target.name) == channels.end()) {
      channels.push_back(target.name);
    }
  }
  if (!is_whole && !channels.empty()) {
    draft.report.note("targets", list.at(),
                      list.path() +
                          ": only the channels among these targets are paged in this "
                          "version of Tocsin; the others are checked");
  }
  if (!targets.empty()) draft.pages.push_back({list.path(), list.at(), std::move(targets)});
  return channels;
}

}  // namespace tocsin::config
