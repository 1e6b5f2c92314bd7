#include "http/old_policies.h"

#include <algorithm>
#include <utility>

namespace tocsin::http {

std::expected<OldPolicies::Found, store::StoreError> OldPolicies::find(
    std::uint64_t rules_hash, store::Reader& reader, const config::Settings& settings) {
  const std::scoped_lock lock(mutex_);
  const auto known = std::ranges::find(kept_, rules_hash, &Kept::rules_hash);
  if (known != kept_.end()) {
    std::rotate(known, known + 1, kept_.end());
    return kept_.back().found;
  }
  auto files = reader.policy_files(rules_hash);
  if (!files) return std::unexpected(files.error());
  if (files->empty()) return Found{};
  Kept kept{rules_hash, 0, {}};
  for (const triage::PolicyFile& file : *files) kept.bytes += file.text.size();
  kept.found.policy = config::compile_policy(settings, *std::move(files)).policy;
  if (kept.found.policy == nullptr) return Found{};
  kept.found.scopes_differ = kept.found.policy->rules.hash != rules_hash;
  keep(std::move(kept));
  return kept_.back().found;
}

void OldPolicies::keep(Kept kept) {
  kept_.push_back(std::move(kept));
  std::size_t bytes = 0;
  for (std::size_t i = 0; i + 1 < kept_.size(); ++i) bytes += kept_[i].bytes;
  while (kept_.size() > kPoliciesMax || (kept_.size() > 1 && bytes > kTextBytesMax)) {
    bytes -= kept_.front().bytes;
    kept_.erase(kept_.begin());
    if (kept_.size() == 1) bytes = 0;
  }
}

}  // namespace tocsin::http
