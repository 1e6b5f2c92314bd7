#pragma once

#include <optional>
#include <string>

#include "delivery/transfer.h"
#include "tocsin/base/time.h"

namespace tocsin::delivery {

/// The address a destination last answered from. When its name cannot be looked up, a page goes to
/// that address for up to a day (R29).
class LastGood {
 public:
  void remember(const HostAndPort& target, const std::string& address, Instant now) {
    if (target.host.empty() || address.empty()) return;
    target_ = target;
    address_ = address;
    seen_ = now;
  }

  /// The entry for CURLOPT_RESOLVE; nothing if no address of this target is fresh enough. The "+"
  /// makes it age in libcurl's cache like an answer of the name server.
  std::optional<std::string> entry(const HostAndPort& target, Instant now) const {
    if (address_.empty() || !(target == target_) || now - seen_ > kKept) return std::nullopt;
    const bool is_v6 = address_.find(':') != std::string::npos;
    const std::string shown = is_v6 ? "[" + address_ + "]" : address_;
    return "+" + target.host + ":" + target.port + ":" + shown;
  }

 private:
  static constexpr Duration kKept{24 * 60 * 60 * 1000};
  HostAndPort target_;
  std::string address_;
  Instant seen_{};
};

}  // namespace tocsin::delivery
