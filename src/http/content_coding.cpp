#include "http/content_coding.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <variant>

#include "http/limits.h"
#include "tocsin/base/check.h"

namespace tocsin::http {
namespace {

/// So much comes out between two looks at the limits.
constexpr std::size_t kPiece = 64U << 10;
/// What zlib allocates for a stream: its state and the window of 32 KiB.
constexpr std::size_t kGzipMemory = 48U << 10;
/// Tells inflate to expect gzip and nothing else, with any window that gzip knows.
constexpr int kGzipWindowBits = 15 + 16;

bool is_named(std::string_view given, std::string_view name) {
  return std::ranges::equal(given, name, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

std::optional<Coding> coding_of(std::string_view content_encoding) {
  if (content_encoding.empty() || is_named(content_encoding, "identity")) return Coding::identity;
  if (is_named(content_encoding, "gzip") || is_named(content_encoding, "x-gzip")) {
    return Coding::gzip;
  }
  if (is_named(content_encoding, "zstd")) return Coding::zstd;
  return std::nullopt;
}

namespace {

/// What one call of a library did.
struct Step {
  std::size_t read = 0, written = 0;
  bool at_end = false;  ///< A member or frame is whole, and all of it is written.
  BodyTrouble trouble = BodyTrouble::none;
};

class Gzip {
 public:
  Gzip() { CHECK(inflateInit2(&zlib_, kGzipWindowBits) == Z_OK); }
  ~Gzip() { inflateEnd(&zlib_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Step step(std::string_view from, char* to, std::size_t room) {
    // zlib's interface is older than const.
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));
    zlib_.avail_in = static_cast<uInt>(from.size());
    zlib_.next_out = reinterpret_cast<Bytef*>(to);
    zlib_.avail_out = static_cast<uInt>(room);
    const int result = inflate(&zlib_, Z_NO_FLUSH);
    Step done{from.size() - zlib_.avail_in, room - zlib_.avail_out};
    if (result == Z_STREAM_END) {
      done.at_end = true;
      inflateReset(&zlib_);  // Another member may follow (RFC 1952 section 2.2).
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      done.trouble = BodyTrouble::coding;
    }
    return done;
  }
  std::size_t memory() const { return kGzipMemory; }

 private:
  z_stream zlib_{};
};

class Zstd {
 public:
  Zstd() : context_(ZSTD_createDCtx()) {
    CHECK(context_ != nullptr);
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowLogMax);
  }
  ~Zstd() { ZSTD_freeDCtx(context_); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  Step step(std::string_view from, char* to, std::size_t room) {
    ZSTD_inBuffer in{from.data(), from.size(), 0};
    ZSTD_outBuffer out{to, room, 0};
    const std::size_t result = ZSTD_decompressStream(context_, &out, &in);
    Step done{in.pos, out.pos, result == 0};
    if (ZSTD_isError(result) != 0) {
      const bool window = ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge;
      done.trouble = window ? BodyTrouble::window : BodyTrouble::coding;
    }
    return done;
  }
  std::size_t memory() const { return ZSTD_sizeof_DCtx(context_); }

 private:
  ZSTD_DCtx* context_;
};

}  // namespace

struct Decompressor::Stream {
  std::variant<std::monostate, Gzip, Zstd> library;

  explicit Stream(Coding coding) {
    CHECK(coding != Coding::identity);
    coding == Coding::gzip ? void(library.emplace<Gzip>()) : void(library.emplace<Zstd>());
  }
  Step step(std::string_view from, char* to, std::size_t room) {
    if (Gzip* const gzip = std::get_if<Gzip>(&library)) return gzip->step(from, to, room);
    return std::get<Zstd>(library).step(from, to, room);
  }
  std::size_t memory() const {
    if (const Gzip* const gzip = std::get_if<Gzip>(&library)) return gzip->memory();
    return std::get<Zstd>(library).memory();
  }
};

Decompressor::Decompressor(Coding coding) : stream_(std::make_unique<Stream>(coding)) {}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

std::size_t Decompressor::memory() const { return stream_->memory(); }

BodyTrouble Decompressor::take(std::string_view bytes, std::uint64_t most, std::string& out) {
  bool has_more_to_write = false;
  while (!bytes.empty() || has_more_to_write) {
    // One byte beyond the limit tells a body that is as large as it may be from a larger one.
    const auto room =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, most + 1 - out.size()));
    const std::size_t before = out.size();
    Step done;
    out.resize_and_overwrite(before + room, [&](char* text, std::size_t) {
      done = stream_->step(bytes, text + before, room);
      return before + done.written;
    });
    bytes.remove_prefix(done.read);
    taken_ += done.read;
    if (done.trouble != BodyTrouble::none) return done.trouble;
    if (out.size() > most) return BodyTrouble::too_large;
    if (out.size() > kFreeOfRatio && out.size() / kRatioMax > taken_) return BodyTrouble::ratio;
    if (done.read + done.written == 0 && !bytes.empty()) return BodyTrouble::coding;
    has_more_to_write = done.written == room && !done.at_end;
    if (done.read + done.written > 0) whole_ = done.at_end;
  }
  return BodyTrouble::none;
}

}  // namespace tocsin::http
