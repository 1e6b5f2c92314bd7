#include "tocsin/alert/severity.h"

#include "tocsin/base/check.h"

namespace tocsin {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::sev1:
      return "SEV-1";
    case Severity::sev2:
      return "SEV-2";
    case Severity::sev3:
      return "SEV-3";
    case Severity::sev4:
      return "SEV-4";
    case Severity::none:
      return "none";
  }
  CHECK(!"a severity outside its enumeration");
}

std::optional<Severity> parse_severity(std::string_view text) {
  for (const Severity severity :
       {Severity::sev1, Severity::sev2, Severity::sev3, Severity::sev4, Severity::none}) {
    if (text == to_string(severity)) return severity;
  }
  return std::nullopt;
}

}  // namespace tocsin
