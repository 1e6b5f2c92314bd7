#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/sqlite.h"
#include "tocsin/store/store.h"
#include "tocsin/triage/rows.h"

/// How the values of the core stand in columns. Each put_x/get_x pair binds and reads the same
/// columns in the same order as the list of names beside it.
namespace tocsin::store {

/// The columns of an AlertStatus, each with `prefix` in front ("", "a.", "s."), with commas.
std::string status_columns(const std::string& prefix);
inline constexpr int kStatusColumns = 20;
/// What triage rules decided, as the column `decisions` shows it. Alerts share few of these, so
/// each is spelled once.
class DecisionTexts {
 public:
  static constexpr std::size_t kKnownMax = 1000;
  /// "" if nothing was decided. Valid for the next kKnownMax calls.
  std::string_view of(const rules::EffectsRef&);

 private:
  using Texts = std::map<rules::EffectsRef, std::string>;
  Texts known_;
  Texts before_;  // Known until known_ was full.
};
/// The reverse: equal texts become one value.
class DecisionsRead {
 public:
  rules::EffectsRef read(Row&);

 private:
  static constexpr std::size_t kKnownMax = 65536;
  std::map<std::string, rules::EffectsRef, std::less<>> known_;
};
/// Texts made while binding; they stay until the statement has run.
struct StatusTexts {
  std::string leases;
  DecisionTexts decisions;
};
void put_status(Statement&, const triage::AlertStatus&, StatusTexts&);
triage::AlertStatus get_status(Row&, DecisionsRead&);

std::string write_leases(const std::vector<triage::Lease>&);  ///< "" for none.
bool read_leases(std::string_view, std::vector<triage::Lease>& out);

extern const char* const kIncidentColumns;
/// Texts made while binding; they stay until the statement has run.
struct IncidentTexts {
  std::string key_labels;
  std::string told;
};
void put_incident(Statement&, const triage::Incident&, IncidentTexts&);
triage::Incident get_incident(Row&);

extern const char* const kPageColumns;
void put_page(Statement&, const triage::Page&);
triage::Page get_page(Row&);

/// A label set from its JSON; a row with another text is not ok().
Labels get_labels(Row&);

std::string_view name_of(triage::IncidentState);
std::string_view name_of(triage::PageState);

/// "?,?,?" for a list of column names.
std::string placeholders(std::string_view columns);
/// "a=excluded.a,b=excluded.b" for a list of column names.
std::string excluded(std::string_view columns);

}  // namespace tocsin::store
