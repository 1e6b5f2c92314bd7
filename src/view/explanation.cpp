#include "tocsin/view/explanation.h"

#include <algorithm>
#include <string>

#include "view/append.h"
#include "view/json_object.h"

namespace tocsin::view {
namespace {

constexpr std::size_t kTextMax = 1024;

/// A text as far as it is shown.
std::string cut(std::string_view text) {
  if (text.size() <= kTextMax) return std::string(text);
  std::size_t end = kTextMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string hex(std::uint64_t value) { return to_hex(Key{value, 0}).substr(0, 16); }

void append_by(const rules::DecidedBy& by, std::string& out) {
  JsonObject object(out);
  object.text("name", by.rule);
  object.text_or_null("at", by.at);
  object.close();
}

rules::DecidedBy place_of(const rules::TriageRule& rule) {
  return {rule.name, format_short(rule.at)};
}

void append_labels(LabelsView labels, std::string& out) {
  JsonObject object(out);
  for (const Label label : labels) object.text(label.name, cut(label.value));
  object.close();
}

class Writing {
 public:
  Writing(const Explained& explained, const triage::Explanation& explanation, std::string& out)
      : explained_(explained),
        explanation_(explanation),
        rules_(explained.policy->rules),
        out_(out) {}

  void write() {
    JsonObject object(out_);
    write_alert(object);
    object.text("rules_of", rules_of());
    object.text("rules_hash", hex(explanation_.rules.verdict.rules_hash));
    object.text_or_null("note", explained_.note);
    write_kept(object);
    write_identity(object);
    write_rules(object);
    write_near(object);
    write_labels(object);
    write_service(object);
    write_severity(object);
    write_correlation(object);
    write_suppression(object);
    write_escalation(object);
    object.close();
  }

 private:
  std::string_view rules_of() const {
    switch (explained_.rules_of) {
      case RulesOf::now:
        return "now";
      case RulesOf::then:
        return "then";
      case RulesOf::gone:
        return "gone";
    }
    return "";
  }

  void write_alert(JsonObject& object) {
    JsonObject alert(object.name("alert"));
    const store::AlertRow* row = explained_.row;
    alert.text_or_null("id", row == nullptr ? "" : std::to_string(row->id.value));
    alert.text_or_null("source", explained_.source);
    if (row != nullptr) {
      alert.text("state", to_string(row->status.state));
      alert.text("severity", to_string(row->status.severity));
      const std::uint64_t incident = row->status.incident.value;
      alert.text_or_null("incident", incident == 0 ? "" : "INC-" + std::to_string(incident));
      alert.time("received_at", row->status.received_at);
    }
    append_labels(explained_.labels, alert.name("labels"));
    append_labels(explained_.annotations, alert.name("annotations"));
    alert.close();
  }

  /// What was decided when it fired, if rules did.
  void write_kept(JsonObject& object) {
    if (explained_.row == nullptr || !explained_.row->status.effects) return object.null("kept");
    append_labels(rules::kept_form(*explained_.row->status.effects), object.name("kept"));
  }

  void write_identity(JsonObject& object) {
    JsonObject identity(object.name("identity"));
    if (explained_.identity_by == IdentityBy::sender_key) {
      identity.text("by", "sender_key");
      identity.text("key", cut(explained_.sender_key));
      identity.text("source", explained_.source);
    } else {
      identity.text("by", "labels");
      write_identity_labels(identity);
    }
    identity.text("fingerprint", fingerprint(explained_.labels));
    identity.close();
  }

  void write_identity_labels(JsonObject& identity) {
    const auto& ignored = explained_.policy->identity_ignore;
    std::vector<Label> kept;
    std::vector<std::string_view> left_out;
    for (const Label label : explained_.labels) {
      if (std::ranges::binary_search(ignored, label.name)) {
        left_out.push_back(label.name);
      } else {
        kept.push_back(label);
      }
    }
    // A label set of which nothing is left is its own identity.
    if (kept.empty()) {
      left_out.clear();
      kept.assign(explained_.labels.begin(), explained_.labels.end());
    }
    append_labels(Labels(std::move(kept)), identity.name("labels"));
    append_array(left_out, identity.name("ignored"),
                 [&](std::string_view name) { append_json_string(name, out_); });
  }

  void write_claim(const rules::Claim& claim) {
    JsonObject object(out_);
    object.text("what", cut(claim.what));
    object.text("written", cut(claim.written));
    object.text_or_null("value", cut(claim.value));
    object.boolean("wins", claim.wins());
    if (claim.lost_to) {
      append_by(place_of(rules_.triage[*claim.lost_to]), object.name("lost_to"));
    } else {
      object.null("lost_to");
    }
    object.close();
  }

  void write_rules(JsonObject& object) {
    append_array(explanation_.rules.held, object.name("rules"), [&](const rules::HeldRule& held) {
      const rules::TriageRule& rule = rules_.triage[held.rule];
      JsonObject one(out_);
      one.text("name", rule.name);
      one.text("at", format_short(rule.at));
      one.text("when", rules::to_string(rule.when, kTextMax));
      append_array(held.claims, one.name("decides"),
                   [&](const rules::Claim& claim) { write_claim(claim); });
      one.close();
    });
    object.number("rules_omitted", explanation_.rules.held_count - explanation_.rules.held.size());
  }

  void write_near_rule(const rules::NearRule& near) {
    JsonObject one(out_);
    using Kind = rules::NearRule::Kind;
    const Position* at = nullptr;
    const std::string* name = nullptr;
    switch (near.kind) {
      case Kind::triage:
        at = &rules_.triage[near.rule].at;
        name = &rules_.triage[near.rule].name;
        one.text("kind", "triage");
        break;
      case Kind::severity:
        at = &rules_.severity.criteria[near.rule].at;
        name = &rules_.severity.criteria[near.rule].name;
        one.text("kind", "severity");
        break;
      case Kind::correlation:
        at = &rules_.correlation[near.rule].at;
        name = &rules_.correlation[near.rule].name;
        one.text("kind", "correlation");
        break;
    }
    one.text("name", *name);
    one.text("at", format_short(*at));
    one.number("failing_count", near.failing_count);
    append_array(near.failing, one.name("failing"), [&](const rules::Failing& failing) {
      JsonObject matcher(out_);
      matcher.text("matcher", cut(failing.matcher));
      matcher.text_or_null("has", cut(failing.value));
      matcher.boolean("must_not_hold", failing.should_not_hold);
      matcher.close();
    });
    one.close();
  }

  void write_near(JsonObject& object) {
    append_array(explanation_.rules.near, object.name("near"),
                 [&](const rules::NearRule& near) { write_near_rule(near); });
  }

  void write_labels(JsonObject& object) {
    append_array(explanation_.rules.labels, object.name("labels"),
                 [&](const rules::LabelOrigin& label) {
                   JsonObject one(out_);
                   one.text("name", label.name);
                   one.text("value", cut(label.value));
                   one.text("from", from(label.from));
                   if (label.by.rule.empty()) {
                     one.null("by");
                   } else {
                     append_by(label.by, one.name("by"));
                   }
                   one.text_or_null("sent", cut(label.sent));
                   one.close();
                 });
  }

  static std::string_view from(rules::LabelOrigin::From from) {
    switch (from) {
      case rules::LabelOrigin::From::sent:
        return "sent";
      case rules::LabelOrigin::From::rule:
        return "rule";
      case rules::LabelOrigin::From::service:
        return "service";
    }
    return "";
  }

  void write_service(JsonObject& object) {
    if (explanation_.rules.service.empty()) return object.null("service");
    JsonObject one(object.name("service"));
    one.text("name", cut(explanation_.rules.service));
    const std::int32_t index = explanation_.rules.verdict.service;
    const rules::Service* service =
        index < 0 ? nullptr : &rules_.services[static_cast<std::size_t>(index)];
    one.text_or_null("at", service == nullptr ? "" : format_short(service->at));
    const rules::Effects* effects = explanation_.rules.verdict.effects.get();
    const bool by_rule = effects != nullptr && !effects->runbook.empty();
    const std::string runbook = by_rule ? effects->runbook : service ? service->runbook : "";
    one.text_or_null("runbook", cut(runbook));
    one.close();
  }

  static std::string_view to_word(rules::SeverityBy by) {
    switch (by) {
      case rules::SeverityBy::otherwise:
        return "default";
      case rules::SeverityBy::unknown_word:
        return "unknown_word";
      case rules::SeverityBy::map:
        return "map";
      case rules::SeverityBy::criterion:
        return "criterion";
      case rules::SeverityBy::rule:
        return "rule";
    }
    return "";
  }

  void write_reason(const rules::Verdict& verdict, Severity severity, JsonObject& object) {
    const rules::SeverityReason reason = rules::severity_reason(rules_, verdict);
    object.text("severity", to_string(severity));
    object.text("by", to_word(verdict.severity_by));
    object.text("name", reason.criterion);
    object.text_or_null("at", reason.at);
  }

  void write_severity(JsonObject& object) {
    JsonObject one(object.name("severity"));
    const rules::Explanation& rules = explanation_.rules;
    if (explanation_.is_own) {
      one.text("severity", to_string(explanation_.severity));
      one.text("by", "tocsin");
      return one.close();
    }
    write_reason(rules.verdict, explanation_.severity, one);
    one.text("label", rules_.severity.from_label);
    one.text_or_null("word", cut(rules.word));
    if (rules.verdict.severity_by == rules::SeverityBy::criterion) {
      JsonObject before(one.name("before"));
      write_reason(rules.unraised, rules.unraised.severity, before);
      before.close();
    } else {
      one.null("before");
    }
    append_array(rules.raised, one.name("criteria"), [&](const rules::Raised& raised) {
      const rules::SeverityCriterion& criterion = rules_.severity.criteria[raised.criterion];
      JsonObject held(out_);
      held.text("name", criterion.name);
      held.text("at", format_short(criterion.at));
      held.text("severity", to_string(criterion.severity));
      held.boolean("decides", raised.decides);
      held.close();
    });
    one.close();
  }

  void write_correlation(JsonObject& object) {
    JsonObject one(object.name("correlation"));
    const rules::Explanation& rules = explanation_.rules;
    if (rules.key) {
      const auto index = static_cast<std::size_t>(rules.verdict.correlation);
      const rules::CorrelationRule& rule = rules_.correlation[index];
      one.text("rule", rule.name);
      one.text("at", format_short(rule.at));
      append_labels(rules.by, one.name("by"));
      one.text("window", format_duration(rule.window));
      one.text("max_age", format_duration(rule.max_age));
      one.text("key", to_hex(*rules.key));
    } else {
      one.null("rule");
    }
    append_array(rules.without_labels, one.name("without_labels"), [&](std::uint32_t index) {
      const rules::CorrelationRule& rule = rules_.correlation[index];
      JsonObject held(out_);
      held.text("name", rule.name);
      held.text("at", format_short(rule.at));
      append_array(rule.by, held.name("by"),
                   [&](const std::string& label) { append_json_string(label, out_); });
      held.close();
    });
    one.boolean("knows_incidents", explained_.knows_incidents);
    one.text_or_null("joins",
                     explained_.joins ? "INC-" + std::to_string(explained_.joins->value) : "");
    one.close();
  }

  void write_suppression(JsonObject& object) {
    append_array(explanation_.withheld, object.name("suppression"),
                 [&](const triage::Withheld& withheld) {
                   using By = triage::Withheld::By;
                   JsonObject one(out_);
                   one.text("by", withheld.by == By::drop   ? "drop"
                                  : withheld.by == By::hold ? "hold"
                                                            : "severity");
                   if (withheld.by == By::severity) {
                     one.null("rule");
                   } else {
                     append_by(withheld.rule, one.name("rule"));
                   }
                   if (withheld.by == By::hold) one.text("for", format_duration(withheld.length));
                   one.boolean("applies", withheld.applies);
                   one.close();
                 });
    object.boolean("opens", explanation_.opens);
  }

  static std::string_view from(triage::EscalationPlan::From from) {
    switch (from) {
      case triage::EscalationPlan::From::rule:
        return "rule";
      case triage::EscalationPlan::From::service:
        return "service";
      case triage::EscalationPlan::From::team:
        return "team";
      case triage::EscalationPlan::From::otherwise:
        return "default";
    }
    return "";
  }

  void write_names(const std::vector<std::string>& names, std::string& out) {
    append_array(names, out, [&](const std::string& name) { append_json_string(name, out_); });
  }

  void write_escalation(JsonObject& object) {
    if (!explanation_.opens) return object.null("escalation");
    const triage::EscalationPlan& plan = explanation_.escalation;
    JsonObject one(object.name("escalation"));
    one.text("name", plan.name);
    one.text_or_null("at", plan.at);
    one.text("from", from(plan.from));
    if (plan.chosen_by.rule.empty()) {
      one.null("by");
    } else {
      append_by(plan.chosen_by, one.name("by"));
    }
    append_array(plan.steps, one.name("steps"), [&](const triage::PlannedStep& step) {
      JsonObject object_of_step(out_);
      object_of_step.number("step", step.number);
      object_of_step.text("after", format_duration(step.after));
      write_names(step.channels, object_of_step.name("channels"));
      object_of_step.close();
    });
    one.number("rounds", plan.rounds);
    one.text("round", format_duration(plan.round));
    write_names(plan.fallback, one.name("fallback"));
    one.text("fallback_after", format_duration(plan.round * static_cast<int>(plan.rounds)));
    one.text_or_null("again_after", plan.again ? format_duration(*plan.again) : "");
    one.close();
  }

  const Explained& explained_;
  const triage::Explanation& explanation_;
  const rules::RuleSet& rules_;
  std::string& out_;
};

}  // namespace

Explained explained_as(const Report& report, std::string_view source, const triage::Policy& policy,
                       Instant now) {
  const bool ends = report.phase == Phase::resolved ||
                    (report.phase == Phase::by_end && report.ends_at && *report.ends_at <= now);
  return {
      .policy = &policy,
      .labels = report.labels,
      .annotations = report.annotations,
      .source = source,
      .identity_by = report.identity_by,
      .sender_key = report.sender_key,
      .note = ends ? "it reports an end, about which nothing is decided; the rest is what would be "
                     "decided if it fired"
                   : ""};
}

void append_explanation(const Explained& explained, const triage::Explanation& explanation,
                        std::string& out) {
  Writing(explained, explanation, out).write();
}

}  // namespace tocsin::view
