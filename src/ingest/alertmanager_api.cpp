#include "ingest/alertmanager_api.h"

#include <algorithm>
#include <cstring>

#include "ingest/json_repair.h"
#include "ingest/label_sets.h"
#include "ingest/memo.h"
#include "ingest/wording.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;

/// Alerts of which the look-ups in the memo are under way at once.
constexpr std::size_t kLookAhead = 32;

Members members_of(simdjson::dom::object alert) {
  Members found;
  // By size first, so that each name is compared with few others.
  for (const auto [name, value] : alert) {
    switch (name.size()) {
      case std::string_view("labels").size():
        if (name == "labels") found.labels = value;
        if (name == "endsAt") found.ends_at = value;
        if (name == "status") found.status = value;
        break;
      case std::string_view("startsAt").size():
        if (name == "startsAt") found.starts_at = value;
        break;
      case std::string_view("annotations").size():
        if (name == "annotations") found.annotations = value;
        break;
      case std::string_view("generatorURL").size():
        if (name == "generatorURL") found.generator_url = value;
        break;
      default:
        break;
    }
  }
  return found;
}

/// What a status says; nothing for other words and other things.
std::optional<Phase> phase_of(const std::optional<element>& status) {
  std::string_view word;
  if (!status || status->get(word) != simdjson::SUCCESS) return std::nullopt;
  if (word == "firing") return Phase::firing;
  if (word == "resolved") return Phase::resolved;
  return std::nullopt;
}

/// How the bodies differ in which alerts stand.
struct Envelope {
  std::string_view below;         ///< JSON Pointer of the array: "" or "/alerts".
  bool says_status = false;       ///< Each alert may; else its end alone decides.
  std::optional<Phase> of_group;  ///< For alerts that say none.
};

/// The strings of an object as they lie in the parser's string buffer: one behind the other in
/// order of the text, each as 4 bytes of length, the bytes, NUL. As long as that holds, the block
/// from the first length on is an unambiguous spelling of the object. Where it does not, or where a
/// value is no string, there is none: "".
std::string_view spelling_of(simdjson::dom::object object) {
  const char* first = nullptr;
  const char* next = nullptr;
  const auto follows = [&](std::string_view text) {
    std::uint32_t size = 0;
    const char* const length_at = text.data() - sizeof size;
    if (first == nullptr) first = next = length_at;
    if (length_at != next) return false;
    std::memcpy(&size, length_at, sizeof size);
    next = text.data() + text.size() + 1;
    return size == text.size();
  };
  for (const auto [name, member] : object) {
    std::string_view text;
    if (member.get(text) != simdjson::SUCCESS) return {};
    if (!follows(name) || !follows(text)) return {};
  }
  return {first, static_cast<std::size_t>(next - first)};
}

class Reader {
 public:
  Reader(const Envelope& envelope, const SourceTerms& terms, Memo::Impl* memo, Arena& arena,
         Scratch& scratch)
      : envelope_(envelope), terms_(terms), memo_(memo), arena_(arena), scratch_(scratch) {
    scratch_.pending.clear();
    if (memo_ != nullptr) spellings_ = &memo_->terms(terms_);
  }

  Decoded read(simdjson::dom::array alerts) {
    out_.reports.reserve(std::min(alerts.size(), terms_.limits.alerts));
    for (const element alert : alerts) {
      look_ahead(alert);
      if (scratch_.pending.size() == kLookAhead) read_pending();
    }
    read_pending();
    return std::move(out_);
  }

 private:
  bool refuse(RefusalReason reason, std::string_view below, std::string problem) {
    ++out_.refused_by[static_cast<std::size_t>(reason)];
    if (out_.refused.size() < kRefusedDescribedMax) {
      std::string at(envelope_.below);
      at.append("/").append(std::to_string(index_)).append(below);
      out_.refused.push_back({index_, std::move(at), std::move(problem), reason});
    }
    return false;
  }
  bool refuse_type(element value, std::string_view below, std::string_view wanted) {
    std::string problem(type_name(value.type()));
    problem += " where ";
    problem += wanted;
    problem += " should stand";
    return refuse(RefusalReason::wrong_type, below, std::move(problem));
  }

  void look_ahead(element value) {
    Scratch::Pending& pending = scratch_.pending.emplace_back();
    pending.alert = value;
    simdjson::dom::object alert, labels;
    if (value.get(alert) != simdjson::SUCCESS) return;
    pending.members = members_of(alert);
    const std::optional<element>& found = pending.members.labels;
    if (memo_ == nullptr || !found || found->get(labels) != simdjson::SUCCESS) return;
    const std::string_view spelling = spelling_of(labels);
    if (spelling.empty()) return;
    pending.spelling = spellings_->key_of_spelling(spelling);
    memo_->prefetch(*pending.spelling);
  }

  void read_pending() {
    for (const Scratch::Pending& pending : scratch_.pending) {
      if (index_ >= terms_.limits.alerts) {
        refuse(RefusalReason::too_many, "",
               "more than " + std::to_string(terms_.limits.alerts) +
                   " alerts in one request; send them in several");
      } else {
        read_alert(pending);
      }
      ++index_;
    }
    scratch_.pending.clear();
  }

  void read_alert(const Scratch::Pending& pending) {
    if (!pending.alert.is_object()) {
      refuse_type(pending.alert, "", "an alert, an object with labels,");
      return;
    }
    const Members& members = pending.members;
    Report report;
    report.phase = Phase::firing;
    if (!read_time(members.starts_at, "/startsAt", scratch_.last_start, report.starts_at)) return;
    if (!read_time(members.ends_at, "/endsAt", scratch_.last_end, report.ends_at)) return;
    report.phase = read_phase(members, report);
    // Annotations before labels: an alert that is refused must leave no trace in the memo.
    if (!read_annotations(members.annotations, report)) return;
    if (!read_labels(pending, report)) return;
    std::string_view url;
    if (members.generator_url && members.generator_url->get(url) == simdjson::SUCCESS) {
      report.generator_url = arena_.copy(cut_utf8(url, terms_.limits.label_value));
    }
    out_.reports.push_back(report);
  }

  Phase read_phase(const Members& members, const Report& report) const {
    if (!envelope_.says_status) return report.ends_at ? Phase::by_end : Phase::firing;
    if (const auto own = phase_of(members.status)) return *own;
    if (envelope_.of_group) return *envelope_.of_group;
    return report.ends_at ? Phase::resolved : Phase::firing;
  }

  bool read_time(const std::optional<element>& value, std::string_view below, Scratch::Time& last,
                 std::optional<Instant>& out) {
    if (!value || value->is_null()) return true;
    std::string_view text;
    if (value->get(text) != simdjson::SUCCESS) {
      return refuse(RefusalReason::bad_time, below,
                    std::string(type_name(value->type())) +
                        " where a time should stand; write it as \"2026-11-23T04:16:09Z\"");
    }
    if (text.empty()) return true;
    if (last.text != text) {
      const auto instant = parse_rfc3339(text);
      if (!instant) {
        return refuse(RefusalReason::bad_time, below,
                      "\"" + std::string(cut_utf8(text, 60)) +
                          "\" is no RFC 3339 time; write it as \"2026-11-23T04:16:09Z\"");
      }
      last.text = text;
      last.instant = instant;
      // Go's zero time, in any precision, is how a sender says "not set".
      if (text.starts_with("0001-01-01")) last.instant.reset();
    }
    out = last.instant;
    return true;
  }

  /// Gathers an object of texts in scratch_.pairs. Null is the empty text.
  bool gather(const std::optional<element>& value, std::string_view below) {
    scratch_.pairs.clear();
    if (!value || value->is_null()) return true;
    simdjson::dom::object object;
    if (value->get(object) != simdjson::SUCCESS) {
      return refuse_type(*value, below, "an object of names and texts");
    }
    for (const auto [name, member] : object) {
      std::string_view text;
      if (member.get(text) != simdjson::SUCCESS && !member.is_null()) {
        return refuse_type(member, std::string(below) + pointer_token(name), "a text in quotes");
      }
      scratch_.pairs.push_back({name, text});
    }
    return true;
  }

  bool read_annotations(const std::optional<element>& value, Report& report) {
    if (!gather(value, "/annotations")) return false;
    scratch_.block.clear();
    encode_labels(scratch_.pairs, scratch_.block);
    report.annotations =
        within_limits(LabelsView(scratch_.block), terms_.limits, arena_, report.truncated);
    return true;
  }

  bool read_labels(const Scratch::Pending& pending, Report& report) {
    if (pending.spelling) {
      if (const Key* known = memo_->find(*pending.spelling)) {
        report.key = *known;
        report.has_labels = false;
        out_.reuses_memo = true;
        ++out_.memo_hits;
        return true;
      }
    }
    if (!gather(pending.members.labels, "/labels")) return false;
    if (!check_names()) return false;
    scratch_.block.clear();
    encode_labels(scratch_.pairs, scratch_.block);
    const LabelsView labels(scratch_.block);
    if (labels.empty()) {
      return refuse(RefusalReason::no_labels, "/labels",
                    "no label with a value; an alert needs at least one, such as alertname");
    }
    report.key = terms_.secret->key_of_labels(identity_of(labels, *terms_.identity_ignore).view());
    report.labels = within_limits(labels, terms_.limits, arena_, report.truncated);
    if (pending.spelling) memo_->remember(*pending.spelling, report.key);
    return true;
  }

  /// A label without a value is as good as absent, whatever its name is.
  bool check_names() {
    for (const Label& label : scratch_.pairs) {
      if (label.name.empty() && !label.value.empty()) {
        return refuse(RefusalReason::empty_name, "/labels/",
                      "a label without a name; give it one or leave it out");
      }
    }
    return true;
  }

  const Envelope& envelope_;
  const SourceTerms& terms_;
  Memo::Impl* memo_;
  Arena& arena_;
  Scratch& scratch_;
  const KeySecret* spellings_ = nullptr;
  std::size_t index_ = 0;
  Decoded out_;
};

}  // namespace

std::expected<Decoded, BodyError> read_alert_array(element root, const SourceTerms& terms,
                                                   Memo::Impl* memo, Arena& arena,
                                                   Scratch& scratch) {
  simdjson::dom::array alerts;
  if (root.get(alerts) != simdjson::SUCCESS) {
    return wrong_body("", root, "an array of alerts should stand; send [{\"labels\":{…}}, …]",
                      "not_an_array");
  }
  const Envelope envelope;
  return Reader(envelope, terms, memo, arena, scratch).read(alerts);
}

std::expected<Decoded, BodyError> read_alertmanager_webhook(element root, const SourceTerms& terms,
                                                            Memo::Impl* memo, Arena& arena,
                                                            Scratch& scratch) {
  constexpr std::string_view kWanted =
      "an array of alerts should stand; send {\"version\":\"4\",\"alerts\":[{\"labels\":{…}}, …]}";
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    return wrong_body("", root, "the object of a webhook should stand; send {\"alerts\":[…]}",
                      "not_an_object");
  }
  Envelope envelope{.below = "/alerts", .says_status = true, .of_group = {}};
  std::optional<element> list;
  for (const auto [name, value] : object) {
    if (name == "alerts") list = value;
    if (name == "status") envelope.of_group = phase_of(value);
  }
  simdjson::dom::array alerts;
  if (!list || list->get(alerts) != simdjson::SUCCESS) {
    return wrong_body("/alerts", list, kWanted, "not_an_array");
  }
  return Reader(envelope, terms, memo, arena, scratch).read(alerts);
}

}  // namespace tocsin::ingest
