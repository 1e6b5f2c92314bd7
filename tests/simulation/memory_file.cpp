#include "simulation/memory_file.h"

#include <algorithm>
#include <cstring>

namespace tocsin::simulation {
namespace {

constexpr std::size_t kSector = 512;

}  // namespace

bool MemoryFile::read(char* to, std::size_t size, std::size_t offset) const {
  const std::size_t have = offset < now_.size() ? std::min(size, now_.size() - offset) : 0;
  if (have > 0) std::memcpy(to, now_.data() + offset, have);
  if (have < size) std::memset(to + have, 0, size - have);
  return have == size;
}

void MemoryFile::write(std::string_view bytes, std::size_t offset) {
  pending_.push_back({offset, std::string(bytes), false});
  apply(pending_.back(), now_);
}

void MemoryFile::truncate(std::size_t size) {
  pending_.push_back({size, {}, true});
  apply(pending_.back(), now_);
}

void MemoryFile::apply(const Pending& change, std::string& image) {
  if (change.is_truncate) {
    // SQLite never grows a file this way; a truncate beyond the end of a partly kept image is
    // nothing.
    if (change.offset < image.size()) image.resize(change.offset);
    return;
  }
  if (change.offset == image.size()) {
    image.append(change.bytes);
    return;
  }
  const std::size_t end = change.offset + change.bytes.size();
  if (image.size() < end) image.resize(end);
  image.replace(change.offset, change.bytes.size(), change.bytes);
}

void MemoryFile::sync() {
  for (const Pending& change : pending_) apply(change, durable_);
  pending_.clear();
  named_ = true;
}

void MemoryFile::lose_sync(Random& random) {
  for (const Pending& change : pending_) {
    if (random.chance(50)) apply(change, durable_);
  }
  pending_.clear();
  lost_a_sync_ = true;
}

void MemoryFile::lose_process(Random& random) {
  if (lost_a_sync_ && random.chance(50)) {
    now_ = durable_;
    for (const Pending& change : pending_) apply(change, now_);
    lost_a_sync_ = false;
  }
  memory = SharedMemory{};
}

void MemoryFile::tear(const Pending& change, Random& random, bool noise) {
  if (change.is_truncate || change.bytes.empty()) return;
  const std::size_t first = change.offset / kSector;
  const std::size_t last = (change.offset + change.bytes.size() - 1) / kSector;
  const std::size_t at = first + static_cast<std::size_t>(random.below(last - first + 1));
  if (at * kSector > change.offset) {
    apply({change.offset, change.bytes.substr(0, at * kSector - change.offset), false}, durable_);
  }
  if (!noise || !random.chance(50)) return;
  // A sector written over with what it holds comes to no harm, nor does what lies beside the write.
  const std::size_t from = std::max(at * kSector, change.offset);
  const std::size_t to =
      std::min({(at + 1) * kSector, change.offset + change.bytes.size(), durable_.size()});
  if (from >= to) return;
  const std::string_view written =
      std::string_view(change.bytes).substr(from - change.offset, to - from);
  if (std::string_view(durable_).substr(from, to - from) == written) return;
  for (std::size_t byte = from; byte < to; ++byte)
    durable_[byte] = static_cast<char>(random.next());
}

void MemoryFile::lose_power(Random& random, bool noise) {
  enum { drop, keep, prefix, subset };
  const auto fate = random.below(4);
  const std::size_t kept =
      fate == prefix ? static_cast<std::size_t>(random.below(pending_.size() + 1)) : 0;
  const auto odds = static_cast<unsigned>(random.between(10, 90));
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (fate == keep || (fate == prefix && i < kept)) {
      apply(pending_[i], durable_);
    } else if (fate == prefix && i == kept) {
      tear(pending_[i], random, noise);
    } else if (fate == subset) {
      if (random.chance(odds)) {
        apply(pending_[i], durable_);
      } else if (random.chance(30)) {
        tear(pending_[i], random, noise);
      }
    }
  }
  if (!pending_.empty() && fate != drop) named_ = named_ || random.chance(50);
  pending_.clear();
  now_ = durable_;
  lost_a_sync_ = false;
  memory = SharedMemory{};
}

}  // namespace tocsin::simulation
