#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Text from outside in the words of mail. Whatever goes in, what comes out is ASCII in lines of at
/// most 78 characters that end with CRLF, and no header can end early or begin another.
namespace tocsin::delivery {

/// `text` on one line: invalid UTF-8, control characters, line separators and the marks that turn
/// the direction of writing become blanks; at most `longest` code points, the last then "…".
std::string clean_line(std::string_view text, std::size_t longest);

/// "Name: value", folded; a value that is not plain ASCII, or holds a word too long for a line, in
/// encoded words. Source: RFC 5322 section 2.2.3, RFC 2047.
std::string header_line(std::string_view name, std::string_view value);

/// The same for a list of addresses, which stay as they are: they were checked when they were read.
std::string address_line(std::string_view name, const std::vector<std::string>& addresses);

/// A body for Content-Transfer-Encoding: quoted-printable; "\n" ends a line of `text`. Source: RFC
/// 2045 section 6.7.
std::string quoted_printable(std::string_view text);

/// "Fri, 04 Dec 2026 03:00:00 +0000". Source: RFC 5322 section 3.3.
std::string mail_date(std::int64_t unix_seconds);

}  // namespace tocsin::delivery
