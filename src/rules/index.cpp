#include "rules/index.h"

#include <utility>

#include "rules/index_tables.h"

namespace tocsin::rules {
namespace {

template <class T>
std::size_t bytes_of(const std::vector<T>& items) {
  return items.capacity() * sizeof(T);
}

}  // namespace

Index::Index(const Predicates& predicates, Limits limits)
    : tables_(std::make_unique<const IndexTables>(compile_index(predicates, limits))) {}
Index::~Index() = default;
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;

std::span<const std::uint32_t> Index::without_witness(Stage stage) const {
  return tables_->stages[static_cast<std::size_t>(stage)].without_witness;
}

std::size_t Index::bytes() const {
  std::size_t bytes = sizeof(IndexTables) + tables_->names.bytes() + tables_->values.bytes() +
                      tables_->pattern_index.bytes() + bytes_of(tables_->sets) +
                      bytes_of(tables_->thresholds) + bytes_of(tables_->thresholds_of_label) +
                      bytes_of(tables_->program);
  for (const StageTables& stage : tables_->stages) {
    bytes += bytes_of(stage.first) + bytes_of(stage.postings) + bytes_of(stage.everywhere) +
             bytes_of(stage.always) + bytes_of(stage.without_witness);
  }
  return bytes;
}

}  // namespace tocsin::rules
