#include "ingest/memo.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

namespace tocsin::ingest {
namespace {

constexpr std::size_t kChunk = 256U << 10;
constexpr std::size_t kSpellingMax = 16U << 10;  // Longer ones are decoded every time.
constexpr std::size_t kTermsMax = 1'000;
/// Places for spellings seen once, four to each value of the hash; a power of two. With one to
/// each, two spellings that take turns there would push one another out for ever, and neither be
/// kept.
constexpr std::size_t kOnce = 1U << 15;

}  // namespace

Memo::Impl::Impl(std::size_t bytes_max) : generation_max_(bytes_max / 2), once_(kOnce) {
  std::random_device random;
  seed_ = (static_cast<std::uint64_t>(random()) << 32U) | random();
}

std::uint64_t Memo::Impl::hash_of(std::string_view spelling) const {
  return content_hash(spelling, seed_);
}

std::uint32_t Memo::Impl::terms_id(const SourceTerms& asked) {
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const Terms& known = terms_[i];
    if (known.source == asked.source && known.mapping_version == asked.mapping_version &&
        known.identity_ignore == *asked.identity_ignore) {
      return static_cast<std::uint32_t>(i);
    }
  }
  if (terms_.size() == kTermsMax) clear();
  terms_.push_back({std::string(asked.source), asked.mapping_version, *asked.identity_ignore});
  return static_cast<std::uint32_t>(terms_.size() - 1);
}

const Key* Memo::Impl::find(std::uint32_t terms, std::uint64_t hash, std::string_view spelling) {
  if (const Entry* entry = young_.find(terms, hash, spelling)) return &entry->key;
  const Entry* entry = old_.find(terms, hash, spelling);
  if (entry == nullptr) return nullptr;
  found_ = entry->key;  // The old generation may go when this one is taken over.
  keep(terms, hash, spelling, found_);
  return &found_;
}

void Memo::Impl::remember(std::uint32_t terms, std::uint64_t hash, std::string_view spelling,
                          const Key& key) {
  if (spelling.empty() || spelling.size() > kSpellingMax) return;
  // What is seen once, as in a storm, never comes again: only a second sight is worth the copy.
  const auto tag = static_cast<std::uint32_t>(hash >> 32U) | 1U;
  auto& seen = once_[hash % once_.size()];
  const auto* const at = std::ranges::find(seen, tag);
  if (at == seen.end()) {
    std::ranges::copy_backward(seen.begin(), seen.end() - 1, seen.end());
    seen.front() = tag;
    return;
  }
  keep(terms, hash, spelling, key);
}

void Memo::Impl::keep(std::uint32_t terms, std::uint64_t hash, std::string_view spelling,
                      const Key& key) {
  if (young_.find(terms, hash, spelling) != nullptr) return;
  young_.insert(Entry{hash, nullptr, static_cast<std::uint32_t>(spelling.size()), terms, key},
                spelling);
  if (young_.bytes < generation_max_) return;
  old_ = std::exchange(young_, Generation{});
}

void Memo::Impl::clear() {
  young_ = Generation{};
  old_ = Generation{};
  terms_.clear();
}

const Memo::Impl::Entry* Memo::Impl::Generation::find(std::uint32_t terms, std::uint64_t hash,
                                                      std::string_view spelling) const {
  if (places.empty()) return nullptr;
  const std::size_t mask = places.size() - 1;
  for (std::size_t at = hash & mask; places[at].spelling != nullptr; at = (at + 1) & mask) {
    const Entry& entry = places[at];
    if (entry.hash == hash && entry.terms == terms && entry.size == spelling.size() &&
        std::memcmp(entry.spelling, spelling.data(), spelling.size()) == 0) {
      return &entry;
    }
  }
  return nullptr;
}

void Memo::Impl::Generation::insert(Entry entry, std::string_view spelling) {
  if ((count + 1) * 2 > places.size()) grow();
  if (spelling.size() > left) {
    chunks.push_back(std::make_unique_for_overwrite<char[]>(kChunk));
    next = chunks.back().get();
    left = kChunk;
    bytes += kChunk;
  }
  std::memcpy(next, spelling.data(), spelling.size());
  entry.spelling = next;
  next += spelling.size();
  left -= spelling.size();
  const std::size_t mask = places.size() - 1;
  std::size_t at = entry.hash & mask;
  while (places[at].spelling != nullptr) at = (at + 1) & mask;
  places[at] = entry;
  ++count;
}

void Memo::Impl::Generation::grow() {
  std::vector<Entry> before(places.empty() ? 1024 : places.size() * 2);
  bytes += (before.size() - places.size()) * sizeof(Entry);
  before.swap(places);
  const std::size_t mask = places.size() - 1;
  for (const Entry& entry : before) {
    if (entry.spelling == nullptr) continue;
    std::size_t at = entry.hash & mask;
    while (places[at].spelling != nullptr) at = (at + 1) & mask;
    places[at] = entry;
  }
}

Memo::Memo(std::size_t bytes_max) : impl_(std::make_unique<Impl>(bytes_max)) {}
Memo::~Memo() = default;
Memo::Memo(Memo&&) noexcept = default;
Memo& Memo::operator=(Memo&&) noexcept = default;
void Memo::clear() { impl_->clear(); }

}  // namespace tocsin::ingest
