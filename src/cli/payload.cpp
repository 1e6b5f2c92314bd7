#include "cli/payload.h"

#include <algorithm>
#include <istream>
#include <numeric>
#include <utility>

namespace tocsin::cli {
namespace {

/// Keys differ between stores; what is shown of an identity does not depend on them.
constexpr std::string_view kSeed = "what a payload would become";

std::string source_names(const triage::Policy& policy) {
  std::string names;
  for (const triage::Source& source : policy.sources) {
    if (!ingest::kind_of(source.kind)) continue;
    if (!names.empty()) names += ", ";
    names += source.name;
  }
  return names;
}

}  // namespace

std::expected<std::string, Problem> read_payload(const Terminal& terminal,
                                                 std::uint64_t bytes_max) {
  std::string body;
  if (terminal.in != nullptr) {
    for (char c = 0; body.size() <= bytes_max && terminal.in->get(c);) body += c;
  }
  if (body.size() <= bytes_max) return body;
  return std::unexpected(
      Problem{"the payload is larger than limits.body, " + std::to_string(bytes_max) + " bytes",
              "the daemon would refuse it, too: send it in parts"});
}

std::expected<ingest::Kind, Problem> kind_of_source(const triage::Policy& policy,
                                                    const std::string& name) {
  const auto source = std::ranges::find(policy.sources, name, &triage::Source::name);
  const auto kind = source == policy.sources.end() ? std::nullopt : ingest::kind_of(source->kind);
  if (kind) return *kind;
  return std::unexpected(Problem{"nothing defines the source \"" + name + "\"",
                                 "sources are: " + source_names(policy)});
}

std::expected<Payload, Problem> decode_payload(const config::Settings& settings,
                                               const triage::Policy& policy, ingest::Kind kind,
                                               const std::string& source, const std::string& body) {
  const KeySecret secret(kSeed);
  const config::Sender* sender = find_sender(settings.senders, source);
  ingest::SourceTerms terms;
  terms.source = source;
  terms.secret = &secret;
  terms.identity_ignore = &policy.identity_ignore;
  terms.mapping = sender == nullptr ? nullptr : sender->map.get();
  terms.invented_key = "(made by the daemon)";
  terms.limits.labels = static_cast<std::size_t>(settings.limits.labels);
  terms.limits.label_value = static_cast<std::size_t>(settings.limits.label_value);
  Payload payload;
  ingest::Decoder decoder;
  auto decoded = decoder.decode(kind, body, terms, nullptr, payload.arena);
  if (!decoded) {
    const ingest::BodyError& error = decoded.error();
    return std::unexpected(
        Problem{"the payload cannot be read: " + (error.at.empty() ? "" : "at " + error.at + ", ") +
                    "byte " + std::to_string(error.offset) + ": " + error.problem,
                ""});
  }
  payload.decoded = *std::move(decoded);
  return payload;
}

std::size_t refused_in(const ingest::Decoded& decoded) {
  return std::accumulate(decoded.refused_by.begin(), decoded.refused_by.end(), std::size_t{0});
}

}  // namespace tocsin::cli
