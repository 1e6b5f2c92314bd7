#include "cli/table.h"

#include <algorithm>
#include <ostream>

#include "cli/terminal.h"

namespace tocsin::cli {
namespace {

std::string_view code_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::warning:
      return "\x1b[33m";
    case Tone::good:
      return "\x1b[32m";
    case Tone::faint:
      return "\x1b[2m";
    case Tone::strong:
      return "\x1b[1m";
  }
  return "";
}

}  // namespace

std::string painted(const std::string& text, Tone tone, bool colour) {
  if (!colour || tone == Tone::plain || text.empty()) return text;
  return std::string(code_of(tone)) + text + "\x1b[0m";
}

Table::Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}

void Table::add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = printable(cell.text);
  row.resize(heads_.size());
  rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out, bool colour, std::string_view indent) const {
  std::vector<std::vector<Cell>> lines;
  const auto is_empty = [](const std::string& head) { return head.empty(); };
  if (!std::ranges::all_of(heads_, is_empty)) {
    lines.emplace_back();
    for (const std::string& head : heads_) lines[0].push_back({head, Tone::strong});
  }
  lines.insert(lines.end(), rows_.begin(), rows_.end());

  std::vector<std::size_t> widths(heads_.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width(line[i].text));
  }
  for (const auto& line : lines) {
    std::string text(indent);
    std::size_t owed = 0;  // Blanks that are written only if something follows.
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (!line[i].text.empty()) {
        text.append(owed, ' ');
        owed = 0;
        text += painted(line[i].text, line[i].tone, colour);
      }
      owed += widths[i] - width(line[i].text) + 2;
    }
    out << text << '\n';
  }
}

}  // namespace tocsin::cli
