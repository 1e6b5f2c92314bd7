#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/base/seen_once.h"
#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

/// Spellings are known by 128 bits, hashed with a secret that no sender can know, as alerts
/// themselves are: two of a hundred million share them with a chance of 10^-23. So a spelling takes
/// 32 bytes however long it is, and a million of them fit.
///
/// Two generations: what is used is copied into the young one; when that is full it becomes the old
/// one and the former old one goes. So a spelling that is seen again at least once per generation
/// stays, and nothing is kept in order.
struct Memo::Impl {
 public:
  explicit Impl(std::size_t bytes_max);

  /// Spellings under the same terms: a source and what else the key depends on. Asked once per
  /// body.
  const KeySecret& terms(const SourceTerms&);
  /// Starts to fetch what find() will read.
  void prefetch(const Key& hash) const;
  /// The key of a spelling seen before, or null. Valid until the next call. `hash` is
  /// terms().key_of_spelling(spelling).
  const Key* find(const Key& hash);
  /// Keeps it if it was given before, not long ago: what comes once, as in a storm, never comes
  /// again.
  void remember(const Key& hash, const Key&);
  void clear();

 private:
  struct Entry {
    Key hash;  // Zero: free.
    Key key;
  };
  struct Generation {
    std::vector<Entry> places;  // Open addressing; a power of two, at most three quarters full.
    std::size_t count = 0;

    void prefetch(const Key& hash) const {
      if (!places.empty()) __builtin_prefetch(&places[hash.high & (places.size() - 1)]);
    }
    bool is_full() const { return (count + 1) * 4 > places.size() * 3; }
    const Entry* find(const Key& hash) const;
    void insert(const Entry&);
    void grow();
  };
  void keep(const Entry&);
  struct Terms {
    std::string source;
    std::uint64_t mapping_version = 0;
    std::vector<std::string> identity_ignore;
    KeySecret secret;
  };

  std::size_t places_max_;  ///< Of one generation.
  Key found_;
  Generation young_, old_;
  SeenOnce once_;
  std::vector<Terms> terms_;
};

}  // namespace tocsin::ingest
