#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/value.h"

namespace tocsin::config {

/// Names of time zones, as the system's tz database has them. What was looked up is remembered, so
/// that a thousand schedules of one zone open one file.
class Zones {
 public:
  explicit Zones(std::string folder = "/usr/share/zoneinfo") : folder_(std::move(folder)) {}

  /// The zone's name; if there is none of that name, an error with the nearest one. On a machine
  /// without a tz database every name that could be one is taken, with a warning.
  std::optional<std::string> read(const Value&);

 private:
  enum class Answer { yes, no, no_database };
  Answer look_up(const std::string& name);
  const std::vector<std::string>& all();

  std::string folder_;
  std::map<std::string, Answer> known_;
  std::vector<std::string> all_;  // Filled when a name is looked for that is near a wrong one.
};

}  // namespace tocsin::config
