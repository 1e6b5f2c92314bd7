#include "triage/idempotency/idempotency.h"

#include "triage/limits.h"

namespace tocsin::triage::idempotency {

namespace {
bool is_over(const Core& core, Instant at) { return core.now.timeline - at > kPastAnswerLife; }

/// The oldest, if there is no room for another one or its time is over. Never more than one more
/// than is remembered, so that the work of a step is bounded.
void forget_oldest(const Core& core, Changes& out) {
  const auto* oldest = core.state.oldest_past_answer();
  if (oldest == nullptr) return;
  const bool is_full = core.state.past_answers.size() >= kPastAnswersMax;
  if (is_full || is_over(core, oldest->first)) out.emplace_back(AnswerForgotten{oldest->second});
}
}  // namespace

bool recall(const Core& core, Decision& out) {
  const auto found = core.state.past_answers.find(core.context.idempotency->key);
  if (found == core.state.past_answers.end() || is_over(core, found->second.at)) return false;
  const PastAnswer& past = found->second;
  if (past.content != core.context.idempotency->content) {
    refuse(out, Refusal::key_reused);
    return true;
  }
  out.answer.fate = static_cast<Fate>(past.fate);
  out.answer.incident = past.incident;
  return true;
}

void remember(const Core& core, Decision& out) {
  if (out.answer.fate == Fate::refused) return;
  const Key& key = core.context.idempotency->key;
  // One whose time is over makes room for itself.
  if (core.state.past_answers.contains(key)) {
    out.changes.emplace_back(AnswerForgotten{key});
  } else {
    forget_oldest(core, out.changes);
  }
  out.changes.emplace_back(AnswerRemembered{key,
                                            {.content = core.context.idempotency->content,
                                             .fate = static_cast<std::uint8_t>(out.answer.fate),
                                             .incident = out.answer.incident,
                                             .at = core.now.timeline}});
}

}  // namespace tocsin::triage::idempotency
