#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/alert/arena.h"
#include "tocsin/alert/identity.h"
#include "tocsin/alert/report.h"
#include "tocsin/ingest/mapping.h"

/// Bytes of one kind of source → reports, or where and why not. Pure but for the memo.
namespace tocsin::ingest {

/// The kinds of source this version reads.
enum class Kind : std::uint8_t {
  alertmanager_api,  ///< POST /api/v2/alerts: an array of {labels, annotations?, startsAt?,
                     ///< endsAt?, generatorURL?}. Source: Alertmanager's api/v2/openapi.yaml.
  alertmanager,  ///< Alertmanager's webhook, version 4: {status?, alerts: [{status?, labels, …}]}.
                 ///< Source:
                 ///< https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
  pagerduty,  ///< POST /v2/enqueue: one event {routing_key, event_action, dedup_key?, payload?, …}.
              ///< Source: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
  json,  ///< Any JSON, read by the source's mapping.
};
/// "alertmanager-api", as tocsin.yaml names it; nothing for kinds this version does not read.
std::optional<Kind> kind_of(std::string_view name);

struct Limits {
  std::size_t labels = 128;             ///< Further ones are cut after identity.
  std::size_t label_value = 16U << 10;  ///< Bytes; cut on a character border.
  std::size_t alerts = 100'000;         ///< A request.
  std::size_t depth = 64;
};

/// Why one alert of a body was refused, bounded for metrics.
enum class RefusalReason : std::uint8_t {
  no_labels,
  empty_name,
  wrong_type,
  bad_time,
  too_many,
  unmapped,        ///< The mapping points at nothing where something is needed.
  unknown_status,  ///< Neither a firing nor a resolved word of the mapping.
};
std::string_view to_string(RefusalReason);

struct RefusedAlert {
  std::size_t index = 0;  ///< Position in the body.
  std::string at;         ///< JSON Pointer: "/3/labels/severity"
  std::string problem;    ///< What is wrong and what would be right.
  RefusalReason reason = RefusalReason::wrong_type;
};

/// Refused alerts that are described one by one; beyond that they are only counted.
inline constexpr std::size_t kRefusedDescribedMax = 100;
inline constexpr std::size_t kRefusalReasons = 7;

/// Something that was expected and is not there, or cannot be read, in an alert that was kept.
struct Remark {
  std::size_t index = 0;  ///< Position in the body.
  std::string at;         ///< JSON Pointer of the alert in the body.
  std::string problem;    ///< What is wrong and what would be right.
};

struct Decoded {
  std::vector<Report> reports;                            ///< In order; views into the arena given.
  std::vector<RefusedAlert> refused;                      ///< The first kRefusedDescribedMax.
  std::array<std::size_t, kRefusalReasons> refused_by{};  ///< All of them, by RefusalReason.
  std::vector<Remark> remarks;  ///< The first kRefusedDescribedMax; json and pagerduty only.
  std::size_t memo_hits = 0;
  bool reuses_memo = false;  ///< Some report has no labels (has_labels == false).
  /// The sender says that somebody works on this alert (pagerduty); there are no reports then.
  std::optional<Key> acknowledged;
  std::string event_key;  ///< What the answer names: the event's dedup_key (pagerduty).
};

/// A body that cannot be read at all.
struct BodyError {
  std::string at;          ///< JSON Pointer or "" for the whole.
  std::size_t offset = 0;  ///< Byte, if known.
  std::string problem;
  std::string_view reason;  ///< Bounded, for metrics: "malformed", "not_an_array", "not_an_object",
                            ///< "empty", "too_deep", "encoding", "invalid_event", "unmapped"
};

/// Knows the key of label spellings seen before, so that they are not decoded and matched again.
/// Bounded; one per net thread. It can be stale (the core then answers needs_labels), and wrong
/// only if two spellings share 128 bits hashed with a secret. Covers labels only, never times or
/// annotations.
class Memo {
 public:
  explicit Memo(std::size_t bytes_max = 64U << 20);
  ~Memo();
  Memo(Memo&&) noexcept;
  Memo& operator=(Memo&&) noexcept;
  void clear();
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// What decoding needs to know about its source.
struct SourceTerms {
  std::string_view source;
  const KeySecret* secret = nullptr;
  const std::vector<std::string>* identity_ignore = nullptr;  ///< Sorted.
  std::uint64_t mapping_version = 0;  ///< Part of every memo key: Policy::identity_hash.
  const Mapping* mapping = nullptr;   ///< Kind json; never null there.
  /// Kind pagerduty: the key of an event that has none of its own. Unlike any other, ever.
  std::string_view invented_key;
  Limits limits;
};

/// A reusable parser; one per net thread.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  /// `memo` may be null: then every report has its labels. `body` needs no padding. What is refused
  /// one by one is in PRODUCT.md section 4.
  std::expected<Decoded, BodyError> decode(Kind, std::string_view body, const SourceTerms&,
                                           Memo* memo, Arena&);

  /// The credential that stands in a body of this kind; "" for none, and for a body that cannot be
  /// read. A secret: for comparison only.
  std::string credential(Kind, std::string_view body, const Limits&);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::ingest
