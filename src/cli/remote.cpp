#include "cli/remote.h"

#include <curl/curl.h>
#include <sys/stat.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "cli/document.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

constexpr long kConnectTimeoutMs = 3'000;
constexpr long kTotalTimeoutMs = 30'000;
constexpr std::size_t kAnswerBytesMax = 64U << 20;
constexpr std::size_t kTokenBytesMax = 4'096;

struct Answer {
  long status = 0;
  std::string body;
  bool too_large = false;
};

std::size_t take_bytes(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& answer = *static_cast<Answer*>(into);
  if (answer.body.size() + size * count > kAnswerBytesMax) {
    answer.too_large = true;
    return 0;  // libcurl ends the transfer.
  }
  answer.body.append(bytes, size * count);
  return size * count;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";  // RFC 3986 section 2.3
  std::string out;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::string_view authority_of(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

bool is_loopback(std::string_view authority) {
  return authority.starts_with("127.") || authority.starts_with("[::1]") ||
         authority == "localhost" || authority.starts_with("localhost:");
}

std::expected<std::string, Problem> read_token(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return std::unexpected(
        Problem{"cannot read the token file " + path + ": " + std::strerror(errno), ""});
  }
  if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return std::unexpected(
        Problem{"the token file " + path + " may be read by others", "try: chmod 600 " + path});
  }
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return std::unexpected(
        Problem{"cannot read the token file " + path + ": " + std::strerror(errno), ""});
  std::string token{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' '))
    token.pop_back();
  if (token.empty() || token.size() > kTokenBytesMax ||
      token.find_first_of("\r\n") != std::string::npos) {
    return std::unexpected(
        Problem{"the token file " + path + " must hold one token on one line", ""});
  }
  return token;
}

Problem unreachable(const std::string& url, CURLcode code) {
  const std::string at = "cannot reach " + url;
  const std::string look =
      "is the daemon running? try: tocsin serve; another address goes with --url or TOCSIN_URL";
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return {at + " (connection refused)", look};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {at + " (unknown host)", "check the name in --url or TOCSIN_URL"};
    case CURLE_OPERATION_TIMEDOUT:
      return {at + " (no answer in time)", look};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {at + " (its certificate is not trusted)",
              "name its authority with --ca-file or TOCSIN_CA_FILE, or add it to this machine's "
              "trusted certificates"};
    case CURLE_SSL_CACERT_BADFILE:
      return {"the file of --ca-file or TOCSIN_CA_FILE holds no certificate",
              "name a PEM file with the authority of the daemon's certificate"};
    default:
      return {at + " (" + curl_easy_strerror(code) + ")", look};
  }
}

/// What the daemon said no with: RFC 9457, else the beginning of the text.
Problem refused(const std::string& url, std::string_view path, const Answer& answer) {
  boost::system::error_code ignored;
  const json::value parsed = json::parse(answer.body, ignored);
  std::string problem = text_at(parsed, "detail");
  if (problem.empty()) problem = text_at(parsed, "title");
  if (problem.empty())
    problem = url + " answered " + std::to_string(answer.status) + " " + answer.body.substr(0, 200);
  if (answer.status == 401 || answer.status == 403)
    return {problem, "give a token with --token-file or TOCSIN_TOKEN_FILE"};
  if (answer.status == 404 && path.starts_with("/v1/incidents"))
    return {problem, "see what there is with: tocsin incident list --all"};
  if (answer.status == 503)
    return {problem, "try again in a moment; " + url + "/metrics shows what is short"};
  return {problem, ""};
}

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

}  // namespace

namespace {
std::expected<json::value, Problem> document_of(std::expected<Remote::Reply, Problem> reply) {
  if (!reply) return std::unexpected(std::move(reply.error()));
  if (!reply->good) return std::unexpected(std::move(reply->refusal));
  return std::move(reply->document);
}
}  // namespace

std::expected<Remote, Problem> Remote::open(const RemoteOptions& options) {
  Remote remote;
  remote.url_ = options.url;
  remote.ca_file_ = options.ca_file;
  const bool is_http = remote.url_.starts_with("http://") || remote.url_.starts_with("https://");
  if (!is_http) {
    return std::unexpected(Problem{"--url " + options.url + " is no http address",
                                   "try: --url http://127.0.0.1:9911"});
  }
  if (authority_of(remote.url_).find('@') != std::string_view::npos) {
    return std::unexpected(
        Problem{"--url holds credentials", "put the token into a file and give --token-file"});
  }
  while (remote.url_.ends_with('/')) remote.url_.pop_back();
  if (!options.token_file.empty()) {
    auto token = read_token(options.token_file);
    if (!token) return std::unexpected(token.error());
    remote.token_ = *std::move(token);
  }
  return remote;
}

namespace {
std::string target_of(std::string_view path, const Remote::Query& query) {
  std::string target(path);
  char separator = '?';
  for (const auto& [name, value] : query) {
    target += separator + percent_encoded(name) + "=" + percent_encoded(value);
    separator = '&';
  }
  return target;
}
}  // namespace

std::expected<json::value, Problem> Remote::get(std::string_view path, const Query& query) const {
  return document_of(ask(target_of(path, query), nullptr));
}

std::expected<json::value, Problem> Remote::post_text(std::string_view path, const Query& query,
                                                      const std::string& body) const {
  return document_of(ask(target_of(path, query), &body));
}

std::expected<json::value, Problem> Remote::post(std::string_view path,
                                                 const json::value& body) const {
  return document_of(try_post(path, body));
}

std::expected<Remote::Reply, Problem> Remote::try_post(std::string_view path,
                                                       const json::value& body) const {
  const std::string text = json::serialize(body);
  return ask(path, &text);
}

std::expected<Remote::Reply, Problem> Remote::ask(std::string_view path_and_query,
                                                  const std::string* body) const {
  const Handle handle(curl_easy_init(), &curl_easy_cleanup);
  if (handle == nullptr) return std::unexpected(Problem{"libcurl cannot start", ""});
  CURL* curl = handle.get();
  const std::string url = url_ + std::string(path_and_query);
  Answer answer;
  std::array<const char*, 3> lines = {"Accept: application/json", "Content-Type: application/json",
                                      "Expect:"};
  curl_slist* list = nullptr;
  for (const char* line : lines) list = curl_slist_append(list, line);
  if (!token_.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + token_).c_str());
  const Headers headers(list, &curl_slist_free_all);

  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kTotalTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  if (!ca_file_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file_.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  if (is_loopback(authority_of(url_))) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  if (body != nullptr) {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->c_str());
  }
  const CURLcode code = curl_easy_perform(curl);
  if (answer.too_large)
    return std::unexpected(
        Problem{url_ + " answered more than 64 MiB", "ask for less with --limit"});
  if (code != CURLE_OK) return std::unexpected(unreachable(url_, code));
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  boost::system::error_code failed;
  Reply reply;
  reply.good = answer.status >= 200 && answer.status < 300;
  reply.document = json::parse(answer.body, failed);
  if (!reply.good) reply.refusal = refused(url_, path_and_query, answer);
  if (failed && !reply.good) return std::unexpected(reply.refusal);
  if (failed)
    return std::unexpected(
        Problem{url_ + " answered something that is no JSON", "is it Tocsin that listens there?"});
  return reply;
}

}  // namespace tocsin::cli
