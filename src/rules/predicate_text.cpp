#include <string>
#include <string_view>

#include "tocsin/base/overloaded.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {
namespace {

/// Writes until enough is written: a predicate may be megabytes long.
class PredicateText {
 public:
  explicit PredicateText(std::size_t bytes) : bytes_(bytes) {}

  void add(const Predicate& predicate, bool inside) {
    std::visit(Overloaded{
                   [&](const AllOf& all) { add(all.terms, " and ", "always", inside); },
                   [&](const AnyOf& any) { add(any.terms, " or ", "never", inside); },
                   [&](const Not& negated) {
                     text_ += "not ";
                     add(negated.term.front(), true);
                   },
                   [&](const Matcher& matcher) { text_ += to_string(matcher); },
               },
               predicate.kind);
  }

  std::string take() {
    if (text_.size() <= bytes_) return std::move(text_);
    std::size_t end = bytes_;
    while (end > 0 && (static_cast<unsigned char>(text_[end]) & 0xC0U) == 0x80U) --end;
    text_.resize(end);
    return std::move(text_) + "…";
  }

 private:
  void add(const std::vector<Predicate>& terms, std::string_view between, std::string_view empty,
           bool inside) {
    if (terms.empty()) text_ += empty;
    if (terms.size() == 1) return add(terms.front(), inside);
    if (inside && !terms.empty()) text_ += '(';
    for (const Predicate& term : terms) {
      if (text_.size() > bytes_) return;
      if (&term != &terms.front()) text_ += between;
      add(term, true);
    }
    if (inside && !terms.empty()) text_ += ')';
  }

  std::size_t bytes_;
  std::string text_;
};

}  // namespace

std::string to_string(const Predicate& predicate, std::size_t bytes) {
  PredicateText text(bytes);
  text.add(predicate, false);
  return text.take();
}

}  // namespace tocsin::rules
