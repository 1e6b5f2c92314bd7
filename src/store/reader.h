#pragma once

#include <expected>
#include <memory>

#include "store/heads.h"
#include "tocsin/store/store.h"

namespace tocsin::store {

std::expected<std::unique_ptr<Reader>, StoreError> open_sqlite_reader(const StoreOptions&,
                                                                      std::shared_ptr<const Heads>);

}  // namespace tocsin::store
