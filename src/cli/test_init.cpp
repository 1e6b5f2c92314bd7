#include "cli/test_init.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "cli/document.h"
#include "cli/incident.h"
#include "tocsin/base/text.h"
#include "tocsin/base/time.h"
#include "tocsin/config/test_cases.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

/// As short as YAML allows: the reader takes everything for text.
std::string scalar(const std::string& text) {
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

std::string label_set(const json::value& labels) {
  std::string out = "{";
  if (const auto* members = labels.if_object()) {
    for (const auto& [name, value] : *members) {
      if (out.size() > 1) out += ", ";
      out += scalar(std::string(name)) + ": " + scalar(text_at(labels, name));
    }
  }
  return out + "}";
}

/// How far the clocks of alerts and of the timeline may lie apart.
constexpr Duration kLate{5};

/// One line of the case. Of equal times, what comes first here comes first there.
struct Line {
  Duration when{};
  std::string text;
};

struct Alert {
  const json::value* row = nullptr;
  Duration fired{};
  std::optional<Duration> ended;
};

/// Reads the document into steps and expectations. Times count from when the incident opened.
class CaseWriter {
 public:
  explicit CaseWriter(const json::value& document) : document_(document) {}

  std::expected<std::string, Problem> write() {
    const auto opened = parse_rfc3339(text_at(document_, "detected_at"));
    const auto* alerts = member_at(document_, "alerts").if_array();
    const auto* timeline = member_at(document_, "timeline").if_array();
    if (!opened || alerts == nullptr || timeline == nullptr) {
      return std::unexpected(
          Problem{"the daemon's answer is no incident", "ask it for the incident"});
    }
    opened_ = *opened;
    for (const json::value& row : *alerts) read_alert(row);
    // Both lists come newest first.
    std::ranges::reverse(alerts_);
    for (auto it = timeline->rbegin(); it != timeline->rend(); ++it) read_entry(*it);
    if (alerts_.empty()) {
      return std::unexpected(Problem{"the incident has no alerts", "a case needs one that fires"});
    }
    settle_ends();
    add_first_firing();
    add_alerts();
    keep_what_is_seen();
    expect_the_end();
    if (steps_.size() > config::kTestStepsMax || end_ > config::kTestTimeMax) {
      return std::unexpected(Problem{"the incident is too large for a case",
                                     "a case has at most 1,000 steps and lasts at most 31d"});
    }
    return text();
  }

 private:
  std::optional<Duration> moment(const json::value& from, std::string_view member) const {
    const auto at = parse_rfc3339(text_at(from, member));
    if (!at) return std::nullopt;
    return std::max(*at - opened_, Duration(0));
  }

  void step(Duration when, std::string text) {
    steps_.push_back({when, std::move(text)});
    end_ = std::max(end_, when);
  }
  void expect(Duration when, std::string text) {
    expectations_.push_back({when, std::move(text)});
    end_ = std::max(end_, when);
  }
  /// Of what came by itself: in a case it comes at once, in a busy daemon some milliseconds later.
  void expect_soon(Duration when, std::string text) {
    soon_.push_back({when, std::move(text)});
    end_ = std::max(end_, when);
  }
  /// Where somebody acted meanwhile it cannot be seen any more.
  void keep_what_is_seen() {
    for (Line& line : soon_) {
      const Duration seen = std::chrono::ceil<seconds>(line.when + kLate);
      const bool is_seen = std::ranges::none_of(steps_, [&](const Line& step) {
        return step.when > line.when + kLate && step.when <= seen;
      });
      if (is_seen) expect(seen, std::move(line.text));
    }
  }

  void read_alert(const json::value& row) {
    Alert alert{&row, moment(row, "received_at").value_or(Duration(0)), std::nullopt};
    if (text_at(row, "state") == "resolved") alert.ended = moment(row, "ends_at");
    alerts_.push_back(alert);
  }

  void read_entry(const json::value& entry) {
    const Duration when = moment(entry, "at").value_or(Duration(0));
    const std::string kind = text_at(entry, "kind"), actor = text_at(entry, "actor");
    const std::string detail = text_at(entry, "detail");
    if (kind == "paged") ++pages_;
    if (kind == "page_failed") has_failures_ = true;
    if (kind == "relapsed" || kind == "reopened") has_returned_ = true;
    if (kind == "severity_raised") {
      const std::string arrow = " → ";
      const auto from = detail.find(arrow);
      const auto to = detail.substr(from == detail.npos ? 0 : from + arrow.size());
      expect_soon(when, "incident: INC-1, severity: " + to.substr(0, to.find(',')));
    }
    if (kind == "recovering" && actor == "tocsin") cleared_.push_back(when);
    if (actor == "tocsin" || actor.empty()) return read_timer(when, kind);
    read_action(when, kind, actor, detail);
  }

  void read_timer(Duration when, const std::string& kind) {
    if (kind == "resolved" || kind == "closed") {
      expect_soon(when, "incident: INC-1, state: " + kind);
    } else if (kind == "unacknowledged") {
      expect_soon(when, "incident: INC-1, state: triggered");
    }
  }

  void read_action(Duration when, const std::string& kind, const std::string& actor,
                   const std::string& detail) {
    const std::string by = ": INC-1, by: " + scalar(actor);
    if (kind == "note") return step(when, "note" + by + ", text: " + scalar(detail));
    struct Verb {
      std::string_view kind, verb, state;
    };
    constexpr Verb kVerbs[] = {{"acknowledged", "ack", "acknowledged"},
                               {"unacknowledged", "unack", "triggered"},
                               {"recovering", "resolve", "recovering"},
                               {"reopened", "reopen", "triggered"}};
    const auto verb = std::ranges::find(kVerbs, std::string_view(kind), &Verb::kind);
    if (verb == std::end(kVerbs)) return;
    step(when, std::string(verb->verb) + by);
    expect(when, "incident: INC-1, state: " + std::string(verb->state));
  }

  /// `ends_at` may be the sender's time. When the last alert cleared we know from the timeline.
  void settle_ends() {
    const auto last = std::ranges::max_element(alerts_, {}, &Alert::ended);
    for (Alert& alert : alerts_) {
      if (!alert.ended) continue;
      if (!cleared_.empty()) alert.ended = std::min(*alert.ended, cleared_.back());
      alert.ended = std::max(*alert.ended, alert.fired);
    }
    if (last->ended && !cleared_.empty() && cleared_.back() >= last->fired) {
      last->ended = cleared_.back();
    }
  }

  /// Of an alert that fired several times the daemon shows the last; something opened the incident.
  void add_first_firing() {
    const bool is_there = std::ranges::any_of(
        alerts_, [](const Alert& alert) { return alert.fired < Duration(seconds(1)); });
    if (is_there || cleared_.empty()) return;
    Alert first = alerts_.front();
    first.fired = Duration(0);
    first.ended = cleared_.front();
    alerts_.insert(alerts_.begin(), first);
  }

  void add_alerts() {
    for (const Alert& alert : alerts_) {
      const json::value& row = *alert.row;
      std::string fire = "fire: " + label_set(member_at(row, "labels"));
      const std::string annotations = label_set(member_at(row, "annotations"));
      if (annotations != "{}") fire += ", annotations: " + annotations;
      const std::string source = text_at(row, "source");
      if (!source.empty()) fire += ", source: " + scalar(source);
      const json::value& identity = member_at(row, "identity");
      if (text_at(identity, "by") == "sender_key") {
        fire += ", key: " + scalar(text_at(identity, "value"));
      }
      step(alert.fired, std::move(fire));
      expect(alert.fired, "alert: " + label_set(member_at(row, "labels")) + ", incident: INC-1");
      if (!alert.ended) continue;
      step(*alert.ended, "clear: " + label_set(member_at(row, "labels")));
    }
  }

  void expect_the_end() {
    end_ = std::chrono::ceil<seconds>(end_);
    std::string all = "incident: INC-1";
    for (const char* member : {"state", "severity", "service", "team", "runbook", "cycle"}) {
      const std::string value = text_at(document_, member);
      all += std::string(", ") + member + ": " + (value.empty() ? "none" : scalar(value));
    }
    const std::string path = text_at(member_at(document_, "escalation"), "name");
    if (!path.empty()) all += ", escalation: " + scalar(path);
    const std::string rule = text_at(member_at(document_, "key"), "rule");
    const std::string criterion = text_at(member_at(document_, "severity_reason"), "criterion");
    all += ", by: {correlation: " + (rule.empty() ? "none" : scalar(rule));
    if (!criterion.empty()) all += ", severity: " + scalar(criterion);
    expect(end_, all + "}");
    expect(end_, "incidents: 1");
    // Destinations that fail change when the next step is due; a case need not repeat that.
    if (!has_failures_) expect(end_, "pages: " + std::to_string(pages_));
  }

  static void append(std::vector<Line> lines, std::string& out) {
    std::ranges::stable_sort(lines, {}, &Line::when);
    for (const Line& line : lines) {
      out += "      - {at: " + format_duration(line.when) + ", " + line.text + "}\n";
    }
  }

  std::string text() const {
    const std::string id = text_at(document_, "id");
    std::string out = "# Made of " + id + " by `tocsin test --init-from`.\n";
    if (has_returned_) {
      out += "# Something fired or was opened again. Of each alert only its last time is known.\n";
    }
    const std::string omitted = text_at(document_, "alerts_omitted");
    if (!omitted.empty() && omitted != "0") out += "# Without " + omitted + " more alerts.\n";
    out +=
        "tests:\n  - name: " + scalar(id + ", " + text_at(document_, "title")) + "\n    steps:\n";
    append(steps_, out);
    out += "    expect:\n";
    append(expectations_, out);
    return out;
  }

  const json::value& document_;
  Instant opened_;
  std::vector<Alert> alerts_;
  std::vector<Duration> cleared_;  ///< When nothing fired any more.
  std::vector<Line> steps_, expectations_, soon_;
  Duration end_{};
  std::size_t pages_ = 0;
  bool has_failures_ = false;  ///< A page did not get through at once.
  bool has_returned_ = false;
};

}  // namespace

std::expected<std::string, Problem> case_of(const json::value& document) {
  return CaseWriter(document).write();
}

int init_case(const RemoteOptions& options, const std::string& id, Terminal& terminal) {
  const auto known = incident_id(id);
  if (!known) {
    report(terminal,
           {"\"" + id + "\" is no incident id", "ids look like INC-42; see: tocsin incident list"});
    return 2;
  }
  const auto remote = Remote::open(options);
  if (!remote) return report(terminal, remote.error());
  const auto document = remote->get("/v1/incidents/" + *known, {});
  if (!document) return report(terminal, document.error());
  const auto made = case_of(*document);
  if (!made) return report(terminal, made.error());
  terminal.out << *made;
  return 0;
}

}  // namespace tocsin::cli
