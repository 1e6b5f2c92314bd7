#include "cli/test_init_alert.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string_view>

#include "cli/document.h"
#include "tocsin/base/text.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kCut = "…";
/// Of a text that is cut in an explanation about so much is left.
constexpr std::size_t kShownMax = 1024;

bool is_cut(const std::string& text) { return text.size() >= kShownMax && text.ends_with(kCut); }

const json::array& list_at(const json::value& from, std::string_view member) {
  static const json::array kNone;
  const auto* list = member_at(from, member).if_array();
  return list == nullptr ? kNone : *list;
}

/// The labels or annotations as sent. Where the explanation cuts a text the row has all of it,
/// unless a rule has set another.
std::string sent_set(const json::value& row, const json::value& explanation,
                     std::string_view member) {
  const json::value& shown = member_at(row, member);
  const json::value& sent = member_at(member_at(explanation, "alert"), member);
  const auto* members = (sent.is_object() ? sent : shown).if_object();
  std::string out = "{";
  if (members == nullptr) return out + "}";
  for (const auto& [name, ignored] : *members) {
    std::string text = text_at(*members, name);
    const std::string whole = text_at(shown, name);
    if (is_cut(text) && whole.starts_with(text.substr(0, text.size() - kCut.size()))) text = whole;
    if (out.size() > 1) out += ", ";
    out += yaml_scalar(std::string(name)) + ": " + yaml_scalar(text);
  }
  return out + "}";
}

/// What is expected of an alert: values, the names of groups such as `labels`, and who decided.
class Facts {
 public:
  explicit Facts(const json::value& explanation) : explanation_(explanation) {}

  std::string write() {
    const json::value& severity = member_at(explanation_, "severity");
    add("severity", text_at(severity, "severity"));
    for (const json::value& rule : list_at(explanation_, "rules")) {
      for (const json::value& claim : list_at(rule, "decides")) {
        if (text_at(claim, "wins") == "true") read_claim(rule, claim);
      }
    }
    read_labels();
    const json::value& service = member_at(explanation_, "service");
    add_or_none("service", text_at(service, "name"));
    add_or_none("team", team_);
    add_or_none("runbook", runbook_.empty() ? text_at(service, "runbook") : runbook_);
    const std::string correlation = text_at(member_at(explanation_, "correlation"), "rule");
    into(by_, "severity", text_at(severity, "name"));
    into(by_, "correlation", correlation.empty() ? "none" : correlation);
    add_group("labels", labels_);
    add_group("annotations", annotations_);
    add_group("by", by_);
    return out_;
  }

 private:
  void add(std::string_view name, const std::string& value) {
    if (value.empty() || is_cut(value)) return;
    out_ += ", " + std::string(name) + ": " + yaml_scalar(value);
  }
  void add_or_none(std::string_view name, const std::string& value) {
    add(name, value.empty() ? "none" : value);
  }
  void add_group(std::string_view name, const std::string& members) {
    if (!members.empty()) out_ += ", " + std::string(name) + ": {" + members + "}";
  }
  static void into(std::string& group, const std::string& name, const std::string& value) {
    if (value.empty() || is_cut(value) || is_cut(name)) return;
    if (!group.empty()) group += ", ";
    group += yaml_scalar(name) + ": " + yaml_scalar(value);
  }

  void read_claim(const json::value& rule, const json::value& claim) {
    constexpr std::string_view kAnnotations = "annotations.";
    const std::string what = text_at(claim, "what"), value = text_at(claim, "value");
    if (what == "runbook") runbook_ = value;
    if (what.starts_with(kAnnotations)) into(annotations_, what.substr(kAnnotations.size()), value);
    // A criterion may have raised what a rule decided.
    if (what != "severity") into(by_, what, text_at(rule, "name"));
  }

  void read_labels() {
    for (const json::value& label : list_at(explanation_, "labels")) {
      const std::string name = text_at(label, "name"), value = text_at(label, "value");
      if (name == "team") team_ = value;
      if (text_at(label, "from") == "rule") into(labels_, name, value);
    }
  }

  const json::value& explanation_;
  std::string out_, runbook_, team_, labels_, annotations_, by_;
};

Duration hold_of(const json::value& explanation) {
  for (const json::value& withheld : list_at(explanation, "suppression")) {
    if (text_at(withheld, "by") != "hold" || text_at(withheld, "applies") != "true") continue;
    return parse_duration(text_at(withheld, "for")).value_or(Duration(0));
  }
  return Duration(0);
}

}  // namespace

std::string yaml_scalar(const std::string& text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/';
  };
  const bool begins_well = !text.empty() && text[0] != '-' && text[0] != '.' && text[0] != '/';
  if (begins_well && std::ranges::all_of(text, is_plain)) return text;
  std::string out;
  append_json_string(text, out);
  return out;
}

ToldAlert told_alert(const json::value& row, const json::value& explanation) {
  ToldAlert out;
  out.labels = sent_set(row, explanation, "labels");
  const std::string annotations = sent_set(row, explanation, "annotations");
  if (annotations != "{}") out.sent_with += ", annotations: " + annotations;
  const std::string source = text_at(row, "source");
  if (!source.empty()) out.sent_with += ", source: " + yaml_scalar(source);
  const json::value& identity = member_at(row, "identity");
  if (text_at(identity, "by") == "sender_key") {
    out.sent_with += ", key: " + yaml_scalar(text_at(identity, "value"));
  }
  out.hold = hold_of(explanation);
  // Rules that came later would say something else than the ones the incident is made of.
  if (!explanation.is_object() || text_at(explanation, "rules_of") == "gone") {
    out.note =
        "the rules of that time are not kept any more, and what they decided is not expected";
  } else {
    out.facts = Facts(explanation).write();
    out.note = text_at(explanation, "note");
  }
  return out;
}

}  // namespace tocsin::cli
