#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tocsin/alert/identity.h"
#include "tocsin/alert/report.h"
#include "tocsin/store/store.h"
#include "tocsin/triage/explain.h"

namespace tocsin::view {

/// By which rules something is explained.
enum class RulesOf : std::uint8_t {
  now,   ///< Those in force, or those of the files.
  then,  ///< Those that decided about a stored alert, compiled anew from the store's files.
  gone,  ///< Those in force, beside what the former ones decided: their files are not kept any
         ///< more.
};

/// What is explained, besides the explanation itself.
struct Explained {
  const triage::Policy* policy = nullptr;
  LabelsView labels, annotations;  ///< As sent.
  std::string_view source;
  IdentityBy identity_by = IdentityBy::labels;
  std::string_view sender_key{};
  const store::AlertRow* row = nullptr;  ///< Of a stored alert.
  RulesOf rules_of = RulesOf::now;
  std::string_view note{};  ///< What a reader should know about it; "" mostly.
  bool knows_incidents = false;
  std::optional<IncidentId> joins{};  ///< With knows_incidents: the one it would be in.
};

/// A reported alert that is not stored. `now` tells whether it reports an end.
Explained explained_as(const Report&, std::string_view source, const triage::Policy&, Instant now);

/// Appends one JSON object. Values longer than a kilobyte are cut.
void append_explanation(const Explained&, const triage::Explanation&, std::string& out);

/// Alerts explained in one answer, and about how large that may get.
inline constexpr std::size_t kExplainedMax = 100;
inline constexpr std::size_t kExplanationBytesMax = 8U << 20;

/// {"explanations":[…],"omitted":N,"refused":N}: as many as there is room for.
class Explanations {
 public:
  bool is_full() const { return count_ == kExplainedMax || out_.size() > kExplanationBytesMax; }
  void add(const Explained& explained, const triage::Explanation& explanation) {
    if (count_++ > 0) out_ += ',';
    append_explanation(explained, explanation, out_);
  }
  std::size_t count() const { return count_; }
  /// `asked`: how many alerts there were to explain; `more` are further members with a comma in
  /// front, "" mostly.
  std::string take(std::size_t asked, std::size_t refused, std::string_view more = {}) {
    out_ += "],\"omitted\":" + std::to_string(asked - count_) +
            ",\"refused\":" + std::to_string(refused);
    out_.append(more).append("}");
    return std::move(out_);
  }

 private:
  std::string out_ = "{\"explanations\":[";
  std::size_t count_ = 0;
};

}  // namespace tocsin::view
