#include "store/batch_writer.h"

#include <algorithm>
#include <utility>

#include "store/schema.h"

namespace tocsin::store {
namespace {

using triage::AlertOpened;
using triage::AlertStatus;
using triage::Rows;

/// Chains known without asking; one batch may go beyond.
constexpr std::size_t kChainsMax = 100'000;
/// Chains whose rows are late: then all of them are written.
constexpr std::size_t kLateMax = 10'000;
/// Late ones that a batch in calm takes along.
constexpr std::size_t kLateAtOnce = 256;

/// The first id of the span that holds `id`; ids count from 1.
std::uint64_t span_of(AlertId id) { return (id.value - 1) / kSpan * kSpan + 1; }

/// True if the alert went through more than its first event within its first batch.
bool changed_since(const Rows::NewAlert& alert) {
  const AlertStatus& opened = alert.opened.status;
  const AlertStatus& now = alert.status;
  return now.incident != alert.joined || opened.state != now.state ||
         opened.occurrence != now.occurrence || opened.ended_by != now.ended_by ||
         opened.held_until != now.held_until;
}

template <class Values, class Write>
int write_all(const Values& values, Write write) {
  for (const auto& value : values) {
    if (const int code = write(value); code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

std::string insert_into(const std::string& table, const std::string& columns) {
  return "INSERT INTO " + table + "(" + columns + ") VALUES(" + placeholders(columns) + ")";
}

std::string upsert_into(const std::string& table, const std::string& columns) {
  return insert_into(table, columns) + " ON CONFLICT(id) DO UPDATE SET " + excluded(columns);
}

}  // namespace

int BatchWriter::prepare(sqlite3* db) {
  db_ = db;
  const std::string status = status_columns("");
  const std::string alert =
      "id,key,identity_by,identity_value,source,labels,annotations,generator_url,truncated,"
      "display_hash," +
      status + ",previous";
  struct Prepared {
    Statement& statement;
    std::string sql;
  };
  const Prepared all[] = {
      {insert_source_, "INSERT INTO source(id,name) VALUES(?,?) ON CONFLICT(id) DO NOTHING"},
      {insert_alert_, insert_into("alert", alert)},
      {upsert_state_, upsert_into("alert_state", "id," + status)},
      {forget_, "UPDATE alert_state SET forgotten=1 WHERE id=? AND forgotten=0"},
      // Labels once changed stay when only what is shown with them changes.
      {upsert_display_, insert_into("alert_display", "id,annotations,generator_url,labels") +
                            " ON CONFLICT(id) DO UPDATE SET " +
                            excluded("annotations,generator_url") +
                            ",labels=coalesce(excluded.labels,labels)"},
      {insert_event_, insert_into("alert_event",
                                  "alert,at,kind,source,starts_at,ends_at,annotations,"
                                  "generator_url,rules_hash,labels,decisions")},
      {upsert_incident_, upsert_into("incident", kIncidentColumns)},
      {upsert_page_, upsert_into("page", kPageColumns)},
      {insert_timeline_, insert_into("timeline", "incident,previous,at,actor,kind,detail,alerts")},
      {insert_answer_, insert_into("past_answer", "key,content,fate,incident,at")},
      {delete_answer_, "DELETE FROM past_answer WHERE key=?"},
      {select_chain_, "SELECT last,last_alert FROM incident_chain WHERE id=?"},
      {upsert_chain_, upsert_into("incident_chain", "id,last,last_alert")},
      {replace_counts_,
       "INSERT OR REPLACE INTO incident_chain(id,last,last_alert,firing,resolved,started_at,"
       "last_joined,version) VALUES(?,?,?,?,?,?,?,?)"},
      {recount_,
       "UPDATE incident_chain SET last_alert=?2,firing=?3,resolved=?4,started_at=?5,"
       "last_joined=?6,version=?7 WHERE id=?1"},
      {upsert_span_,
       "INSERT INTO alert_span(first,live) VALUES(?,?) "
       "ON CONFLICT(first) DO UPDATE SET live=live+excluded.live"},
  };
  const int code =
      write_all(all, [db](const Prepared& one) { return one.statement.prepare(db, one.sql); });
  return code == SQLITE_OK ? plain_alerts_.prepare(db, alert) : code;
}

int BatchWriter::write(const Rows& rows) {
  spans_.clear();
  before_.clear();
  if (chains_.size() > kChainsMax)
    std::erase_if(chains_, [](const auto& at) { return !at.second.late; });
  const auto each = [](const auto& values, auto write) { return write_all(values, write); };
  int code = write_sources(rows.sources);
  if (code == SQLITE_OK) {
    code = each(rows.new_alerts, [this](const auto& alert) { return write_alert(alert); });
  }
  if (code == SQLITE_OK) code = plain_alerts_.write();
  if (code == SQLITE_OK) {
    code = each(rows.alerts, [this](const auto& update) { return write_update(update); });
  }
  if (code == SQLITE_OK) {
    code = each(rows.alert_events, [this](const auto& event) { return write_event(event); });
  }
  if (code == SQLITE_OK) {
    code = each(rows.displays, [this](const auto& display) { return write_display(display); });
  }
  if (code == SQLITE_OK) {
    code = each(rows.incidents, [this](const auto& incident) { return write_incident(incident); });
  }
  if (code == SQLITE_OK) {
    code = each(rows.pages, [this](const auto& page) { return write_page(page); });
  }
  if (code == SQLITE_OK) code = write_answers(rows);
  if (code == SQLITE_OK) {
    code = each(rows.timeline, [this](const auto& entry) { return write_timeline(entry); });
  }
  if (code == SQLITE_OK) {
    code = count_incidents(rows);
  }
  if (code == SQLITE_OK) code = write_chains();
  return code == SQLITE_OK ? write_spans() : code;
}

int BatchWriter::write_sources(const std::vector<std::string>& sources) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const int code = insert_source_.number(i).text(sources[i]).run();
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

int BatchWriter::write_answers(const Rows& rows) {
  const int code = write_all(rows.forgotten_answers,
                             [this](const Key& key) { return delete_answer_.key(key).run(); });
  if (code != SQLITE_OK) return code;
  return write_all(rows.past_answers, [this](const triage::AnswerRemembered& past) {
    return insert_answer_.key(past.key)
        .number(past.answer.content)
        .integer(past.answer.fate)
        .number(past.answer.incident.value)
        .instant(past.answer.at)
        .run();
  });
}

int BatchWriter::write_alert(const Rows::NewAlert& alert) {
  const AlertOpened& opened = alert.opened;
  const bool changed = changed_since(alert);
  std::uint64_t previous = 0;
  if (alert.joined) {
    Chain* chain = nullptr;
    if (const int code = touch(alert.joined.value, chain); code != SQLITE_OK) return code;
    previous = std::exchange(chain->last_alert, opened.id.value);
    chain->late = true;
  }
  count(opened.id, 1);
  if (!changed && PlainAlerts::fits(alert)) {
    return plain_alerts_.add(alert, previous, status_texts_.decisions);
  }
  // In order: then each row goes to the end of the table.
  if (const int code = plain_alerts_.write(); code != SQLITE_OK) return code;
  spell(opened.labels, labels_);
  annotations_.clear();
  if (!opened.annotations.empty()) spell(opened.annotations, annotations_);
  insert_alert_.number(opened.id.value)
      .key(opened.key)
      .enumeration(opened.identity_by)
      .text_or_null(opened.identity_value)
      .integer(opened.source)
      .text(labels_)
      .text_or_null(annotations_)
      .text_or_null(opened.generator_url)
      .flag(opened.truncated)
      .number(opened.display_hash);
  if (changed) {
    AlertStatus first = opened.status;
    first.incident = alert.joined;
    put_status(insert_alert_, first, status_texts_);
  } else {
    put_status(insert_alert_, alert.status, status_texts_);
  }
  insert_alert_.number(previous);
  const int code = insert_alert_.run();
  return code == SQLITE_OK && changed ? write_state(opened.id, alert.status) : code;
}

int BatchWriter::write_state(AlertId id, const AlertStatus& status) {
  upsert_state_.number(id.value);
  put_status(upsert_state_, status, status_texts_);
  return upsert_state_.run();
}

int BatchWriter::write_update(const Rows::AlertUpdate& update) {
  int code = write_state(update.id, update.status);
  if (code != SQLITE_OK || !update.forgotten) return code;
  code = forget_.number(update.id.value).run();
  // Counted once, however often it is said.
  if (code == SQLITE_OK && sqlite3_changes(db_) == 1) count(update.id, -1);
  return code;
}

int BatchWriter::write_display(const Rows::AlertDisplay& display) {
  spell(display.annotations, annotations_);
  labels_.clear();
  if (!display.labels.view().empty()) spell(display.labels, labels_);
  return upsert_display_.number(display.id.value)
      .text(annotations_)
      .text(display.generator_url)
      .text_or_null(labels_)
      .run();
}

int BatchWriter::write_event(const triage::AlertEvent& event) {
  annotations_.clear();
  if (!event.annotations.empty()) spell(LabelsView(event.annotations), annotations_);
  labels_.clear();
  if (!event.labels.empty()) spell(LabelsView(event.labels), labels_);
  return insert_event_.number(event.alert.value)
      .instant(event.at)
      .text(event.kind)
      .integer(event.source)
      .instant(event.starts_at)
      .instant(event.ends_at)
      .text_or_null(annotations_)
      .text_or_null(event.generator_url)
      .number(event.rules_hash)
      .text_or_null(labels_)
      .text_or_null(status_texts_.decisions.of(event.effects))
      .run();
}

int BatchWriter::write_incident(const triage::Incident& incident) {
  put_incident(upsert_incident_, incident, incident_texts_);
  if (const int code = upsert_incident_.run(); code != SQLITE_OK) return code;
  Chain* chain = nullptr;
  if (const int code = touch(incident.id.value, chain); code != SQLITE_OK) return code;
  chain->counts.reset();  // Its own row has them.
  chain->due = chain->due || chain->late;
  return SQLITE_OK;
}

int BatchWriter::write_page(const triage::Page& page) {
  put_page(upsert_page_, page);
  return upsert_page_.run();
}

/// The incident's chain, which this batch changes.
int BatchWriter::touch(std::uint64_t incident, Chain*& chain) {
  const auto [at, unknown] = chains_.try_emplace(incident);
  chain = &at->second;
  if (unknown) {
    const int code = select_chain_.number(incident).step();
    if (code == SQLITE_ROW) {
      Row row = select_chain_.row();
      chain->last = row.number();
      chain->last_alert = row.number();
    }
    select_chain_.reset();
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      chains_.erase(at);
      return code;
    }
  }
  if (!chain->touched) before_.emplace_back(incident, *chain);
  chain->touched = true;
  return SQLITE_OK;
}

int BatchWriter::write_timeline(const triage::TimelineEntry& entry) {
  Chain* chain = nullptr;
  if (const int code = touch(entry.incident.value, chain); code != SQLITE_OK) return code;
  members_.clear();
  for (const AlertId alert : entry.alerts) {
    members_ += members_.empty() ? '[' : ',';
    members_ += std::to_string(alert.value);
  }
  if (!members_.empty()) members_ += ']';
  const int code = insert_timeline_.number(entry.incident.value)
                       .number(chain->last)
                       .instant(entry.at)
                       .text(entry.actor)
                       .text(entry.kind)
                       .text(entry.detail)
                       .text_or_null(members_)
                       .run();
  chain->last = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(db_));
  chain->due = true;
  return code;
}

int BatchWriter::count_incidents(const Rows& rows) {
  const auto may_wait = static_cast<std::size_t>(std::ranges::count_if(
      rows.incident_counts, [](const auto& counts) { return counts.only_new_alerts; }));
  const bool calm = may_wait <= at_once_max_;
  const int code = write_all(rows.incident_counts, [&](const Rows::IncidentCounts& counts) {
    Chain* chain = nullptr;
    const int touched = touch(counts.id.value, chain);
    if (touched != SQLITE_OK) return touched;
    chain->counts = counts;
    chain->late = true;
    chain->due = chain->due || calm || !counts.only_new_alerts;
    return SQLITE_OK;
  });
  if (code != SQLITE_OK || (!calm && late_.size() <= kLateMax)) return code;
  // Those of earlier batches, once there is room for them.
  std::size_t room = calm ? kLateAtOnce : late_.size();
  for (auto late = late_.begin(); late != late_.end() && room > 0; ++late, --room) {
    Chain* chain = nullptr;
    if (const int touched = touch(*late, chain); touched != SQLITE_OK) return touched;
    chain->due = true;
  }
  return SQLITE_OK;
}

int BatchWriter::write_chain(std::uint64_t incident, Chain& chain) {
  chain.late = false;
  if (!chain.counts)
    return upsert_chain_.number(incident).number(chain.last).number(chain.last_alert).run();
  const Rows::IncidentCounts counts = *std::exchange(chain.counts, std::nullopt);
  return replace_counts_.number(incident)
      .number(chain.last)
      .number(chain.last_alert)
      .integer(counts.firing)
      .integer(counts.resolved)
      .instant(counts.started_at)
      .instant(counts.last_joined)
      .integer(counts.version)
      .run();
}

int BatchWriter::write_chains() {
  // In the order of ids, so that neighbours share their pages.
  std::ranges::sort(before_, {}, [](const auto& at) { return at.first; });
  heads_.clear();
  return write_all(before_, [this](const auto& at) {
    const std::uint64_t incident = at.first;
    Chain& chain = chains_.at(incident);
    chain.touched = false;
    const bool due = std::exchange(chain.due, false);
    const int code = due ? write_chain(incident, chain) : SQLITE_OK;
    std::optional<Heads::Head> head;
    if (chain.late) head.emplace(chain.last_alert, *chain.counts);
    if (chain.late || at.second.late) heads_.emplace_back(incident, head);
    return code;
  });
}

int BatchWriter::recount(const triage::Incident& incident, std::uint64_t last_alert) {
  return recount_.number(incident.id.value)
      .number(last_alert)
      .integer(incident.firing)
      .integer(incident.resolved)
      .instant(incident.started_at)
      .instant(incident.last_joined)
      .integer(incident.version)
      .run();
}

const Heads::Changes& BatchWriter::committed() {
  before_.clear();  // Other transactions may be rolled back after this one.
  for (const auto& [incident, head] : heads_) {
    if (head) {
      late_.insert(incident);
    } else {
      late_.erase(incident);
    }
  }
  return heads_;
}

void BatchWriter::rolled_back() {
  plain_alerts_.drop();
  for (auto& [incident, chain] : before_) chains_.insert_or_assign(incident, chain);
  before_.clear();
}

/// Most batches touch a few spans, in order: a short list with repeats does.
void BatchWriter::count(AlertId id, std::int64_t change) {
  const std::uint64_t first = span_of(id);
  if (spans_.empty() || spans_.back().first != first) spans_.push_back({first, 0});
  spans_.back().live += change;
}

int BatchWriter::write_spans() {
  return write_all(spans_, [this](const SpanChange& span) {
    return upsert_span_.number(span.first).integer(span.live).run();
  });
}

}  // namespace tocsin::store
