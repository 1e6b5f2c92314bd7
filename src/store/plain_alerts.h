#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/row_codec.h"
#include "store/sqlite.h"
#include "tocsin/triage/rows.h"

namespace tocsin::store {

/// Writes the rows of new alerts in which only what nearly every alert has differs: the usual
/// values stand in the statement, and one statement writes several rows, since beginning and ending
/// one costs a quarter of a row.
class PlainAlerts {
 public:
  static constexpr std::size_t kTogether = 32;

  [[nodiscard]] int prepare(sqlite3*, const std::string& columns);
  /// True if a statement says the whole of it.
  static bool fits(const triage::Rows::NewAlert&);
  /// Its row is written now or by the write() that follows; until then it must stay.
  /// REQUIRES: fits().
  [[nodiscard]] int add(const triage::Rows::NewAlert&, std::uint64_t previous, DecisionTexts&);
  /// Writes what waits.
  [[nodiscard]] int write();
  /// Forgets what waits.
  void drop() { count_ = 0; }

 private:
  struct Waiting {
    const triage::Rows::NewAlert* alert = nullptr;
    std::uint64_t previous = 0;
    std::array<char, 16> key{};
    std::string labels;  // Keeps its room from row to row.
    std::string annotations;
    std::string_view decisions;
  };
  static void put(Statement&, const Waiting&);

  Statement insert_one_;
  Statement insert_all_;
  std::array<Waiting, kTogether> waiting_;
  std::size_t count_ = 0;
};

/// A label set as the columns hold it, instead of what `out` held.
void spell(LabelsView, std::string& out);

}  // namespace tocsin::store
