#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

/// Two generations: what is used is copied into the young one; when that holds half the bytes it
/// becomes the old one and the former old one goes. So a spelling that is seen again at least once
/// per half stays, and nothing is kept in order.
struct Memo::Impl {
 public:
  explicit Impl(std::size_t bytes_max);

  /// A number for the source and what else the key depends on. Asked once per body.
  std::uint32_t terms_id(const SourceTerms&);
  /// Seeded at random, so that nobody can make spellings collide on purpose.
  std::uint64_t hash_of(std::string_view spelling) const;
  /// The key of a spelling seen before under the same terms, or null. Valid until the next call.
  const Key* find(std::uint32_t terms, std::uint64_t hash, std::string_view spelling);
  /// Keeps it if it was given before, not long ago.
  void remember(std::uint32_t terms, std::uint64_t hash, std::string_view spelling, const Key&);
  void clear();

 private:
  struct Entry {
    std::uint64_t hash = 0;
    const char* spelling = nullptr;  // Null: free.
    std::uint32_t size = 0;
    std::uint32_t terms = 0;
    Key key;
  };
  struct Generation {
    std::vector<Entry> places;  // Open addressing, at most half full.
    std::size_t count = 0;
    std::vector<std::unique_ptr<char[]>> chunks;
    char* next = nullptr;
    std::size_t left = 0;
    std::size_t bytes = 0;

    const Entry* find(std::uint32_t terms, std::uint64_t hash, std::string_view spelling) const;
    void insert(Entry, std::string_view spelling);
    void grow();
  };
  void keep(std::uint32_t terms, std::uint64_t hash, std::string_view spelling, const Key&);
  struct Terms {
    std::string source;
    std::uint64_t mapping_version = 0;
    std::vector<std::string> identity_ignore;
  };

  std::size_t generation_max_;
  std::uint64_t seed_;
  Key found_;
  Generation young_, old_;
  std::vector<std::array<std::uint32_t, 4>> once_;  // By hash: the last spellings there, as tags.
  std::vector<Terms> terms_;
};

}  // namespace tocsin::ingest
