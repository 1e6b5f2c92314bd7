#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "http/body.h"
#include "http/message.h"

namespace tocsin::http {

/// What bytes that are no request are told.
struct Breakage {
  int status = 400;
  std::string_view detail = "this is not an HTTP/1.1 request";
  std::string_view reason = "not_http";
};

/// Bytes → one request after the other, by the letter of RFC 9112. Knows no sockets and no routes.
class RequestReader {
 public:
  enum class Got : std::uint8_t {
    too_little,  ///< What is left are the bytes of an unfinished line or head.
    head,        ///< Look at it, and say how to read the body.
    some,        ///< Of the body.
    whole,
    broken,   ///< See breakage(). Where the next request begins is not known.
    trouble,  ///< With the body: see trouble().
  };

  RequestReader();
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// For the next request. Views into the one before are no longer good.
  void begin();
  /// Reads from the front of `bytes` what is there of the request, and removes it.
  /// REQUIRES: the request is not whole.
  Got take(std::string_view& bytes);
  /// Where the request ends with its head, it is whole with that.
  bool is_whole() const;

  /// From Got::head on.
  Head head() const;
  bool keeps_connection() const;
  std::string_view header(std::string_view name) const;
  void expect_body(const BodyTerms&);
  const Body& body() const;

  Breakage breakage() const;
  BodyTrouble trouble() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::http
