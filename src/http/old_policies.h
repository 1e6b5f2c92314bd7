#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <vector>

#include "tocsin/config/config.h"
#include "tocsin/store/store.h"
#include "tocsin/triage/policy.h"

namespace tocsin::http {

/// Rules that were in force once, compiled anew from the store's files. The last few are kept.
/// Thread-safe; one is compiled at a time.
class OldPolicies {
 public:
  struct Found {
    std::shared_ptr<const triage::Policy> policy;  ///< Null: they are not kept any more.
    bool scopes_differ =
        false;  ///< Scopes of tocsin.yaml have changed since; those of now are used.
  };
  std::expected<Found, store::StoreError> find(std::uint64_t rules_hash, store::Reader&,
                                               const config::Settings&);

 private:
  static constexpr std::size_t kPoliciesMax = 4;
  static constexpr std::size_t kTextBytesMax = 32U << 20;  ///< Of all but the newest.
  struct Kept {
    std::uint64_t rules_hash = 0;
    std::size_t bytes = 0;
    Found found;
  };
  void keep(Kept);

  std::mutex mutex_;
  std::vector<Kept> kept_;  ///< The last used one last.
};

}  // namespace tocsin::http
