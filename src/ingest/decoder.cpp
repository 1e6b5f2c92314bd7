#include "ingest/alertmanager_api.h"
#include "ingest/json_body.h"
#include "ingest/json_mapping.h"
#include "ingest/memo.h"
#include "ingest/pagerduty.h"
#include "tocsin/base/check.h"
#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

std::string_view to_string(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::no_labels:
      return "no_labels";
    case RefusalReason::empty_name:
      return "empty_name";
    case RefusalReason::wrong_type:
      return "wrong_type";
    case RefusalReason::bad_time:
      return "bad_time";
    case RefusalReason::too_many:
      return "too_many";
    case RefusalReason::unmapped:
      return "unmapped";
    case RefusalReason::unknown_status:
      return "unknown_status";
  }
  return "";
}

struct Decoder::Impl {
  JsonBody json;
  Scratch scratch;

  std::expected<Decoded, BodyError> decode(Kind, std::string_view body, const SourceTerms&, Memo*,
                                           Arena&);
};

Decoder::Decoder() : impl_(std::make_unique<Impl>()) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

std::optional<Kind> kind_of(std::string_view name) {
  if (name == "alertmanager-api") return Kind::alertmanager_api;
  if (name == "alertmanager") return Kind::alertmanager;
  if (name == "pagerduty") return Kind::pagerduty;
  if (name == "json") return Kind::json;
  return std::nullopt;
}

namespace {

Numbers numbers_of(Kind kind) {
  switch (kind) {
    case Kind::alertmanager_api:
    case Kind::alertmanager:
      return Numbers::unread;
    case Kind::pagerduty:
    case Kind::json:
      return Numbers::as_text;
  }
  return Numbers::as_text;
}

}  // namespace

std::expected<Decoded, BodyError> Decoder::decode(Kind kind, std::string_view body,
                                                  const SourceTerms& terms, Memo* memo,
                                                  Arena& arena) {
  CHECK(terms.secret != nullptr && terms.identity_ignore != nullptr);
  auto decoded = impl_->decode(kind, body, terms, memo, arena);
  impl_->json.let_go();
  impl_->scratch.let_go();
  return decoded;
}

std::expected<Decoded, BodyError> Decoder::Impl::decode(Kind kind, std::string_view body,
                                                        const SourceTerms& terms, Memo* memo,
                                                        Arena& arena) {
  const auto root = json.parse(body, terms.limits.depth, numbers_of(kind));
  if (!root) return std::unexpected(root.error());
  Memo::Impl* known = memo == nullptr ? nullptr : &memo->impl();
  switch (kind) {
    case Kind::alertmanager_api:
      return read_alert_array(*root, terms, known, arena, scratch);
    case Kind::alertmanager:
      return read_alertmanager_webhook(*root, terms, known, arena, scratch);
    case Kind::pagerduty:
      return read_pagerduty_event(*root, terms, arena);
    case Kind::json:
      return read_by_mapping(*root, terms, arena);
  }
  CHECK(false);
}

std::string Decoder::credential(Kind kind, std::string_view body, const Limits& limits) {
  if (kind != Kind::pagerduty) return {};
  const auto root = impl_->json.parse(body, limits.depth, numbers_of(kind));
  return root ? pagerduty_routing_key(*root) : std::string();
}

}  // namespace tocsin::ingest
