#include "tocsin/alert/identity.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tocsin/base/check.h"

namespace tocsin {
namespace {

/// Bytes to hash, on the stack unless they are many.
class Scratch {
 public:
  explicit Scratch(std::size_t size) {
    if (size > kOnStack) {
      large_.resize(size);
      at_ = large_.data();
    }
    begin_ = at_;
  }
  void put(char c) { *at_++ = c; }
  void put(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  std::string_view view() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  static constexpr std::size_t kOnStack = 512;
  char stack_[kOnStack];
  std::string large_;
  char* at_ = stack_;
  char* begin_ = nullptr;
};

Key hash(std::string_view bytes, const std::array<unsigned char, 192>& secret) {
  const XXH128_hash_t h =
      XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret.data(), secret.size());
  return {h.high64, h.low64};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool read_hex(std::string_view text, std::uint64_t& out) {
  out = 0;
  for (const char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0) return false;
    out = out << 4 | static_cast<std::uint64_t>(digit);
  }
  return true;
}

// The three spaces of keys cannot meet: a label block is empty or begins with the size of a name,
// which is never 0; the others begin with a 0 and a letter.
constexpr char kSenderSpace = 's';
constexpr char kBytesSpace = 'b';

}  // namespace

KeySecret::KeySecret(std::string_view seed) {
  CHECK(seed.size() >= 16);
  // The expansion is part of the store's format: tests/alert pins keys of a known seed.
  const XXH_errorcode result =
      XXH3_generateSecret(bytes_.data(), bytes_.size(), seed.data(), seed.size());
  CHECK(result == XXH_OK);
}

Key KeySecret::key_of_labels(LabelsView identity_labels) const {
  return hash(identity_labels.block(), bytes_);
}

Key KeySecret::key_of_sender(std::string_view source, std::string_view sender_key) const {
  // The size of the source's name goes first, so that ("a", "bc") and ("ab", "c") differ.
  const std::uint64_t source_size = source.size();
  char size_bytes[sizeof source_size];
  for (std::size_t i = 0; i < sizeof source_size; ++i) {
    size_bytes[i] = static_cast<char>(source_size >> (8 * i) & 0xff);
  }
  Scratch scratch(2 + sizeof size_bytes + source.size() + sender_key.size());
  scratch.put('\0');
  scratch.put(kSenderSpace);
  scratch.put(std::string_view(size_bytes, sizeof size_bytes));
  scratch.put(source);
  scratch.put(sender_key);
  return hash(scratch.view(), bytes_);
}

Key KeySecret::key_of_bytes(std::string_view bytes) const {
  Scratch scratch(2 + bytes.size());
  scratch.put('\0');
  scratch.put(kBytesSpace);
  scratch.put(bytes);
  return hash(scratch.view(), bytes_);
}

Key KeySecret::key_of_spelling(std::string_view bytes) const { return hash(bytes, bytes_); }

std::string to_hex(const Key& key) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out(32, '0');
  for (std::size_t i = 0; i < 16; ++i) {
    out[15 - i] = kHex[key.high >> (4 * i) & 15];
    out[31 - i] = kHex[key.low >> (4 * i) & 15];
  }
  return out;
}

bool key_from_hex(std::string_view text, Key& out) {
  Key key;
  if (text.size() != 32) return false;
  if (!read_hex(text.substr(0, 16), key.high) || !read_hex(text.substr(16), key.low)) return false;
  out = key;
  return true;
}

std::uint64_t content_hash(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace tocsin
