#include "config/message_template.h"

#include <algorithm>
#include <vector>

#include "config/report.h"

namespace tocsin::config {
namespace {

using Words = std::vector<std::string_view>;

constexpr std::size_t kDepthMax = 16;
constexpr std::size_t kMistakesMax = 20;

/// The fields of a page, as the webhook channel sends them.
const Words& page_names() {
  static const Words words = {"event",
                              "page.key",
                              "page.attempt",
                              "page.possible_duplicate",
                              "page.to",
                              "page.reason",
                              "incident.id",
                              "incident.state",
                              "incident.severity",
                              "incident.severity_reason.criterion",
                              "incident.severity_reason.at",
                              "incident.title",
                              "incident.service",
                              "incident.team",
                              "incident.started_at",
                              "incident.detected_at",
                              "incident.triaged_at",
                              "incident.acknowledged_at",
                              "incident.mitigated_at",
                              "incident.recovering_at",
                              "incident.resolved_at",
                              "incident.cycle",
                              "incident.alerts.firing",
                              "incident.alerts.resolved",
                              "incident.alerts.suppressed",
                              "incident.assignee",
                              "incident.parent",
                              "incident.escalation.name",
                              "incident.escalation.step",
                              "incident.escalation.round",
                              "incident.escalation.next_at",
                              "incident.escalation.paused",
                              "incident.runbook",
                              "incident.drill",
                              "incident.version",
                              "incident.url",
                              "alerts"};
  return words;
}

/// Of one alert, between {{#alerts}} and {{/alerts}}; labels.NAME and annotations.NAME besides.
const Words& alert_names() {
  static const Words words = {"id",       "fingerprint", "source",         "state",
                              "ended_by", "starts_at",   "ends_at",        "received_at",
                              "incident", "identity.by", "identity.value", "generator_url"};
  return words;
}

bool holds(const Words& words, std::string_view name) {
  return std::ranges::find(words, name) != words.end();
}

bool is_free_name(std::string_view name) {
  return (name.starts_with("labels.") && name.size() > 7) ||
         (name.starts_with("annotations.") && name.size() > 12);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  std::vector<TemplateMistake> check() {
    while (!is_broken_ && next_tag()) {
    }
    if (!is_broken_ && !open_.empty()) {
      refuse(open_.back().offset, "the section " + in_quotes(open_.back().name) + " never ends",
             "add {{/" + std::string(open_.back().name) + "}}");
    }
    return std::move(mistakes_);
  }

 private:
  struct Open {
    std::string_view name;
    std::size_t offset;
  };

  /// Of one tag: those behind it are read, too.
  void refuse(std::size_t offset, std::string problem, std::string cure) {
    if (mistakes_.size() < kMistakesMax) {
      mistakes_.push_back({offset, std::move(problem), std::move(cure)});
    }
  }
  /// Of the tags' order: what follows would be misread.
  void stop(std::size_t offset, std::string problem, std::string cure) {
    refuse(offset, std::move(problem), std::move(cure));
    is_broken_ = true;
  }

  /// False at the end of the text.
  bool next_tag() {
    const std::size_t begin = text_.find("{{", at_);
    const std::size_t stray = text_.substr(0, begin).find("}}", at_);
    if (stray != std::string_view::npos) {
      stop(stray, "}} without {{ before it", "add {{, or remove it");
      return false;
    }
    if (begin == std::string_view::npos) return false;
    const bool is_triple = text_.substr(begin).starts_with("{{{");
    const std::string_view closing = is_triple ? "}}}" : "}}";
    const std::size_t inside = begin + closing.size();
    const std::size_t end = text_.find(closing, inside);
    const std::size_t again = text_.find("{{", inside);
    if (end == std::string_view::npos || again < end) {
      stop(begin, "a tag that is never closed", "add " + std::string(closing));
      return false;
    }
    at_ = end + closing.size();
    const std::string_view tag = text_.substr(inside, end - inside);
    is_triple ? check_name(begin, trimmed(tag)) : check_tag(begin, tag);
    return true;
  }

  void check_tag(std::size_t offset, std::string_view tag) {
    const char sign = tag.empty() ? ' ' : tag.front();
    switch (sign) {
      case '!':
        return;
      case '#':
      case '^':
        return begin_section(offset, trimmed(tag.substr(1)));
      case '/':
        return end_section(offset, trimmed(tag.substr(1)));
      case '&':
        return check_name(offset, trimmed(tag.substr(1)));
      case '>':
      case '=':
        return refuse(offset, "a tag with " + in_quotes(tag.substr(0, 1)) + " is not taken here",
                      "write the text out");
      default:
        return check_name(offset, trimmed(tag));
    }
  }

  void begin_section(std::size_t offset, std::string_view name) {
    check_name(offset, name);
    if (open_.size() == kDepthMax) {
      stop(offset, "sections nested deeper than 16 levels", "flatten them");
    }
    open_.push_back({name, offset});
  }

  void end_section(std::size_t offset, std::string_view name) {
    if (!open_.empty() && open_.back().name == name) return open_.pop_back();
    stop(offset, "the section " + in_quotes(name) + " ends here but has not begun",
         open_.empty() ? "remove it" : "end " + in_quotes(open_.back().name) + " first");
  }

  bool is_in_alerts() const {
    return std::ranges::find(open_, "alerts", &Open::name) != open_.end();
  }

  void check_name(std::size_t offset, std::string_view name) {
    if (holds(page_names(), name)) return;
    const bool is_of_alert = holds(alert_names(), name) || is_free_name(name);
    if (is_of_alert && is_in_alerts()) return;
    if (mistakes_.size() == kMistakesMax) return;  // What is not told need not be put into words.
    if (is_of_alert) {
      return refuse(offset, in_quotes(name) + " is of one alert, and a page may have many",
                    "write it between {{#alerts}} and {{/alerts}}");
    }
    Words known = page_names();
    if (is_in_alerts()) known.insert(known.end(), alert_names().begin(), alert_names().end());
    refuse(offset, name.empty() ? "a tag without a name" : "no page has " + in_quotes(name),
           did_you_mean(name, known,
                        "names are event, page.…, incident.… and, within {{#alerts}}, labels.…"));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Open> open_;
  std::vector<TemplateMistake> mistakes_;
  bool is_broken_ = false;
};

}  // namespace

std::vector<TemplateMistake> check_message_template(std::string_view text) {
  return Checker(text).check();
}

}  // namespace tocsin::config
