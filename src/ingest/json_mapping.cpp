#include "ingest/json_mapping.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "ingest/json_repair.h"
#include "ingest/label_sets.h"
#include "ingest/text_pairs.h"
#include "ingest/value_text.h"
#include "ingest/wording.h"
#include "tocsin/base/check.h"
#include "tocsin/base/text.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

/// Members that a message names where a pointer leads nowhere.
constexpr std::size_t kNamedMax = 8;

std::optional<element> child_of(element parent, const std::string& token) {
  object members;
  if (parent.get(members) == simdjson::SUCCESS) {
    std::optional<element> found;
    for (const auto [name, value] : members) {
      if (name == token) found = value;  // Of repeated ones the last.
    }
    return found;
  }
  array elements;
  if (parent.get(elements) != simdjson::SUCCESS || token.empty()) return std::nullopt;
  std::size_t index = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), index);
  if (read.ec != std::errc() || read.ptr != token.data() + token.size()) return std::nullopt;
  element found;
  return elements.at(index).get(found) == simdjson::SUCCESS ? std::optional(found) : std::nullopt;
}

/// "; there are /job, /status and /url" or what else stands there.
std::string what_stands(element here, const std::string& above) {
  object members;
  if (here.get(members) != simdjson::SUCCESS) {
    return "; at " + (above.empty() ? "the top" : above) + " stands " +
           std::string(type_name(here.type()));
  }
  std::string names;
  std::size_t count = 0;
  for (const auto [name, value] : members) {
    if (++count > kNamedMax) break;
    names += (names.empty() ? "" : ", ") + above + pointer_token(name);
  }
  if (names.empty()) return "; there is nothing at " + (above.empty() ? "the top" : above);
  return "; there are " + names + (count > kNamedMax ? ", …" : "");
}

/// What a pointer leads to; null counts as nothing.
std::optional<element> resolve(element from, const Pointer& pointer) {
  std::optional<element> here = from;
  for (const std::string& token : pointer.tokens) {
    if (here) here = child_of(*here, token);
  }
  return here && !here->is_null() ? here : std::nullopt;
}

/// "/job/name points at nothing; there are …", by the last place that exists.
std::string leads_nowhere(element from, const Pointer& pointer) {
  std::string above;
  for (const std::string& token : pointer.tokens) {
    const auto next = child_of(from, token);
    if (!next) break;
    above += pointer_token(token);
    if (next->is_null()) return pointer.text + " is null here";
    from = *next;
  }
  return pointer.text + " points at nothing" + what_stands(from, above);
}

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

class Reader {
 public:
  Reader(const SourceTerms& terms, Arena& arena)
      : map_(*terms.mapping), terms_(terms), arena_(arena) {}

  Decoded read(std::string_view below, array elements) {
    for (const element one : elements) {
      at_ = std::string(below) + "/" + std::to_string(index_);
      if (index_ >= terms_.limits.alerts) {
        refuse(RefusalReason::too_many, "",
               "more than " + std::to_string(terms_.limits.alerts) +
                   " alerts in one request; send them in several");
      } else {
        read_one(one);
      }
      ++index_;
    }
    return std::move(out_);
  }
  Decoded read(element whole) {
    read_one(whole);
    return std::move(out_);
  }

 private:
  bool refuse(RefusalReason reason, std::string_view below, std::string problem) {
    ++out_.refused_by[static_cast<std::size_t>(reason)];
    if (out_.refused.size() < kRefusedDescribedMax) {
      out_.refused.push_back({index_, at_ + std::string(below), std::move(problem), reason});
    }
    return false;
  }
  void remark(std::string problem) {
    if (out_.remarks.size() < kRefusedDescribedMax) {
      out_.remarks.push_back({index_, at_, std::move(problem)});
    }
  }

  /// "" where it leads nowhere, which is remarked under the mapping's own name for it.
  std::string text(element from, const Origin& origin, const std::string& name) {
    if (!origin.pointer) return origin.literal;
    if (const auto found = resolve(from, *origin.pointer)) return text_of(*found);
    remark("map." + name + ": " + leads_nowhere(from, *origin.pointer));
    return {};
  }

  void read_one(element from) {
    Report report;
    if (!read_phase(from, report.phase)) return;
    if (!read_labels(from, report)) return;
    TextPairs annotations;
    for (const auto& [name, origin] : map_.annotations) {
      annotations.set(name, text(from, origin, "annotations." + name));
    }
    report.annotations =
        within_limits(annotations.labels(), terms_.limits, arena_, report.truncated);
    report.starts_at = time(from, map_.starts_at, "starts_at");
    report.ends_at = time(from, map_.ends_at, "ends_at");
    if (map_.generator_url) {
      const std::string url = text(from, *map_.generator_url, "generator_url");
      report.generator_url = arena_.copy(cut_utf8(url, terms_.limits.label_value));
    }
    out_.reports.push_back(report);
  }

  bool read_phase(element from, Phase& phase) {
    phase = Phase::firing;
    if (!map_.status) return true;
    const auto found = resolve(from, map_.status->from);
    if (!found) {
      return refuse(RefusalReason::unmapped, "",
                    "map.status.from: " + leads_nowhere(from, map_.status->from) +
                        "; point it at what says whether the alert fires");
    }
    const std::string word = text_of(*found);
    if (has(map_.status->firing, word)) return true;
    phase = Phase::resolved;
    if (has(map_.status->resolved, word)) return true;
    return refuse(RefusalReason::unknown_status, map_.status->from.text,
                  "\"" + std::string(cut_utf8(word, 60)) + "\" is neither firing (" +
                      listed(map_.status->firing) + ") nor resolved (" +
                      listed(map_.status->resolved) + "); add it to one of the two in map.status");
  }

  bool read_labels(element from, Report& report) {
    TextPairs pairs;
    for (const auto& [name, origin] : map_.labels) {
      if (name != "alertname") {
        pairs.set(name, text(from, origin, "labels." + name));
        continue;
      }
      const auto found = origin.pointer ? resolve(from, *origin.pointer) : std::nullopt;
      const std::string value = found ? text_of(*found) : origin.literal;
      if (value.empty()) {
        const std::string why = !origin.pointer ? "an empty literal"
                                : found         ? origin.pointer->text + " is empty here"
                                                : leads_nowhere(from, *origin.pointer);
        return refuse(RefusalReason::unmapped, "",
                      "map.labels.alertname: " + why +
                          "; point it at the alert's name, or write a literal with = in front");
      }
      pairs.set(name, value);
    }
    const Labels labels = pairs.labels();
    identify(from, labels, report);
    report.labels = within_limits(labels, terms_.limits, arena_, report.truncated);
    return true;
  }

  void identify(element from, LabelsView labels, Report& report) {
    const std::string key = sender_key(from);
    if (key.empty()) {
      report.key =
          terms_.secret->key_of_labels(identity_of(labels, *terms_.identity_ignore).view());
      return;
    }
    report.identity_by = IdentityBy::sender_key;
    report.sender_key = arena_.copy(key);
    report.key = terms_.secret->key_of_sender(terms_.source, key);
  }

  /// One value as it is, several as a JSON array, so that no two lists of values look alike. "" if
  /// there is none, or if one was not expanded by the sender.
  std::string sender_key(element from) {
    if (map_.identity.empty()) return {};
    std::string list = "[";
    std::string only;
    bool any = false;
    for (const Origin& origin : map_.identity) {
      only = text(from, origin, "identity");
      if (is_placeholder(only)) {
        remark("map.identity: \"" + std::string(cut_utf8(only, 60)) +
               "\" was not expanded by its sender; the labels are the identity instead");
        return {};
      }
      any = any || !only.empty();
      if (list.size() > 1) list += ',';
      if (only.empty()) {
        list += "null";
      } else {
        append_json_string(only, list);
      }
    }
    if (!any) {
      remark("map.identity: nothing of it is in this alert; the labels are the identity instead");
      return {};
    }
    return map_.identity.size() == 1 ? only : list + "]";
  }

  std::optional<Instant> time(element from, const std::optional<Origin>& origin,
                              const std::string& name) {
    if (!origin) return std::nullopt;
    const std::string value = text(from, *origin, name);
    if (is_unset_time(value)) return std::nullopt;
    const auto instant = parse_any_time(value);
    if (!instant) {
      remark("map." + name + ": \"" + std::string(cut_utf8(value, 60)) +
             "\" is no time; RFC 3339 and seconds or milliseconds since 1970 are");
    }
    return instant;
  }

  const Mapping& map_;
  const SourceTerms& terms_;
  Arena& arena_;
  std::string at_;
  std::size_t index_ = 0;
  Decoded out_;
};

}  // namespace

std::expected<Decoded, BodyError> read_by_mapping(element root, const SourceTerms& terms,
                                                  Arena& arena) {
  CHECK(terms.mapping != nullptr);
  const Mapping& map = *terms.mapping;
  Reader reader(terms, arena);
  array elements;
  if (map.each) {
    const auto found = resolve(root, *map.each);
    if (!found) {
      BodyError error;
      error.at = map.each->text;
      error.problem = "map.each: " + leads_nowhere(root, *map.each) +
                      "; point it at the array of alerts, or leave it out";
      error.reason = "unmapped";
      return std::unexpected(std::move(error));
    }
    if (found->get(elements) != simdjson::SUCCESS) {
      return wrong_body(map.each->text, found,
                        "map.each should point at an array of alerts; point it at one, or leave "
                        "it out",
                        "not_an_array");
    }
    return reader.read(map.each->text, elements);
  }
  if (root.get(elements) == simdjson::SUCCESS) return reader.read("", elements);
  return reader.read(root);
}

}  // namespace tocsin::ingest
