#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "tocsin/base/time.h"

namespace tocsin::cli {

/// As short as YAML allows: the reader of cases takes everything for text.
std::string yaml_scalar(const std::string& text);

/// What a case says of one alert, in the words of a case.
struct ToldAlert {
  std::string labels;     ///< "{alertname: Down}": as sent, which is what rules look at.
  std::string sent_with;  ///< ", annotations: {…}, source: prometheus, key: …"
  std::string facts;  ///< ", severity: SEV-3, service: checkout, by: {…}": what rules decided.
  std::string note;   ///< What the reader of the case should know; "" mostly.
  Duration hold{};    ///< How long it was held before it opened or joined an incident.
};

/// `row` is the alert as an incident shows it, after rules. `explanation` is what /v1/explain says
/// of it; null if it says nothing.
ToldAlert told_alert(const boost::json::value& row, const boost::json::value& explanation);

}  // namespace tocsin::cli
