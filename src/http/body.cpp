#include "http/body.h"

#include <algorithm>

#include "http/limits.h"
#include "http/message.h"

namespace tocsin::http {

std::string size_detail(std::uint64_t most) {
  return "the body is larger than " + std::to_string(most) + " bytes; send it in parts";
}

BodyRefusal refusal_of(BodyTrouble trouble, std::uint64_t most) {
  switch (trouble) {
    case BodyTrouble::none:
    case BodyTrouble::too_large:
      break;
    case BodyTrouble::ratio:
      return {413,
              "without its coding the body is more than " + std::to_string(kRatioMax) +
                  " times as large as it was sent; send it in parts, or as it is",
              "ratio"};
    case BodyTrouble::coding:
      return {400, "the body is broken: it is not what its Content-Encoding says, or cut off",
              "content_coding"};
    case BodyTrouble::window:
      return {413,
              "the body needs a zstd window of more than 8 MiB; compress it at a level up to 19 "
              "and without --long",
              "window"};
  }
  return {413, size_detail(most), "too_large"};
}

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
  if (type.size() != kJson.size()) return false;
  for (std::size_t i = 0; i < type.size(); ++i) {
    const char c = type[i] >= 'A' && type[i] <= 'Z' ? static_cast<char>(type[i] + 32) : type[i];
    if (c != kJson[i]) return false;
  }
  return true;
}

void Body::clear() {
  for (std::string* text : {&bytes_, &sent_}) {
    if (text->capacity() > kKeptBody) *text = std::string();
    text->clear();
  }
  decompressor_.reset();
  terms_ = {};
  announced_ = received_ = 0;
}

void Body::begin(const BodyTerms& terms, std::uint64_t announced) {
  terms_ = terms;
  announced_ = announced;
  if (terms.coding == Coding::identity) {
    bytes_.reserve(static_cast<std::size_t>(std::min(announced, terms.most)));
  } else {
    decompressor_.emplace(terms.coding);
  }
}

BodyTrouble Body::take(std::string_view bytes) {
  received_ += bytes.size();
  if (received_ > terms_.most) return BodyTrouble::too_large;
  if (!decompressor_) {
    bytes_.append(bytes);
    return BodyTrouble::none;
  }
  if (terms_.keeps_sent) sent_.append(bytes);
  return decompressor_->take(bytes, terms_.most, bytes_);
}

BodyTrouble Body::finish() {
  return !decompressor_ || decompressor_->is_whole() ? BodyTrouble::none : BodyTrouble::coding;
}

std::uint64_t Body::charge() const {
  const std::uint64_t sent = std::max(announced_, received_);
  return decompressor_ ? sent + bytes_.size() + decompressor_->memory() : sent;
}

}  // namespace tocsin::http
