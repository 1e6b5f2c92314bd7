#include "rules/triage_rules.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "tocsin/base/check.h"
#include "tocsin/rules/explain.h"

namespace tocsin::rules {
namespace {

using Held = std::vector<std::uint32_t>;
using Settings = std::vector<TriageRule::Setting> TriageRule::*;
using Single = std::optional<Template> TriageRule::*;

DecidedBy decided_by(const TriageRule& rule) { return {rule.name, format_short(rule.at)}; }

/// What is set so far, sorted by name.
class Set {
 public:
  bool has(std::string_view name) const {
    return std::ranges::binary_search(texts_, name, {}, &Text::first);
  }
  void add(std::string_view name, std::string value) {
    texts_.emplace(std::ranges::lower_bound(texts_, name, {}, &Text::first), name,
                   std::move(value));
  }
  Labels labels() const {
    std::vector<Label> pairs;
    pairs.reserve(texts_.size());
    for (const Text& text : texts_) pairs.push_back({text.first, text.second});
    return Labels(std::move(pairs));
  }

 private:
  using Text = std::pair<std::string_view, std::string>;
  std::vector<Text> texts_;
};

/// The pairs with this one instead of what has its name; "" takes it away.
Labels with_pair(const Labels& labels, std::string_view name, std::string_view value) {
  std::vector<Label> pairs(labels.view().begin(), labels.view().end());
  pairs.push_back({name, value});
  return Labels(std::move(pairs));
}

class Deciding {
 public:
  /// Whoever asks for claims gets one for everything that a rule would decide.
  Deciding(const RuleSet& rules, const Held& held, const Subject& sent,
           std::vector<Claim>* claims = nullptr)
      : rules_(rules), held_(held), subject_(sent), claims_(claims) {}

  Effects decide() {
    set_all(&TriageRule::labels, "labels.", labels_);
    take_labels();
    set_service();
    set_team();
    Set annotations;
    set_all(&TriageRule::annotations, "annotations.", annotations);
    effects_.annotations = annotations.labels();
    effects_.runbook = first_text(&TriageRule::runbook, "runbook");
    decide_words();
    effects_.rules = held_;
    return std::move(effects_);
  }

 private:
  const TriageRule& rule(std::uint32_t index) const { return rules_.triage[index]; }

  void claim(std::uint32_t rule, std::string what, std::string written, std::string value) {
    claims_->push_back({rule, std::move(what), std::move(written), std::move(value), {}});
  }

  void set_all(Settings settings, std::string_view prefix, Set& out) {
    for (const std::uint32_t index : held_) {
      for (const TriageRule::Setting& setting : rule(index).*settings) {
        const bool is_set = out.has(setting.name);
        if (is_set && claims_ == nullptr) continue;
        std::string value = expand(setting.value, subject_);
        if (claims_ != nullptr) {
          claim(index, std::string(prefix) + setting.name, to_string(setting.value), value);
        }
        if (!is_set && !value.empty()) out.add(setting.name, std::move(value));
      }
    }
  }

  /// The first text that is one.
  std::string first_text(Single which, std::string_view what) {
    std::string first;
    for (const std::uint32_t index : held_) {
      const std::optional<Template>& text = rule(index).*which;
      if (!text) continue;
      std::string value = expand(*text, subject_);
      if (claims_ != nullptr) claim(index, std::string(what), to_string(*text), value);
      if (first.empty()) first = std::move(value);
      if (claims_ == nullptr && !first.empty()) break;
    }
    return first;
  }

  void claim_words(std::uint32_t index) {
    const TriageRule& one = rule(index);
    const auto word = [&](const char* what, const std::string& text) {
      claim(index, what, text, text);
    };
    if (one.severity) word("severity", std::string(to_string(*one.severity)));
    if (!one.escalation.empty()) word("escalation", one.escalation);
    if (one.hold) word("hold", format_duration(*one.hold));
    if (one.drop) word("drop", *one.drop ? "true" : "false");
  }

  /// From now on templates see the labels after all rules.
  void take_labels() {
    effects_.labels = labels_.labels();
    subject_.effects = &effects_;
  }

  /// A service or team set by itself stands over a label of that name that rules set.
  void set_over(std::string_view name, const std::string& value) {
    if (!value.empty()) effects_.labels = with_pair(effects_.labels, name, value);
  }

  void set_service() {
    set_over("service", first_text(&TriageRule::service, "service"));
    subject_.service = rules_.find_service(subject_.value_of("service"));
  }

  void set_team() { set_over("team", first_text(&TriageRule::team, "team")); }

  void decide_words() {
    bool drop_is_decided = false, hold_is_decided = false;
    for (const std::uint32_t index : held_) {
      const TriageRule& one = rule(index);
      if (claims_ != nullptr) claim_words(index);
      if (one.severity && !effects_.severity) {
        effects_.severity = one.severity;
        effects_.severity_by = decided_by(one);
      }
      if (effects_.escalation.empty()) effects_.escalation = one.escalation;
      if (one.hold && !hold_is_decided) {
        hold_is_decided = true;
        effects_.hold = *one.hold;
        if (effects_.hold > Duration::zero()) effects_.hold_by = decided_by(one);
      }
      if (one.drop && !drop_is_decided) {
        drop_is_decided = true;
        effects_.drop = *one.drop;
        if (effects_.drop) effects_.drop_by = decided_by(one);
      }
    }
  }

  const RuleSet& rules_;
  const Held& held_;
  Subject subject_;
  std::vector<Claim>* claims_;
  Set labels_;
  Effects effects_;
};

/// Of each single decision the first rule that makes it wins. A service or team that is set
/// stands over a label of that name.
void settle(std::vector<Claim>& claims) {
  std::ranges::stable_sort(claims, {}, &Claim::rule);
  std::map<std::string_view, std::uint32_t> winners;
  for (Claim& claim : claims) {
    if (claim.value.empty()) continue;
    const auto [winner, is_first] = winners.try_emplace(claim.what, claim.rule);
    if (!is_first) claim.lost_to = winner->second;
  }
  for (Claim& claim : claims) {
    for (const auto& [what, label] :
         {std::pair("service", "labels.service"), std::pair("team", "labels.team")}) {
      const auto over = winners.find(what);
      if (over == winners.end() || claim.what != label || claim.value.empty()) continue;
      claim.lost_to = over->second;
    }
  }
}

/// Takes one decision over, or that nothing was decided. `what` is spelled as in a claim.
void keep(std::string_view what, const Effects& from, Effects& to) {
  constexpr std::string_view kLabel = "labels.", kAnnotation = "annotations.";
  if (what.starts_with(kAnnotation)) {
    const std::string_view name = what.substr(kAnnotation.size());
    to.annotations = with_pair(to.annotations, name, from.annotations.get(name));
  } else if (what.starts_with(kLabel) || what == "service" || what == "team") {
    const std::string_view name = what.starts_with(kLabel) ? what.substr(kLabel.size()) : what;
    to.labels = with_pair(to.labels, name, from.labels.get(name));
  } else if (what == "runbook") {
    to.runbook = from.runbook;
  } else if (what == "severity") {
    to.severity = from.severity;
    to.severity_by = from.severity_by;
  } else if (what == "escalation") {
    to.escalation = from.escalation;
  } else if (what == "hold") {
    to.hold = from.hold;
    to.hold_by = from.hold_by;
  } else {
    CHECK(what == "drop");
    to.drop = from.drop;
    to.drop_by = from.drop_by;
  }
}

bool all_fixed(const std::vector<TriageRule::Setting>& settings) {
  return std::ranges::all_of(settings,
                             [](const auto& setting) { return setting.value.is_fixed(); });
}

bool fixed_or_none(const std::optional<Template>& text) { return !text || text->is_fixed(); }

}  // namespace

EffectsRef decide_effects(const RuleSet& rules, const Held& held, LabelsView labels,
                          LabelsView annotations, std::string_view source) {
  if (held.empty()) return nullptr;
  const Subject sent{.labels = labels, .annotations = annotations, .source = source};
  return std::make_shared<const Effects>(Deciding(rules, held, sent).decide());
}

EffectsRef decide_unseen(const RuleSet& rules, const Held& held, const Held& open,
                         const EffectsRef& decided, LabelsView labels, std::string_view source) {
  const Subject sent{.labels = labels, .source = source};
  Held all;
  std::ranges::set_union(held, open, std::back_inserter(all));
  std::vector<Claim> claims;
  Deciding(rules, all, sent, &claims).decide();
  settle(claims);
  Effects out = Deciding(rules, held, sent).decide();
  for (const Claim& claim : claims) {
    if (!claim.wins() || !std::ranges::binary_search(open, claim.rule)) continue;
    keep(claim.what, decided == nullptr ? Effects{} : *decided, out);
  }
  if (held.empty() && kept_form(out).view().empty()) return nullptr;
  return std::make_shared<const Effects>(std::move(out));
}

std::vector<Claim> claims_of(const RuleSet& rules, const Verdict& verdict, LabelsView labels,
                             LabelsView annotations, std::string_view source) {
  std::vector<Claim> claims;
  if (verdict.effects == nullptr) return claims;
  const Subject sent{.labels = labels, .annotations = annotations, .source = source};
  Deciding(rules, verdict.effects->rules, sent, &claims).decide();
  settle(claims);
  return claims;
}

bool is_fixed(const TriageRule& rule) {
  return all_fixed(rule.labels) && all_fixed(rule.annotations) && fixed_or_none(rule.service) &&
         fixed_or_none(rule.team) && fixed_or_none(rule.runbook);
}

}  // namespace tocsin::rules
