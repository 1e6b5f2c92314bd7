#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

/// Compares with tests/golden/<name>; TOCSIN_UPDATE_GOLDEN=1 writes the file instead.
inline void expect_golden(const std::string& name, const std::string& actual) {
  const std::string path = std::string(TOCSIN_SOURCE_DIR) + "/tests/golden/" + name;
  if (std::getenv("TOCSIN_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << actual << '\n';
    return;
  }
  std::ifstream file(path);
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(actual + '\n', expected.str()) << path;
}
