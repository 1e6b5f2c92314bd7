#include "store/plain_alerts.h"

#include <utility>

namespace tocsin::store {
namespace {

using triage::AlertOpened;
using triage::AlertStatus;
using triage::Rows;

constexpr int kParameters = 17;

/// What one row says; ?1 to ?17 are put() in this order.
constexpr std::string_view kRow =
    "(?1,?2,0,NULL,?3,?4,?5,?6,0,?7,0,0,?8,0,1,?9,?10,?11,0,0,?12,?3,?13,?14,?11,NULL,?15,?17,0,0,"
    "?16)";

/// The row with the parameters of the `at`th, from 0.
std::string row(std::size_t at) {
  std::string out;
  for (std::size_t i = 0; i < kRow.size(); ++i) {
    out += kRow[i];
    if (kRow[i] != '?') continue;
    std::size_t number = 0;
    while (kRow[i + 1] >= '0' && kRow[i + 1] <= '9') {
      number = number * 10 + static_cast<std::size_t>(kRow[++i] - '0');
    }
    out += std::to_string(at * kParameters + number);
  }
  return out;
}

}  // namespace

void spell(LabelsView labels, std::string& out) {
  out.clear();
  append_labels_json(labels, out);
}

int PlainAlerts::prepare(sqlite3* db, const std::string& columns) {
  // FAIL: the rows before one that does not fit stay, so that a statement needs no journal of its
  // own. The transaction is rolled back by whoever began it.
  const std::string insert = "INSERT OR FAIL INTO alert(" + columns + ") VALUES";
  std::string rows = row(0);
  const int code = insert_one_.prepare(db, insert + rows);
  if (code != SQLITE_OK) return code;
  for (std::size_t at = 1; at < kTogether; ++at) rows.append(",").append(row(at));
  return insert_all_.prepare(db, insert + rows);
}

bool PlainAlerts::fits(const Rows::NewAlert& alert) {
  const AlertOpened& opened = alert.opened;
  const AlertStatus& status = alert.status;
  return opened.identity_by == IdentityBy::labels && opened.identity_value.empty() &&
         !opened.truncated && status.state == triage::AlertState::firing &&
         status.ended_by == triage::EndedBy::nothing && !status.clock_skew &&
         status.occurrence == 1 && status.ended_at == Instant{} && status.sender_end == Instant{} &&
         status.lease.source == opened.source && status.lease.renewed == status.received_at &&
         status.more_leases.empty() && !status.dropped && status.held_until == Instant{};
}

int PlainAlerts::add(const Rows::NewAlert& alert, std::uint64_t previous,
                     DecisionTexts& decisions) {
  Waiting& next = waiting_.at(count_++);
  next.alert = &alert;
  next.previous = previous;
  next.key = key_bytes(alert.opened.key);
  spell(alert.opened.labels, next.labels);
  next.annotations.clear();
  if (!alert.opened.annotations.empty()) spell(alert.opened.annotations, next.annotations);
  static_assert(kTogether < DecisionTexts::kKnownMax);
  next.decisions = decisions.of(alert.status.effects);
  return count_ == kTogether ? write() : SQLITE_OK;
}

int PlainAlerts::write() {
  const std::size_t count = std::exchange(count_, 0);
  if (count == kTogether) {
    for (const Waiting& one : waiting_) put(insert_all_, one);
    return insert_all_.run();
  }
  for (std::size_t at = 0; at < count; ++at) {
    put(insert_one_, waiting_[at]);
    if (const int code = insert_one_.run(); code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

void PlainAlerts::put(Statement& to, const Waiting& one) {
  const AlertOpened& opened = one.alert->opened;
  const AlertStatus& status = one.alert->status;
  to.number(opened.id.value)
      .blob({one.key.data(), one.key.size()})
      .integer(opened.source)
      .text(one.labels)
      .text_or_null(one.annotations)
      .text_or_null(opened.generator_url)
      .number(opened.display_hash)
      .enumeration(status.severity)
      .number(status.incident.value)
      .instant(status.starts_at)
      .instant(status.received_at)
      .instant(status.last_ends_at)
      .instant_or_max(status.lease.ends)
      .duration(status.lease.length)
      .number(status.rules_hash)
      .number(one.previous)
      .text_or_null(one.decisions);
}

}  // namespace tocsin::store
