#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every limit of the room in one place.
namespace tocsin::http {

inline constexpr std::uint32_t kHeadMax = 16U << 10;
inline constexpr std::size_t kReadBuffer = 64U << 10;
/// A connection's memory beyond this is given back after each request.
inline constexpr std::size_t kKeptBody = 256U << 10;
/// An unread body up to this size is read and thrown away, so that the connection stays usable.
inline constexpr std::uint64_t kDrainMax = 64ULL << 20;
inline constexpr std::size_t kConnectionsMax = 16'384;
/// One event of PagerDuty's API, which takes 512 KB. It is read before anybody knows from whom.
inline constexpr std::uint64_t kEventBodyMax = 1U << 20;
inline constexpr std::size_t kActionBodyMax = 64U << 10;

inline constexpr std::chrono::seconds kIdleTimeout{75};
inline constexpr std::chrono::seconds kHeadTimeout{30};
inline constexpr std::chrono::seconds kBodyTimeout{30};
inline constexpr std::chrono::seconds kWriteTimeout{30};
inline constexpr std::chrono::seconds kLingerTimeout{5};
/// How long a sender is slowed down before it is refused (PRODUCT.md section 2).
inline constexpr std::chrono::seconds kLaneWaitMax{5};
inline constexpr std::chrono::milliseconds kLaneRetryEvery{5};

inline constexpr std::size_t kMemoBytes = 64U << 20;  ///< A net thread: 1,500,000 spellings.
inline constexpr std::size_t kListsWaitingMax = 64;
inline constexpr std::size_t kOperationsWaitingMax = 256;

inline constexpr std::size_t kListLimit = 100;
inline constexpr std::size_t kListLimitMax = 1'000;
/// Rows one request may look at for the sake of `q`; its cursor goes on from there.
inline constexpr std::size_t kScanMax = 10'000;
/// What one answer of GET /api/v2/alerts, which knows no pages, may grow to.
inline constexpr std::size_t kAlertListBytesMax = 64U << 20;
inline constexpr std::chrono::seconds kAlertListTimeMax{10};
inline constexpr std::chrono::seconds kLeaseWaitMax{2};
/// No further alert is explained after that: each is tried with every rule, and old rules have to
/// be compiled first.
inline constexpr std::chrono::seconds kExplainTimeMax{3};

}  // namespace tocsin::http
