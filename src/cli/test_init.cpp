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
#include "cli/test_init_alert.h"
#include "tocsin/base/time.h"
#include "tocsin/config/test_cases.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

/// Who reports the daemon's own alarms.
constexpr std::string_view kOwnSource = "tocsin";

/// How far the clocks of alerts and of the timeline may lie apart.
constexpr Duration kLate{5};

/// One line of the case. Of equal times, what comes first here comes first there.
struct Line {
  Duration when{};
  std::string text;
};

struct Alert {
  ToldAlert told;
  Duration fired{};
  std::optional<Duration> ended;
  /// When it joined the incident or opened it.
  Duration joined() const { return fired + told.hold; }
};

/// Reads the document into steps and expectations. Times count from when the incident opened; a
/// held alert fires before.
class CaseWriter {
 public:
  CaseWriter(const json::value& document, const std::vector<json::value>& explanations)
      : document_(document), explanations_(explanations) {}

  std::expected<std::string, Problem> write() {
    const auto opened = parse_rfc3339(text_at(document_, "detected_at"));
    const auto* alerts = member_at(document_, "alerts").if_array();
    const auto* timeline = member_at(document_, "timeline").if_array();
    if (!opened || alerts == nullptr || timeline == nullptr) {
      return std::unexpected(
          Problem{"the daemon's answer is no incident", "ask it for the incident"});
    }
    opened_ = *opened;
    for (std::size_t i = 0; i < alerts->size(); ++i) {
      if (text_at((*alerts)[i], "source") == kOwnSource) return std::unexpected(own_alarm());
      read_alert((*alerts)[i], i < explanations_.size() ? explanations_[i] : json::value());
    }
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
    for (const Line& line : steps_) before_ = std::max(before_, -line.when);
    if (steps_.size() > config::kTestStepsMax || before_ + end_ > config::kTestTimeMax) {
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

  Problem own_alarm() const {
    return {text_at(document_, "id") + " is Tocsin's own alarm (" + text_at(document_, "title") +
                "): no source sends it and no rule decides about it",
            "name an incident that a source reported; see: tocsin incident list"};
  }

  void read_alert(const json::value& row, const json::value& explanation) {
    Alert alert{told_alert(row, explanation), {}, std::nullopt};
    const auto received = parse_rfc3339(text_at(row, "received_at"));
    alert.fired = std::max(received ? *received - opened_ : Duration(0), -alert.told.hold);
    if (text_at(row, "state") == "resolved") alert.ended = moment(row, "ends_at");
    alerts_.push_back(std::move(alert));
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
    const std::string by = ": INC-1, by: " + yaml_scalar(actor);
    if (kind == "note") return step(when, "note" + by + ", text: " + yaml_scalar(detail));
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
      alert.ended = std::max(*alert.ended, alert.joined());
    }
    if (last->ended && !cleared_.empty() && cleared_.back() >= last->joined()) {
      last->ended = cleared_.back();
    }
  }

  /// Of an alert that fired several times the daemon shows the last; something opened the incident.
  void add_first_firing() {
    const bool is_there = std::ranges::any_of(
        alerts_, [](const Alert& alert) { return alert.joined() < Duration(seconds(1)); });
    if (is_there || cleared_.empty()) return;
    Alert first = alerts_.front();
    first.fired = -first.told.hold;
    first.ended = cleared_.front();
    alerts_.insert(alerts_.begin(), first);
  }

  void add_alerts() {
    for (const Alert& alert : alerts_) {
      const std::string subject = "alert: " + alert.told.labels;
      step(alert.fired, "fire: " + alert.told.labels + alert.told.sent_with);
      const bool is_held = alert.told.hold > Duration(0);
      const std::string where =
          is_held ? ", suppressed: hold, incident: none" : ", incident: INC-1";
      expect(alert.fired, subject + where + alert.told.facts);
      if (is_held) expect(alert.joined(), subject + ", suppressed: none, incident: INC-1");
      if (!alert.told.note.empty()) notes_.push_back(alert.told.labels + ": " + alert.told.note);
      if (alert.ended) step(*alert.ended, "clear: " + alert.told.labels);
    }
  }

  void expect_the_end() {
    end_ = std::chrono::ceil<seconds>(end_);
    std::string all = "incident: INC-1";
    for (const char* member : {"state", "severity", "service", "team", "runbook", "cycle"}) {
      const std::string value = text_at(document_, member);
      all += std::string(", ") + member + ": " + (value.empty() ? "none" : yaml_scalar(value));
    }
    const std::string path = text_at(member_at(document_, "escalation"), "name");
    if (!path.empty()) all += ", escalation: " + yaml_scalar(path);
    const std::string rule = text_at(member_at(document_, "key"), "rule");
    const std::string criterion = text_at(member_at(document_, "severity_reason"), "criterion");
    all += ", by: {correlation: " + (rule.empty() ? "none" : yaml_scalar(rule));
    if (!criterion.empty()) all += ", severity: " + yaml_scalar(criterion);
    expect(end_, all + "}");
    expect(end_, "incidents: 1");
    // Destinations that fail change when the next step is due; a case need not repeat that.
    if (!has_failures_) expect(end_, "pages: " + std::to_string(pages_));
  }

  void append(std::vector<Line> lines, std::string& out) const {
    std::ranges::stable_sort(lines, {}, &Line::when);
    for (const Line& line : lines) {
      out += "      - {at: " + format_duration(before_ + line.when) + ", " + line.text + "}\n";
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
    for (const std::string& note : notes_) out += "# " + note + ".\n";
    out += "tests:\n  - name: " + yaml_scalar(id + ", " + text_at(document_, "title")) +
           "\n    steps:\n";
    append(steps_, out);
    out += "    expect:\n";
    append(expectations_, out);
    return out;
  }

  const json::value& document_;
  const std::vector<json::value>& explanations_;
  Instant opened_;
  std::vector<Alert> alerts_;
  std::vector<Duration> cleared_;  ///< When nothing fired any more.
  std::vector<Line> steps_, expectations_, soon_;
  std::vector<std::string> notes_;
  Duration before_{};  ///< From the beginning of the case until the incident opened.
  Duration end_{};
  std::size_t pages_ = 0;
  bool has_failures_ = false;  ///< A page did not get through at once.
  bool has_returned_ = false;
};

/// Of each alert of the incident, in that order: the incident shows what rules made of its labels.
std::expected<std::vector<json::value>, Problem> explain_alerts(const Remote& remote,
                                                                const json::value& document) {
  std::vector<json::value> out;
  const auto* alerts = member_at(document, "alerts").if_array();
  if (alerts == nullptr) return out;
  for (const json::value& row : *alerts) {
    if (text_at(row, "source") == kOwnSource) return out;
    auto answer = remote.get("/v1/explain", {{"alert", text_at(row, "id")}});
    if (!answer) return std::unexpected(answer.error());
    const auto* found = member_at(*answer, "explanations").if_array();
    out.push_back(found == nullptr || found->empty() ? json::value() : found->front());
  }
  return out;
}

}  // namespace

std::expected<std::string, Problem> case_of(const json::value& document,
                                            const std::vector<json::value>& explanations) {
  return CaseWriter(document, explanations).write();
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
  const auto explanations = explain_alerts(*remote, *document);
  if (!explanations) return report(terminal, explanations.error());
  const auto made = case_of(*document, *explanations);
  if (!made) return report(terminal, made.error());
  terminal.out << *made;
  return 0;
}

}  // namespace tocsin::cli
