#pragma once

#include <string_view>

#include "fuzz/texts.h"
#include "ingest/world.h"
#include "tocsin/base/check.h"

/// What holds of every body of every kind of source.
namespace tocsin::fuzz {

inline void check_labels(LabelsView labels, const ingest::Limits& limits) {
  CHECK(LabelsView::is_valid(labels.block()));
  CHECK(labels.count() <= limits.labels);
  for (const Label label : labels) {
    CHECK(is_utf8(label.name));
    CHECK(is_utf8(label.value));
    CHECK(label.value.size() <= limits.label_value);
  }
  Labels again;
  CHECK(labels_from_json(labels_to_json(labels), again));
  CHECK(again.view() == labels);
}

inline void check_report(const Report& report, const ingest::Limits& limits) {
  CHECK(report.truncated || !report.labels.empty());
  check_labels(report.labels, limits);
  check_labels(report.annotations, limits);
  CHECK(is_utf8(report.generator_url));
  CHECK(is_utf8(report.sender_key));
  CHECK((report.identity_by == IdentityBy::sender_key) == !report.sender_key.empty());
}

inline void check_decoded(const ingest::Decoded& decoded, const ingest::Limits& limits) {
  CHECK(decoded.reports.size() <= limits.alerts);
  for (const Report& report : decoded.reports) {
    if (report.has_labels) check_report(report, limits);
  }
  std::size_t refused = 0;
  for (const std::size_t count : decoded.refused_by) refused += count;
  CHECK(decoded.refused.size() == std::min(refused, ingest::kRefusedDescribedMax));
  for (const ingest::RefusedAlert& one : decoded.refused) {
    CHECK(!one.problem.empty());
    CHECK(is_utf8(one.problem));
    CHECK(one.at.empty() || one.at.starts_with('/'));
  }
  CHECK(decoded.remarks.size() <= ingest::kRefusedDescribedMax);
  for (const ingest::Remark& one : decoded.remarks) CHECK(is_utf8(one.problem));
  CHECK(!decoded.acknowledged || decoded.reports.empty());
}

inline void check_error(const ingest::BodyError& error, std::string_view body) {
  CHECK(!error.problem.empty());
  CHECK(is_utf8(error.problem));
  CHECK(!error.reason.empty());
  CHECK(error.offset <= body.size());
}

/// A memo changes nothing but whether labels are there.
inline void check_same(const ingest::Decoded& with, const ingest::Decoded& without) {
  CHECK(with.reports.size() == without.reports.size());
  CHECK(with.refused_by == without.refused_by);
  for (std::size_t i = 0; i < with.reports.size(); ++i) {
    const Report& a = with.reports[i];
    const Report& b = without.reports[i];
    CHECK(b.has_labels);
    CHECK(a.key == b.key);
    CHECK(a.phase == b.phase);
    CHECK(a.identity_by == b.identity_by);
    CHECK(a.starts_at == b.starts_at);
    CHECK(a.ends_at == b.ends_at);
    CHECK(a.annotations == b.annotations);
    CHECK(a.generator_url == b.generator_url);
    CHECK(!a.has_labels || a.labels == b.labels);
  }
}

/// Labels are cut after the identity is taken, so small limits leave the keys as they are.
inline void check_cut(ingest::World& world, std::string_view body, const ingest::Decoded& whole) {
  const ingest::Limits usual = world.terms.limits;
  world.terms.limits.labels = 5;
  world.terms.limits.label_value = 9;
  const auto cut = world.decode(body);
  CHECK(cut.has_value());
  check_decoded(*cut, world.terms.limits);
  CHECK(cut->reports.size() == whole.reports.size());
  for (std::size_t i = 0; i < whole.reports.size(); ++i) {
    CHECK(cut->reports[i].key == whole.reports[i].key);
  }
  world.terms.limits = usual;
}

/// Decodes as a net thread does: the same decoder and memo for every body.
inline void check_body(ingest::World& world, ingest::Memo& memo, std::string_view body) {
  world.arena = Arena();
  memo.clear();
  const auto without = world.decode(body);
  for (int sight = 1; sight <= 3; ++sight) {  // What is seen a second time is kept.
    const auto with = world.decode(body, &memo);
    CHECK(with.has_value() == without.has_value());
    if (with) check_same(*with, *without);
  }
  (void)world.decoder.credential(world.kind, body, world.terms.limits);
  if (!without) {
    check_error(without.error(), body);
    return;
  }
  check_decoded(*without, world.terms.limits);
  check_cut(world, body, *without);
}

}  // namespace tocsin::fuzz
