#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every limit of the room in one place.
namespace tocsin::http {

inline constexpr std::uint32_t kHeadMax = 16U << 10;
/// Lines of a head. A browser sends some 20, a proxy adds a few.
inline constexpr std::size_t kHeadFieldsMax = 100;
/// A net thread's: connections have none of their own while they wait.
inline constexpr std::size_t kReadBuffer = 64U << 10;
/// How long a connection that has always more to do is served before others have their turn.
inline constexpr std::chrono::milliseconds kTurn{1};
/// Of a compressed body so much is taken at a time, since it may become kRatioMax times as much.
inline constexpr std::size_t kCodedPiece = 4U << 10;
/// What was read of a request is kept for the next one of any connection: so many a net thread,
/// each with a body of at most this size.
inline constexpr std::size_t kSpareReaders = 32;
inline constexpr std::size_t kKeptBody = 256U << 10;
/// A body of more than this takes several times as much to read.
inline constexpr std::uint64_t kMuchMemory = 1U << 20;
/// A compressed body may be this much larger than what was sent, beyond the first MiB. Ten thousand
/// alerts of one rule get 40 times smaller by gzip and 110 times by zstd at its default level; what
/// is all the same, and so a bomb, 1,000 times and 20,000 times.
inline constexpr std::uint64_t kRatioMax = 200;
inline constexpr std::size_t kFreeOfRatio = 1U << 20;
/// Of zstd, as a power of two: 8 MiB, which its levels up to 19 stay below (RFC 8878
/// section 3.1.1.1.2).
inline constexpr int kWindowLogMax = 23;
/// An unread body up to this size is read and thrown away, so that the connection stays usable.
inline constexpr std::uint64_t kDrainMax = 64ULL << 20;
inline constexpr std::size_t kConnectionsMax = 16'384;
/// One event of PagerDuty's API, which takes 512 KB. It is read before anybody knows from whom.
inline constexpr std::uint64_t kEventBodyMax = 1U << 20;
inline constexpr std::size_t kActionBodyMax = 64U << 10;

/// Deadlines of a whole head, handshake or goodbye: bytes that trickle in prolong none of them.
inline constexpr std::chrono::seconds kIdleTimeout{75};
inline constexpr std::chrono::seconds kHeadTimeout{30};
inline constexpr std::chrono::seconds kLingerTimeout{5};
/// A body or an answer may take longer, as long as it moves at this many bytes a second: 32 MiB get
/// through a line of 128 kbit/s. A peer that stops has kBodyTimeout left, however fast it was.
inline constexpr std::chrono::seconds kBodyTimeout{30};
inline constexpr std::chrono::seconds kWriteTimeout{30};
inline constexpr std::uint64_t kRateMin = 16U << 10;
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
