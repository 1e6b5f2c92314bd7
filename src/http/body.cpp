#include "http/body.h"

#include <algorithm>

#include "http/limits.h"

namespace tocsin::http {

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
