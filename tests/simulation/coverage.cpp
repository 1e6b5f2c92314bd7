#include "simulation/coverage.h"

#include <array>
#include <utility>
#include <variant>

#include "tocsin/triage/change.h"
#include "tocsin/triage/step.h"

namespace tocsin::simulation {
namespace {

template <class Variant, std::size_t... Index>
void add_alternatives(const char* group, std::vector<std::string>& out,
                      std::index_sequence<Index...>) {
  (out.push_back(std::string(group) + " " +
                 std::string(triage::name_of(Variant(std::in_place_index<Index>)))),
   ...);
}

template <class Variant>
void add_alternatives(const char* group, std::vector<std::string>& out) {
  add_alternatives<Variant>(group, out, std::make_index_sequence<std::variant_size_v<Variant>>());
}

std::vector<std::string> make_expected() {
  std::vector<std::string> all;
  add_alternatives<triage::Step>("step", all);
  add_alternatives<triage::Change>("change", all);
  for (std::size_t i = 0; i < static_cast<std::size_t>(Fault::kCount); ++i) {
    all.push_back("fault " + std::string(name_of(static_cast<Fault>(i))));
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(LoopPoint::kCount); ++i) {
    all.push_back("crash " + std::string(name_of(static_cast<LoopPoint>(i))));
  }
  for (const DiskPoint point : crash_points_of_disk()) all.push_back("crash " + name_of(point));
  for (const auto fate :
       {triage::Fate::opened, triage::Fate::fired, triage::Fate::refreshed, triage::Fate::resolved,
        triage::Fate::already_so, triage::Fate::late, triage::Fate::unknown_resolve,
        triage::Fate::unknown_acknowledge, triage::Fate::done, triage::Fate::needs_labels}) {
    all.push_back("answer " + std::string(to_string(fate)));
  }
  for (const auto refusal :
       {triage::Refusal::unknown_incident, triage::Refusal::wrong_state,
        triage::Refusal::stale_version, triage::Refusal::wrong_team, triage::Refusal::key_reused,
        triage::Refusal::no_space, triage::Refusal::too_many_alerts}) {
    all.push_back("refusal " + std::string(to_string(refusal)));
  }
  return all;
}

}  // namespace

std::string_view name_of(Fault fault) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Fault::kCount)> kNames = {
      "duplicate_delivery", "lost_answer", "late_report",    "wrong_clock",
      "unlabeled_report",   "full_lane",   "wrong_incident", "stale_version",
      "repeated_action",    "refused",     "server_error",   "rate_limited",
      "timed_out",          "lost_reply",  "slow",           "outage",
      "wall_step",          "long_sleep",  "write_error",    "sync_error",
      "read_error",         "no_space",    "full_disk",      "reload",
      "other_policy",       "clean_stop",  "kill",           "power_cut"};
  return kNames[static_cast<std::size_t>(fault)];
}

std::string_view name_of(LoopPoint point) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(LoopPoint::kCount)> kNames = {
      "before_decide",  "after_decide",    "before_commit", "after_commit",
      "before_answers", "between_answers", "after_answers", "before_hand_out",
      "after_hand_out", "before_outcome",  "idle"};
  return kNames[static_cast<std::size_t>(point)];
}

const std::vector<DiskPoint>& crash_points_of_disk() {
  using enum DiskOp;
  static const std::vector<DiskPoint> points = {
      {DiskFile::database, open}, {DiskFile::database, read}, {DiskFile::database, write},
      {DiskFile::database, sync}, {DiskFile::database, lock}, {DiskFile::wal, open},
      {DiskFile::wal, read},      {DiskFile::wal, write},     {DiskFile::wal, sync},
      {DiskFile::wal, lock},      {DiskFile::wal, truncate},  {DiskFile::journal, open},
      {DiskFile::journal, write}, {DiskFile::journal, sync},  {DiskFile::journal, remove},
  };
  return points;
}

const std::vector<std::string>& expected_coverage() {
  static const std::vector<std::string> all = make_expected();
  return all;
}

void Coverage::count(std::string_view group, std::string_view name, std::uint64_t times) {
  std::string key(group);
  key.append(" ").append(name);
  counts_[key] += times;
}

void Coverage::add(const Coverage& other) {
  for (const auto& [key, times] : other.counts_) counts_[key] += times;
}

std::uint64_t Coverage::of(std::string_view group, std::string_view name) const {
  std::string key(group);
  key.append(" ").append(name);
  const auto found = counts_.find(key);
  return found == counts_.end() ? 0 : found->second;
}

std::string Coverage::table() const {
  std::map<std::string, std::uint64_t> all = counts_;
  for (const std::string& key : expected_coverage()) all.try_emplace(key, 0);
  std::string text;
  std::string group;
  for (const auto& [key, times] : all) {
    const std::size_t blank = key.find(' ');
    if (key.substr(0, blank) != group) {
      group = key.substr(0, blank);
      text.append(group).append("\n");
    }
    std::string count = std::to_string(times);
    text.append(count.size() < 12 ? 12 - count.size() : 1, ' ').append(count);
    text.append("  ").append(key.substr(blank + 1)).append("\n");
  }
  return text;
}

std::vector<std::string> Coverage::below(std::uint64_t least) const {
  std::vector<std::string> rare;
  for (const std::string& key : expected_coverage()) {
    const auto found = counts_.find(key);
    const std::uint64_t times = found == counts_.end() ? 0 : found->second;
    if (times < least) rare.push_back(key + ": " + std::to_string(times));
  }
  return rare;
}

}  // namespace tocsin::simulation
