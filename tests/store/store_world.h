#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/store/store.h"

/// A small language for tests of the store: a folder of its own, batches built by hand, and values
/// as one readable text.
namespace tocsin::store {

/// A new empty folder, removed with all it holds.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// Every file's name, sorted.
  std::vector<std::string> names() const;

 private:
  std::string path_;
};

std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view bytes);

/// Without a lock and a reserve, so that two can be open at once.
StoreOptions bare(const TempFolder&, std::string vfs = {});
/// As the daemon opens it, with a small reserve.
StoreOptions guarded(const TempFolder&);

/// REQUIRES: it opens.
std::unique_ptr<Store> open_store(const StoreOptions&);
std::unique_ptr<Reader> open_reader(const StoreOptions&);
/// REQUIRES: it loads.
Loaded load(Store&);
/// "locked", "foreign", … of an open that must fail; "opened" if it did not.
std::string kind_of_open_error(const StoreOptions&);
std::string to_string(StoreError::Kind);

Instant at(std::int64_t seconds);

/// A status whose every member differs from its default.
triage::AlertStatus odd_status();
/// A view of labels that live as long as the test program.
LabelsView kept(Labels);
triage::Rows::NewAlert new_alert(std::uint64_t id, Labels labels = Labels{{"alertname", "Odd"}});
triage::Incident odd_incident(std::uint64_t id);
triage::Page odd_page(std::uint64_t id, std::uint64_t incident);
triage::Counters odd_counters();

/// The next batch after what was loaded.
Batch batch_after(const Loaded&, std::int64_t seconds = 1'000);

std::string show(const triage::AlertStatus&);
std::string show(const triage::Incident&);
std::string show(const triage::Page&);
std::string show(const triage::Counters&);

/// Runs SQL on the file with a connection of its own; the first column of the first row as text.
std::string sql(const std::string& file, const std::string& text);

}  // namespace tocsin::store
