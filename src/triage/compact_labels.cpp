#include "tocsin/triage/compact_labels.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tocsin/alert/identity.h"
#include "tocsin/base/text.h"

namespace tocsin::triage {
namespace {

/// A word that finds no place that near is not kept: words made to collide cost no more than that.
constexpr std::size_t kProbesMax = 8;
constexpr std::size_t kPlacesFirst = 256;

char* put_varint(std::uint64_t value, char* to) {
  for (; value >= 0x80; value >>= 7U) *to++ = static_cast<char>((value & 0x7FU) | 0x80U);
  *to++ = static_cast<char>(value);
  return to;
}

std::uint64_t take_varint(const char*& at) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80U) return value;
  }
}

std::uint64_t hash_of(std::uint32_t name, std::string_view text) {
  return content_hash(text, std::uint64_t{name} + 1);
}

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32U); }

}  // namespace

CompactLabels Vocabulary::compress(LabelsView labels) {
  CompactLabels out;
  const std::string_view block = labels.block();
  if (block.empty()) return out;
  // A name or a value takes at most a byte more than in the block, or two in all if it is known,
  // and at least two there.
  draft_.resize(std::max(draft_.size(), 2 * block.size()));
  char* end = draft_.data();
  std::size_t position = 0;
  for (const Label label : labels) {
    const std::uint32_t name = place_of_name(label.name, position++);
    end = put(name, label.name, end);
    end = put(name == kNone ? kNone : place_of(name, label.value), label.value, end);
  }
  const auto size = static_cast<std::size_t>(end - draft_.data());
  char spelled[10];
  const auto spelled_size = static_cast<std::size_t>(put_varint(size, spelled) - spelled);
  out.block_ = std::make_unique_for_overwrite<char[]>(spelled_size + size);
  std::memcpy(out.block_.get(), spelled, spelled_size);
  std::memcpy(out.block_.get() + spelled_size, draft_.data(), size);
  return out;
}

Labels Vocabulary::expand(const CompactLabels& compact) const {
  if (compact.block_ == nullptr) return {};
  const char* at = compact.block_.get();
  const std::uint64_t size = take_varint(at);
  const char* const end = at + size;
  std::string block;
  block.reserve(4 * size);
  while (at != end) {
    const Word* name = nullptr;
    const std::string_view name_text = take_word(at, names_, name);
    const Word* value = nullptr;
    static const std::vector<std::uint32_t> kNoValues;
    const std::string_view value_text =
        take_word(at, name == nullptr ? kNoValues : name->values, value);
    encode_label({name_text, value_text}, block);
  }
  return Labels(LabelsView(block));
}

std::string_view Vocabulary::take_word(const char*& at, const std::vector<std::uint32_t>& known,
                                       const Word*& word) const {
  const std::uint64_t said = take_varint(at);
  if ((said & 1U) != 0) {
    word = &words_[known[said >> 1U]];
    return word->text;
  }
  const std::string_view text(at, said >> 1U);
  at += text.size();
  return text;
}

char* Vocabulary::put(std::uint32_t place, std::string_view text, char* to) const {
  if (place != kNone) return put_varint((std::uint64_t{words_[place].number} << 1U) | 1U, to);
  to = put_varint(std::uint64_t{text.size()} << 1U, to);
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

std::uint32_t Vocabulary::place_of_name(std::string_view text, std::size_t position) {
  if (position < draft_names_.size()) {
    const std::uint32_t guess = draft_names_[position];
    if (guess != kNone && same_text(words_[guess].text, text)) return guess;
  } else {
    draft_names_.push_back(kNone);
  }
  return draft_names_[position] = place_of(kNone, text);
}

std::uint32_t Vocabulary::place_of(std::uint32_t name, std::string_view text) {
  if (text.size() > kWordBytesMax) return kNone;
  const std::uint64_t hash = hash_of(name, text);
  if (!places_.empty()) {
    const std::size_t mask = places_.size() - 1;
    for (std::size_t probe = 0; probe < kProbesMax; ++probe) {
      const Place& place = places_[(hash + probe) & mask];
      if (place.word == kNone) break;
      if (place.tag != tag_of(hash)) continue;
      const Word& word = words_[place.word];
      if (word.name == name && same_text(word.text, text)) return place.word;
    }
  }
  return add(name, text, hash);
}

std::uint32_t Vocabulary::add(std::uint32_t name, std::string_view text, std::uint64_t hash) {
  const bool is_name = name == kNone;
  if (is_name ? names_.size() == kNamesMax
              : values_ == kValuesMax || words_[name].values.size() == kValuesOfNameMax) {
    return kNone;
  }
  if (words_.size() * 2 >= places_.size()) grow();
  const auto place = static_cast<std::uint32_t>(words_.size());
  if (!take_place(hash, place)) return kNone;
  std::vector<std::uint32_t>& known = is_name ? names_ : words_[name].values;
  const auto number = static_cast<std::uint32_t>(known.size());
  known.push_back(place);
  words_.push_back({std::string(text), name, number, {}});
  if (!is_name) ++values_;
  return place;
}

void Vocabulary::grow() {
  places_.assign(places_.empty() ? kPlacesFirst : places_.size() * 2, Place{});
  for (std::uint32_t place = 0; place < words_.size(); ++place) {
    // One that finds no place is still read by its number, and learnt again if it comes again.
    take_place(hash_of(words_[place].name, words_[place].text), place);
  }
}

bool Vocabulary::take_place(std::uint64_t hash, std::uint32_t place) {
  const std::size_t mask = places_.size() - 1;
  for (std::size_t probe = 0; probe < kProbesMax; ++probe) {
    Place& at = places_[(hash + probe) & mask];
    if (at.word != kNone) continue;
    at = {place, tag_of(hash)};
    return true;
  }
  return false;
}

}  // namespace tocsin::triage
