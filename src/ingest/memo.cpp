#include "ingest/memo.h"

#include <algorithm>
#include <array>
#include <bit>
#include <random>
#include <utility>

namespace tocsin::ingest {
namespace {

constexpr std::size_t kPlacesFirst = 1024;
constexpr std::size_t kTermsMax = 1'000;
/// As many spellings are remembered as seen once as there may be alerts: 4 MiB.
constexpr std::size_t kOncePlaces = 1U << 18;

KeySecret random_secret() {
  std::random_device random;
  std::array<char, 32> seed;
  std::ranges::generate(seed, [&] { return static_cast<char>(random()); });
  return KeySecret({seed.data(), seed.size()});
}

}  // namespace

Memo::Impl::Impl(std::size_t bytes_max)
    : places_max_(std::max(kPlacesFirst, std::bit_floor(bytes_max / 2 / sizeof(Entry)))),
      once_(kOncePlaces) {}

const KeySecret& Memo::Impl::terms(const SourceTerms& asked) {
  const auto known = std::ranges::find_if(terms_, [&](const Terms& terms) {
    return terms.source == asked.source && terms.mapping_version == asked.mapping_version &&
           terms.identity_ignore == *asked.identity_ignore;
  });
  if (known != terms_.end()) return known->secret;
  if (terms_.size() == kTermsMax) clear();
  terms_.push_back(
      {std::string(asked.source), asked.mapping_version, *asked.identity_ignore, random_secret()});
  return terms_.back().secret;
}

void Memo::Impl::prefetch(const Key& hash) const {
  young_.prefetch(hash);
  old_.prefetch(hash);
}

const Key* Memo::Impl::find(const Key& hash) {
  if (const Entry* entry = young_.find(hash)) return &entry->key;
  const Entry* entry = old_.find(hash);
  if (entry == nullptr) {
    once_.prefetch(hash.low);
    return nullptr;
  }
  found_ = entry->key;  // The old generation may go when this one is taken over.
  keep({hash, found_});
  return &found_;
}

void Memo::Impl::remember(const Key& hash, const Key& key) {
  if (!once_.seen(hash.low)) return;
  keep({hash, key});
}

void Memo::Impl::keep(const Entry& entry) {
  if (young_.find(entry.hash) != nullptr) return;
  if (young_.is_full()) {
    if (young_.places.size() == places_max_) old_ = std::exchange(young_, Generation{});
    young_.grow();
  }
  young_.insert(entry);
}

void Memo::Impl::clear() {
  young_ = Generation{};
  old_ = Generation{};
  terms_.clear();
}

const Memo::Impl::Entry* Memo::Impl::Generation::find(const Key& hash) const {
  if (places.empty()) return nullptr;
  const std::size_t mask = places.size() - 1;
  for (std::size_t at = hash.high & mask; places[at].hash != Key{}; at = (at + 1) & mask) {
    if (places[at].hash == hash) return &places[at];
  }
  return nullptr;
}

void Memo::Impl::Generation::insert(const Entry& entry) {
  const std::size_t mask = places.size() - 1;
  std::size_t at = entry.hash.high & mask;
  while (places[at].hash != Key{}) at = (at + 1) & mask;
  places[at] = entry;
  ++count;
}

void Memo::Impl::Generation::grow() {
  std::vector<Entry> before(std::max(kPlacesFirst, places.size() * 2));
  before.swap(places);
  count = 0;
  for (const Entry& entry : before) {
    if (entry.hash != Key{}) insert(entry);
  }
}

Memo::Memo(std::size_t bytes_max) : impl_(std::make_unique<Impl>(bytes_max)) {}
Memo::~Memo() = default;
Memo::Memo(Memo&&) noexcept = default;
Memo& Memo::operator=(Memo&&) noexcept = default;
void Memo::clear() { impl_->clear(); }

}  // namespace tocsin::ingest
