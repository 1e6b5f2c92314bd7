// What a mail server says, in pieces as long as the first byte tells: the dialogue ends with an
// outcome, and nothing a server said is repeated.
#include "delivery/smtp_dialogue.h"

#include "fuzz/input.h"

namespace tocsin::fuzz {
namespace {

const delivery::Mail& mail() {
  static const delivery::Mail kMail{.from = "tocsin@example.net",
                                    .to = {"ana@example.net", "bo@example.net"},
                                    .text = "Subject: a page\r\n\r\n.it burns\r\n"};
  return kMail;
}

/// The most the dialogue can have to say: every command, and the text with its dots doubled.
constexpr std::size_t kSaidMax = 4096;

void check_outcome(const delivery::SmtpDialogue& dialogue) {
  CHECK(dialogue.ended());
  const triage::PageAttempted& outcome = dialogue.outcome();
  CHECK(outcome.page == PageId{7});
  CHECK(outcome.detail.size() < 500);
  for (const char c : outcome.detail) CHECK(c >= 0x20 && c < 0x7F);
  CHECK(outcome.outcome == triage::Outcome::delivered || outcome.reason != triage::Reason::none);
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  fuzz::Input input(bytes, size);
  const std::size_t piece = 1 + input.choice(64);
  delivery::SmtpDialogue dialogue(fuzz::mail(), PageId{7});
  std::string said;
  std::string_view left = input.rest();
  while (!dialogue.ended()) {
    const std::string_view out = dialogue.next_bytes();
    said += out;
    dialogue.sent(out.size());
    if (left.empty()) break;
    dialogue.received(left.substr(0, piece));
    left.remove_prefix(std::min(left.size(), piece));
  }
  if (!dialogue.ended()) dialogue.connection_lost();
  CHECK(said.size() <= fuzz::kSaidMax);
  fuzz::check_outcome(dialogue);
  return 0;
}
