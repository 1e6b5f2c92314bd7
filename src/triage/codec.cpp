// The bytes of a delivery, version 5. Integers are little-endian; text is u32 length and bytes.
//
//   delivery := "TCD5" lane:u8 source:text actor:text if_version:opt(u32)
//               teams:u32 text* received:i64 count:u32 step*
//   step     := tag:u8 fields            tag = index of the step's type in the variant Step
//   report   := key:u64,u64 by:u8 phase:u8 flags:u8 sender_key:text labels:text annotations:text
//               generator_url:text starts_at:opt(i64) ends_at:opt(i64) verdict
//   verdict  := rules_hash:u64 severity:u8 by:u8 index:u16 service:i32 correlation:i32
//               effects:opt(kept:text count:u32 rule:u32*)
//   opt(x)   := 0:u8 | 1:u8 x
//
// flags: 1 = has_labels, 2 = truncated. Times are milliseconds since 1970.

#include <cstring>
#include <type_traits>

#include "tocsin/base/overloaded.h"
#include "tocsin/triage/step.h"

namespace tocsin::triage {

namespace {
constexpr std::string_view kMagic = "TCD5";
constexpr std::uint32_t kStepsMax = 1'000'000;
constexpr std::uint32_t kTeamsMax = 10'000;

class Writer {
 public:
  template <class Number>
  void number(Number value) {
    static_assert(std::is_integral_v<Number>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class Enum>
  void word(Enum value) {
    number(static_cast<std::uint8_t>(value));
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
  }
  void duration(Duration value) { number(static_cast<std::int64_t>(value.count())); }
  void instant(Instant value) { duration(value.time_since_epoch()); }
  template <class Value, class Write>
  void maybe(const std::optional<Value>& value, Write write) {
    number(static_cast<std::uint8_t>(value ? 1 : 0));
    if (value) write(*value);
  }
  void raw(std::string_view bytes) { bytes_.append(bytes); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what Writer wrote. After the first mismatch every read yields zero and good() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <class Number>
  Number number() {
    Number value{};
    if (rest_.size() < sizeof value) return fail<Number>();
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  template <class Enum>
  Enum word(Enum last) {
    const auto value = number<std::uint8_t>();
    if (value > static_cast<std::uint8_t>(last)) good_ = false;
    return good_ ? static_cast<Enum>(value) : Enum{};
  }
  std::string_view text() {
    const auto size = number<std::uint32_t>();
    if (!good_ || size > rest_.size()) return fail<std::string_view>();
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  Duration duration() { return Duration(number<std::int64_t>()); }
  Instant instant() { return Instant(duration()); }
  bool flag() { return word(std::uint8_t{1}) != 0; }
  void reject() { good_ = false; }
  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }

 private:
  template <class Value>
  Value fail() {
    good_ = false;
    rest_ = {};
    return Value{};
  }
  std::string_view rest_;
  bool good_ = true;
};

void write(Writer& out, const ReportAlert& step) {
  const Report& report = step.report;
  out.number(report.key.high);
  out.number(report.key.low);
  out.word(report.identity_by);
  out.word(report.phase);
  out.number(static_cast<std::uint8_t>((report.has_labels ? 1 : 0) | (report.truncated ? 2 : 0)));
  out.text(report.sender_key);
  out.text(report.labels.block());
  out.text(report.annotations.block());
  out.text(report.generator_url);
  out.maybe(report.starts_at, [&](Instant at) { out.instant(at); });
  out.maybe(report.ends_at, [&](Instant at) { out.instant(at); });
  out.number(step.verdict.rules_hash);
  out.word(step.verdict.severity);
  out.word(step.verdict.severity_by);
  out.number(step.verdict.severity_index);
  out.number(step.verdict.service);
  out.number(step.verdict.correlation);
  const rules::EffectsRef& effects = step.verdict.effects;
  out.number(static_cast<std::uint8_t>(effects ? 1 : 0));
  if (!effects) return;
  out.text(rules::kept_form(*effects).block());
  out.number(static_cast<std::uint32_t>(effects->rules.size()));
  for (const std::uint32_t rule : effects->rules) out.number(rule);
}

LabelsView read_labels(Reader& in, Arena& arena) {
  const std::string_view block = in.text();
  if (!in.good() || !LabelsView::is_valid(block)) {
    in.reject();
    return {};
  }
  return LabelsView(arena.copy(block));
}

rules::EffectsRef read_effects(Reader& in) {
  if (!in.flag()) return nullptr;
  const std::string_view kept = in.text();
  if (!in.good() || !LabelsView::is_valid(kept)) {
    in.reject();
    return nullptr;
  }
  rules::Effects effects = rules::effects_of(LabelsView(kept));
  const auto count = in.number<std::uint32_t>();
  for (std::uint32_t index = 0; index < count && in.good(); ++index) {
    effects.rules.push_back(in.number<std::uint32_t>());
  }
  return std::make_shared<const rules::Effects>(std::move(effects));
}

ReportAlert read_report(Reader& in, Arena& arena) {
  ReportAlert step;
  Report& report = step.report;
  report.key.high = in.number<std::uint64_t>();
  report.key.low = in.number<std::uint64_t>();
  report.identity_by = in.word(IdentityBy::sender_key);
  report.phase = in.word(Phase::by_end);
  const auto flags = in.number<std::uint8_t>();
  report.has_labels = (flags & 1U) != 0;
  report.truncated = (flags & 2U) != 0;
  report.sender_key = arena.copy(in.text());
  report.labels = read_labels(in, arena);
  report.annotations = read_labels(in, arena);
  report.generator_url = arena.copy(in.text());
  if (in.flag()) report.starts_at = in.instant();
  if (in.flag()) report.ends_at = in.instant();
  if (report.phase == Phase::by_end && !report.ends_at) in.reject();
  step.verdict.rules_hash = in.number<std::uint64_t>();
  step.verdict.severity = in.word(Severity::none);
  step.verdict.severity_by = in.word(rules::SeverityBy::rule);
  step.verdict.severity_index = in.number<std::uint32_t>();
  step.verdict.service = in.number<std::int32_t>();
  step.verdict.correlation = in.number<std::int32_t>();
  if (step.verdict.severity == Severity{}) in.reject();
  step.verdict.effects = read_effects(in);
  const bool has_severity = step.verdict.effects && step.verdict.effects->severity;
  if (step.verdict.severity_by == rules::SeverityBy::rule && !has_severity) in.reject();
  return step;
}

template <class Action>
void write_action(Writer& out, const Action& action) {
  out.number(action.incident.value);
  out.text(action.note);
}

void write(Writer& out, const Step& step) {
  out.number(static_cast<std::uint8_t>(step.index()));
  std::visit(Overloaded{
                 [&](const ReportAlert& report) { write(out, report); },
                 [&](const Acknowledge& action) { write_action(out, action); },
                 [&](const Unacknowledge& action) { write_action(out, action); },
                 [&](const Resolve& action) { write_action(out, action); },
                 [&](const Reopen& action) { write_action(out, action); },
                 [&](const AddNote& action) {
                   out.number(action.incident.value);
                   out.text(action.text);
                 },
                 [&](const PageAttempted& attempt) {
                   out.number(attempt.page.value);
                   out.word(attempt.outcome);
                   out.word(attempt.reason);
                   out.text(attempt.detail);
                   out.maybe(attempt.retry_after, [&](Duration after) { out.duration(after); });
                 },
                 [&](const ClockStepped& clock) { out.duration(clock.by); },
                 [&](const SpaceChanged& space) { out.word(space.low ? 1 : 0); },
                 [&](const ReplacePolicy& other) { out.word(other.reapply ? 1 : 0); },
                 [&](const AcknowledgeAlert& action) {
                   out.number(action.key.high);
                   out.number(action.key.low);
                   out.text(action.note);
                 },
                 [](const auto&) {},  // Tick and Restarted carry nothing.
             },
             step);
}

template <class Action>
Action read_action(Reader& in) {
  const IncidentId incident{in.number<std::uint64_t>()};
  return Action{incident, std::string(in.text())};
}

AcknowledgeAlert read_acknowledge(Reader& in) {
  AcknowledgeAlert action;
  action.key.high = in.number<std::uint64_t>();
  action.key.low = in.number<std::uint64_t>();
  action.note = in.text();
  return action;
}

PageAttempted read_attempt(Reader& in) {
  PageAttempted attempt;
  attempt.page = PageId{in.number<std::uint64_t>()};
  attempt.outcome = in.word(Outcome::unknown);
  attempt.reason = in.word(Reason::other);
  attempt.detail = in.text();
  if (in.flag()) attempt.retry_after = in.duration();
  return attempt;
}

Step read_step(Reader& in, Arena& arena) {
  switch (in.number<std::uint8_t>()) {
    case 0:
      return read_report(in, arena);
    case 1:
      return read_action<Acknowledge>(in);
    case 2:
      return read_action<Unacknowledge>(in);
    case 3:
      return read_action<Resolve>(in);
    case 4:
      return read_action<Reopen>(in);
    case 5:
      return read_action<AddNote>(in);
    case 6:
      return Tick{};
    case 7:
      return read_attempt(in);
    case 8:
      return Restarted{};
    case 9:
      return ReplacePolicy{in.flag()};
    case 10:
      return ClockStepped{in.duration()};
    case 11:
      return SpaceChanged{in.flag()};
    case 12:
      return read_acknowledge(in);
    default:
      in.reject();
      return Tick{};
  }
}
static_assert(std::variant_size_v<Step> == 13, "a new step needs a tag above");
}  // namespace

std::size_t Delivery::bytes() const {
  return sizeof(Delivery) + arena.capacity() + steps.capacity() * sizeof(Step) +
         answers.capacity() * sizeof(StepAnswer) + source.capacity() + actor.capacity();
}

std::string encode(const Delivery& delivery) {
  Writer out;
  out.raw(kMagic);
  out.word(delivery.lane);
  out.text(delivery.source);
  out.text(delivery.actor);
  out.maybe(delivery.if_version, [&](std::uint32_t version) { out.number(version); });
  out.number(static_cast<std::uint32_t>(delivery.teams.size()));
  for (const std::string& team : delivery.teams) out.text(team);
  out.maybe(delivery.idempotency, [&](const Idempotency& once) {
    out.number(once.key.low);
    out.number(once.key.high);
    out.number(once.content);
  });
  out.instant(delivery.received);
  out.number(static_cast<std::uint32_t>(delivery.steps.size()));
  for (const Step& step : delivery.steps) write(out, step);
  return out.take();
}

std::optional<std::unique_ptr<Delivery>> decode_delivery(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return std::nullopt;
  Reader in(bytes.substr(kMagic.size()));
  auto delivery = std::make_unique<Delivery>();
  delivery->lane = in.word(Lane::intake);
  delivery->source = in.text();
  delivery->actor = in.text();
  if (in.flag()) delivery->if_version = in.number<std::uint32_t>();
  const auto teams = in.number<std::uint32_t>();
  if (!in.good() || teams > kTeamsMax) return std::nullopt;
  for (std::uint32_t index = 0; index < teams && in.good(); ++index) {
    delivery->teams.emplace_back(in.text());
  }
  if (in.flag()) {
    Idempotency& once = delivery->idempotency.emplace();
    once.key.low = in.number<std::uint64_t>();
    once.key.high = in.number<std::uint64_t>();
    once.content = in.number<std::uint64_t>();
  }
  delivery->received = in.instant();
  const auto count = in.number<std::uint32_t>();
  if (!in.good() || count > kStepsMax) return std::nullopt;
  for (std::uint32_t index = 0; index < count && in.good(); ++index) {
    delivery->steps.push_back(read_step(in, delivery->arena));
  }
  if (!in.good() || !in.at_end()) return std::nullopt;
  return delivery;
}

}  // namespace tocsin::triage
