#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/document.h"
#include "cli/explain.h"
#include "cli/table.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

const json::array& list_at(const json::value& from, std::string_view member) {
  static const json::array kNone;
  const auto* list = member_at(from, member).if_array();
  return list == nullptr ? kNone : *list;
}

bool is_true(const json::value& from, std::string_view member) {
  return text_at(from, member) == "true";
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

/// Columns would not fit otherwise; JSON has more of it.
std::string shortened(const std::string& text) {
  constexpr std::size_t kBytesMax = 100;
  if (text.size() <= kBytesMax) return text;
  std::size_t end = kBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

/// `a="b", c="d"`
std::string labels_text(const json::value& labels) {
  std::string out;
  if (const auto* object = labels.if_object()) {
    for (const auto& [name, value] : *object) {
      if (!out.empty()) out += ", ";
      out.append(name.data(), name.size()).append("=");
      out += quoted(shortened(text_at(*object, std::string_view(name.data(), name.size()))));
    }
  }
  return out;
}

std::string names_text(const json::array& names) {
  std::string out;
  for (const json::value& name : names) {
    const auto* text = name.if_string();
    if (text == nullptr) continue;
    if (!out.empty()) out += ", ";
    out.append(text->data(), text->size());
  }
  return out;
}

/// "page-critical (rules/page.yaml:3)"
std::string by_text(const json::value& by, std::string_view name = "name") {
  const std::string at = text_at(by, "at");
  return text_at(by, name) + (at.empty() ? "" : " (" + at + ")");
}

Tone tone_of(std::string_view severity) {
  if (severity == "SEV-1" || severity == "SEV-2") return Tone::bad;
  return severity == "SEV-3" ? Tone::warning : Tone::plain;
}

/// One explanation, section by section.
class Page {
 public:
  Page(const json::value& from, Terminal& terminal) : from_(from), terminal_(terminal) {}

  void print() {
    print_head();
    print_identity();
    print_rules();
    print_near();
    print_labels();
    print_severity();
    print_correlation();
    print_suppression();
    print_escalation();
  }

 private:
  using Rows = std::vector<std::vector<Cell>>;

  void title(const char* name) {
    terminal_.out << painted(name, Tone::strong, terminal_.colour) << '\n';
  }
  void line(std::string_view text) { terminal_.out << "  " << printable(text) << '\n'; }
  void rows(const Rows& rows, std::string_view indent = "  ") {
    std::size_t columns = 0;
    for (const auto& row : rows) columns = std::max(columns, row.size());
    Table table{std::vector<std::string>(columns)};
    for (const auto& row : rows) table.add(row);
    table.print(terminal_.out, terminal_.colour, indent);
  }

  void print_head() {
    const json::value& alert = member_at(from_, "alert");
    const std::string severity = text_at(member_at(from_, "severity"), "severity");
    std::string name = text_at(member_at(alert, "labels"), "alertname");
    if (name.empty()) name = "an alert without a name";
    const std::string service = text_at(member_at(from_, "service"), "name");
    if (!service.empty()) name += " on " + service;
    terminal_.out << painted(printable(name), Tone::strong, terminal_.colour) << "  "
                  << painted(severity, tone_of(severity), terminal_.colour) << '\n';
    print_stored(alert);
    const std::string note = text_at(from_, "note");
    if (!note.empty()) {
      terminal_.out << "  " << painted(printable(note), Tone::warning, terminal_.colour) << '\n';
    }
  }

  void print_stored(const json::value& alert) {
    const std::string id = text_at(alert, "id");
    if (id.empty()) return;
    std::string text = "alert " + id + ", " + text_at(alert, "state");
    const std::string incident = text_at(alert, "incident");
    text += incident.empty() ? ", in no incident" : ", in " + incident;
    text += "; at worst " + text_at(alert, "severity");
    line(text);
    const std::string of = text_at(from_, "rules_of");
    line(
        of == "then" ? "explained with the rules that decided about it, which have changed since"
        : of == "gone"
            ? "explained with the rules in force: those that decided about it are not kept any more"
            : "explained with the rules in force, which decided about it");
    if (of != "gone" && text_at(from_, "note").empty()) return;
    const std::string kept = labels_text(member_at(from_, "kept"));
    line(kept.empty() ? "when it fired, nothing was decided about it"
                      : "when it fired, it was decided: " + kept);
  }

  void print_identity() {
    const json::value& identity = member_at(from_, "identity");
    title("identity");
    Rows out;
    if (text_at(identity, "by") == "sender_key") {
      out.push_back({{"its sender's key"}, {quoted(text_at(identity, "key"))}});
      out.push_back({{"of the source"}, {text_at(identity, "source")}});
    } else {
      out.push_back({{"its labels"}, {labels_text(member_at(identity, "labels"))}});
      const json::array& ignored = list_at(identity, "ignored");
      if (!ignored.empty()) {
        out.push_back({{"left out"}, {names_text(ignored) + " (identity_ignore)"}});
      }
    }
    out.push_back({{"fingerprint"}, {text_at(identity, "fingerprint")}});
    rows(out);
  }

  static std::string outcome(const json::value& rule, const json::value& claim) {
    const json::value& lost_to = member_at(claim, "lost_to");
    if (!lost_to.is_null() && text_at(lost_to, "at") == text_at(rule, "at")) {
      return "set." + text_at(claim, "what").substr(std::string_view("labels.").size()) +
             " of this rule stands over it";
    }
    if (!lost_to.is_null()) return "lost to " + by_text(lost_to);
    if (!is_true(claim, "wins")) return "yields nothing: no decision";
    return "";
  }

  void print_rules() {
    title("rules");
    const json::array& held = list_at(from_, "rules");
    if (held.empty())
      line(text_at(from_, "rules_of") == "gone" ? "not known any more" : "none holds");
    for (const json::value& rule : held) {
      rows({{{text_at(rule, "name"), Tone::strong},
             {text_at(rule, "at")},
             {text_at(rule, "when")}}});
      Rows claims;
      for (const json::value& claim : list_at(rule, "decides")) {
        const std::string written = text_at(claim, "written");
        const std::string value = text_at(claim, "value"), shown = shortened(value);
        const bool wins = is_true(claim, "wins");
        claims.push_back({{text_at(claim, "what")},
                          {value.empty() ? "-" : shown, wins ? Tone::plain : Tone::faint},
                          {written == value ? "" : "from " + quoted(written), Tone::faint},
                          {outcome(rule, claim), Tone::faint}});
      }
      rows(claims, "    ");
    }
    const std::string omitted = text_at(from_, "rules_omitted");
    if (!omitted.empty() && omitted != "0") line("and " + omitted + " more that hold");
  }

  static std::string needs(const json::value& failing) {
    if (text_at(failing, "matcher") == "never") return "never holds";
    const std::string has = text_at(failing, "has");
    const std::string is = has.empty() ? "missing" : quoted(shortened(has));
    if (is_true(failing, "must_not_hold")) {
      return "must not be " + text_at(failing, "matcher") + "; it is " + is;
    }
    return "needs " + text_at(failing, "matcher") + "; it is " + is;
  }

  void print_near() {
    const json::array& near = list_at(from_, "near");
    if (near.empty()) return;
    title("nearly");
    Rows out;
    for (const json::value& rule : near) {
      const json::array& failing = list_at(rule, "failing");
      const std::string kind = text_at(rule, "kind");
      std::vector<Cell> row = {{text_at(rule, "name"), Tone::strong},
                               {text_at(rule, "at")},
                               {kind == "triage" ? "rule" : kind},
                               {failing.empty() ? "never holds" : needs(failing[0])}};
      const std::string count = text_at(rule, "failing_count");
      if (count != "1") row.push_back({"first of " + count, Tone::faint});
      out.push_back(std::move(row));
    }
    rows(out);
  }

  void print_labels() {
    title("labels after rules");
    Rows out;
    for (const json::value& label : list_at(from_, "labels")) {
      const std::string from = text_at(label, "from");
      const json::value& by = member_at(label, "by");
      std::string origin = from;
      if (from == "rule") origin = by.is_null() ? "a former rule" : by_text(by);
      if (from == "service") origin = "service " + by_text(by);
      const std::string sent = text_at(label, "sent");
      if (!sent.empty()) origin += ", over the sent " + quoted(shortened(sent));
      out.push_back(
          {{text_at(label, "name")}, {shortened(text_at(label, "value"))}, {origin, Tone::faint}});
    }
    rows(out);
    const json::value& service = member_at(from_, "service");
    if (!service.is_null() && text_at(service, "at").empty()) {
      line("no file defines the service " + quoted(text_at(service, "name")));
    }
    const std::string runbook = text_at(service, "runbook");
    if (!runbook.empty()) line("runbook " + runbook);
  }

  static std::string reason(const json::value& severity, const std::string& label,
                            const std::string& word) {
    const std::string by = text_at(severity, "by");
    const std::string name = by_text(severity);
    const std::string said = label + "=" + quoted(word);
    if (by == "map") return "the map's " + name + " for " + said;
    if (by == "rule") return "the rule " + name;
    if (by == "criterion") return "the criterion " + name;
    if (by == "tocsin") return "one of Tocsin's own alarms: no rule decides about it";
    if (by == "unknown_word") return "the " + name + ": the map does not know " + said;
    return "the " + name + ": the alert has no " + label;
  }

  void print_severity() {
    const json::value& severity = member_at(from_, "severity");
    const std::string label = text_at(severity, "label");
    const std::string word = text_at(severity, "word");
    title("severity");
    Rows out;
    const std::string level = text_at(severity, "severity");
    out.push_back({{level, tone_of(level)}, {reason(severity, label, word)}});
    const json::value& before = member_at(severity, "before");
    if (!before.is_null()) {
      out.push_back({{text_at(before, "severity"), Tone::faint},
                     {"before: " + reason(before, label, word), Tone::faint}});
    }
    for (const json::value& criterion : list_at(severity, "criteria")) {
      if (is_true(criterion, "decides")) continue;
      out.push_back({{text_at(criterion, "severity"), Tone::faint},
                     {"the criterion " + by_text(criterion) + " holds, too", Tone::faint}});
    }
    rows(out);
  }

  void print_correlation() {
    const json::value& correlation = member_at(from_, "correlation");
    title("correlation");
    for (const json::value& rule : list_at(correlation, "without_labels")) {
      line(by_text(rule) + " holds, but the alert has none of: " + names_text(list_at(rule, "by")));
    }
    if (member_at(correlation, "rule").is_null()) {
      line("no rule: the alert stands for itself");
    } else {
      line(by_text(correlation, "rule") + " by " + labels_text(member_at(correlation, "by")));
      line("joined by what comes within " + text_at(correlation, "window") +
           " of the last, for at most " + text_at(correlation, "max_age"));
    }
    if (!is_true(correlation, "knows_incidents")) return;
    const std::string joins = text_at(correlation, "joins");
    line(joins.empty() ? "fired now, it would open an incident"
                       : "fired now, it would join " + joins);
  }

  void print_suppression() {
    title("suppression");
    const json::array& withheld = list_at(from_, "suppression");
    if (withheld.empty()) line("none");
    for (const json::value& one : withheld) {
      const std::string by = text_at(one, "by");
      const std::string rule = by_text(member_at(one, "rule"));
      if (by == "drop") line("dropped by " + rule + ": it opens nothing and pages nobody");
      if (by == "severity") line("its severity is none: it opens nothing and pages nobody");
      if (by != "hold") continue;
      if (is_true(one, "applies") && is_true(from_, "opens")) {
        line("held for " + text_at(one, "for") + " by " + rule +
             ": it counts if it still fires then");
      } else {
        line(rule + " would hold it for " + text_at(one, "for") +
             (is_true(one, "applies") ? ", too" : ", but a SEV-1 never waits"));
      }
    }
  }

  static std::string chosen(const json::value& escalation) {
    const std::string from = text_at(escalation, "from");
    const json::value& by = member_at(escalation, "by");
    if (from == "rule")
      return by.is_null() ? ", chosen by a former rule" : ", chosen by the rule " + by_text(by);
    if (from == "service") return ", of the service " + by_text(by);
    if (from == "team") return ", of the team " + by_text(by);
    return ", since neither a rule, the service nor the team has one";
  }

  bool is_held() const {
    const json::array& withheld = list_at(from_, "suppression");
    return std::ranges::any_of(withheld, [](const json::value& one) {
      return text_at(one, "by") == "hold" && is_true(one, "applies");
    });
  }

  void print_escalation() {
    const json::value& escalation = member_at(from_, "escalation");
    if (escalation.is_null()) return;
    title(is_held() ? "escalation, when the hold is over" : "escalation");
    const std::string at = text_at(escalation, "at");
    line(text_at(escalation, "name") + (at.empty() ? " (built in)" : " (" + at + ")") +
         chosen(escalation));
    Rows out;
    for (const json::value& step : list_at(escalation, "steps")) {
      const std::string after = text_at(step, "after");
      const json::array& channels = list_at(step, "channels");
      out.push_back({{after == "0s" ? "at once" : "after " + after},
                     {channels.empty() ? "nobody: passed over" : "pages " + names_text(channels)}});
    }
    const std::string rounds = text_at(escalation, "rounds");
    if (rounds != "1" && rounds != "0") {
      out.push_back({{"after " + text_at(escalation, "round")},
                     {"the same again, " + rounds + " rounds in all"}});
    }
    const std::string end = text_at(escalation, "fallback_after");
    out.push_back({{end == "0s" ? "at once" : "after " + end},
                   {"the fallback " + names_text(list_at(escalation, "fallback")) +
                    ", if nobody has answered"}});
    const std::string again = text_at(escalation, "again_after");
    if (!again.empty()) out.push_back({{"then"}, {"from the first step again after " + again}});
    rows(out);
  }

  const json::value& from_;
  Terminal& terminal_;
};

}  // namespace

void print_explanations(const json::value& document, Terminal& terminal) {
  const json::array& all = list_at(document, "explanations");
  for (const json::value& one : all) {
    if (&one != &all.front()) terminal.out << '\n';
    Page(one, terminal).print();
  }
  if (all.empty()) terminal.out << "no alerts\n";
  const std::string omitted = text_at(document, "omitted");
  if (!omitted.empty() && omitted != "0") {
    terminal.out << "\nand " << omitted << " more alerts, which are not explained here\n";
  }
}

}  // namespace tocsin::cli
