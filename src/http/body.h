#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/content_coding.h"

namespace tocsin::http {

/// How a request's body is to be read; known when its head is.
struct BodyTerms {
  Coding coding = Coding::identity;
  std::uint64_t most = 0;   ///< Of bytes, as they are sent and without their coding.
  bool keeps_sent = false;  ///< The bytes as they were sent are signed.
};

/// "the body is larger than N bytes; send it in parts"
std::string size_detail(std::uint64_t most);

/// What a sender is told about a trouble.
struct BodyRefusal {
  int status = 413;
  std::string detail;
  std::string_view reason;  ///< Bounded, for metrics.
};
BodyRefusal refusal_of(BodyTrouble, std::uint64_t most);

/// Whether a Content-Type is that of JSON, with whatever parameters.
bool is_json(std::string_view content_type);

/// A request's body as it comes in.
class Body {
 public:
  /// Empty again, with its memory unless that has grown beyond kKeptBody.
  void clear();
  void begin(const BodyTerms&, std::uint64_t announced);

  bool is_coded() const { return decompressor_.has_value(); }
  BodyTrouble take(std::string_view bytes);
  BodyTrouble finish();

  std::string_view bytes() const { return bytes_; }
  /// With the coding they came in. REQUIRES: keeps_sent, where there is a coding.
  std::string_view sent() const { return decompressor_ ? sent_ : bytes_; }
  /// What it takes of the budget for bodies: all it holds, and what is announced and yet to come.
  std::uint64_t charge() const;

 private:
  BodyTerms terms_;
  std::uint64_t announced_ = 0, received_ = 0;
  std::string bytes_, sent_;
  std::optional<Decompressor> decompressor_;
};

}  // namespace tocsin::http
