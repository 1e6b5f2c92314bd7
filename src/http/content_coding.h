#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::http {

/// What a body's bytes went through on their way (RFC 9110 section 8.4).
enum class Coding : std::uint8_t { identity, gzip, zstd };

/// What a Content-Encoding names, in any case; "" is identity. Nothing for what is not known here
/// and for several codings on top of each other.
std::optional<Coding> coding_of(std::string_view content_encoding);

/// As Accept-Encoding tells a sender that came with another one.
inline constexpr std::string_view kCodingsKnown = "gzip, zstd";

/// What is wrong with a body, if anything is.
enum class BodyTrouble : std::uint8_t {
  none,
  too_large,  ///< Beyond the limit, without its coding.
  ratio,      ///< Much larger than what was sent: see kRatioMax.
  coding,     ///< Not what Content-Encoding says, or cut off.
  window,     ///< zstd with a larger window than kWindowLogMax allows.
};

/// Takes gzip or zstd off a body while it comes in. gzip members and zstd frames may follow each
/// other; anything else behind one is a trouble. Holds the coding's window until it is destroyed,
/// so it lives no longer than its body.
class Decompressor {
 public:
  explicit Decompressor(Coding);  ///< REQUIRES: not identity.
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  /// Appends to `out`, which gets no larger than a piece beyond `most`. After a trouble the body is
  /// lost.
  BodyTrouble take(std::string_view bytes, std::uint64_t most, std::string& out);
  /// Nothing came yet, or what came is whole.
  bool is_whole() const { return whole_; }
  /// Bytes it holds itself.
  std::size_t memory() const;

 private:
  struct Stream;

  std::unique_ptr<Stream> stream_;
  std::uint64_t taken_ = 0;
  bool whole_ = true;
};

}  // namespace tocsin::http
