#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace tocsin::cli {

enum class Tone { plain, bad, warning, good, faint, strong };

struct Cell {
  std::string text;  ///< Shown through printable().
  Tone tone = Tone::plain;
};

/// Columns aligned to the left, two blanks apart, no blanks at line ends.
class Table {
 public:
  /// Heads that are all empty are not printed.
  explicit Table(std::vector<std::string> heads);
  void add(std::vector<Cell> row);
  bool empty() const { return rows_.empty(); }
  void print(std::ostream&, bool colour, std::string_view indent = "") const;

 private:
  std::vector<std::string> heads_;
  std::vector<std::vector<Cell>> rows_;
};

/// The text in the tone's colour, or as it is without colour.
std::string painted(const std::string& text, Tone, bool colour);

}  // namespace tocsin::cli
