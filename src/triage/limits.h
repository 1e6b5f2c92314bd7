#pragma once

#include <cstddef>
#include <cstdint>

#include "tocsin/base/time.h"

namespace tocsin::triage {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A resolved alert leaves memory this long after its end; its row stays until retention.
inline constexpr Duration kForgetAfter = hours(24);
/// A page that never got through is given up after this long.
inline constexpr Duration kPageLife = hours(24);
/// Annotations and links are taken over at most this often for one alert …
inline constexpr Duration kDisplayEvery = minutes(1);
/// … and for at most this many alerts a second.
inline constexpr std::uint64_t kDisplaysPerSecond = 1000;
/// What an alert may gather when its sender changes its labels under one key.
inline constexpr std::size_t kMergedLabelsMax = 256;
inline constexpr std::size_t kMergedLabelsBytes = 64U << 10;
/// A resolve older than this is nobody's repetition: Prometheus repeats one for 15 minutes.
inline constexpr Duration kResolveRepeats = minutes(20);
/// Used when a clock is wrong and the source has no resolve_timeout.
inline constexpr Duration kSkewLease = minutes(5);
/// No lease is longer: far-away ends must not overflow.
inline constexpr Duration kLeaseMax = hours(24 * 365 * 20);
/// SEV-1 and SEV-2 begin their path again after this long if it sets no ack_timeout.
inline constexpr Duration kBeginAgain = minutes(30);
/// A step whose pages all failed this often is passed over (R31).
inline constexpr std::uint32_t kAttemptsBeforeNextStep = 3;
inline constexpr Duration kBackoffFirst = seconds(1);
inline constexpr Duration kBackoffMax = seconds(60);
/// Alerts matched, and slots looked at, by one part of a sweep.
inline constexpr std::uint64_t kSweepAlerts = 100;
inline constexpr std::uint64_t kSweepSlots = 2000;
inline constexpr Duration kSweepPause = Duration(2);
/// Answers kept for requests that may come again.
inline constexpr std::size_t kPastAnswersMax = 10'000;
inline constexpr Duration kPastAnswerLife = hours(24);
inline constexpr std::size_t kTitleBytes = 200;

}  // namespace tocsin::triage
