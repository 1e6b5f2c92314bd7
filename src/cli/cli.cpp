#include "tocsin/cli/cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>

#include "cli/alert.h"
#include "cli/backup.h"
#include "cli/check.h"
#include "cli/explain.h"
#include "cli/incident.h"
#include "cli/ingest.h"
#include "cli/reload.h"
#include "cli/test.h"
#include "cli/test_init.h"
#include "cli/verbs.h"
#include "tocsin/rules/explain.h"
#include "tocsin/view/explanation.h"

namespace tocsin::cli {
namespace {

constexpr int kWrongUsage = 2;
constexpr std::size_t kLimitMax = 1'000'000;

/// Everything the flags fill. One verb runs; its callback leaves the exit code here.
struct Flags {
  RemoteOptions remote;
  Format format = Format::table;
  CheckOptions check;
  BackupOptions backup;
  ServeOptions serve;
  IncidentFilter incidents;
  IncidentAction action;
  AlertFilter alerts;
  IngestOptions ingest;
  TestOptions test;
  ExplainOptions explain;
  std::size_t limit = 100;
  std::string id;
  bool reapply = false;
  int code = 0;
};

const std::map<std::string, Format>& formats() {
  static const std::map<std::string, Format> kFormats = {{"table", Format::table},
                                                         {"text", Format::table},
                                                         {"json", Format::json},
                                                         {"yaml", Format::yaml}};
  return kFormats;
}

void add_format(CLI::App& verb, Flags& flags) {
  verb.add_option_function<std::string>(
          "-o,--output", [&flags](const std::string& name) { flags.format = formats().at(name); },
          "table (default), json or yaml")
      ->check(CLI::IsMember(formats()))
      ->type_name("FORMAT");
}

std::string from_environment(const char* name, std::string otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::move(otherwise) : std::string(value);
}

/// What the environment says before any flag does. The verbs share these values, and CLI11 would
/// give what the environment says to each verb's own flag, so that another verb's overrode it.
RemoteOptions remote_of_environment() {
  return {from_environment("TOCSIN_URL", "http://127.0.0.1:9911"),
          from_environment("TOCSIN_TOKEN_FILE", ""), from_environment("TOCSIN_CA_FILE", "")};
}

void add_connection(CLI::App& verb, Flags& flags) {
  verb.add_option("--url", flags.remote.url, "The daemon's address; else TOCSIN_URL")
      ->capture_default_str();
  verb.add_option("--token-file", flags.remote.token_file,
                  "A file that holds a token; else TOCSIN_TOKEN_FILE");
  verb.add_option("--ca-file", flags.remote.ca_file,
                  "Who signed the daemon's certificate (PEM), if the system does not know; else "
                  "TOCSIN_CA_FILE");
}

void add_remote(CLI::App& verb, Flags& flags) {
  add_connection(verb, flags);
  add_format(verb, flags);
}

void add_limit(CLI::App& verb, std::size_t& limit) {
  verb.add_option("--limit", limit, "At most this many, newest first")
      ->check(CLI::Range(std::size_t{1}, kLimitMax))
      ->capture_default_str();
}

void add_serve(CLI::App& app, Flags& flags, const Serve& serve) {
  CLI::App* verb = app.add_subcommand("serve", "Run the daemon in the foreground");
  verb->add_option("--config", flags.serve.config, "Path of tocsin.yaml")->capture_default_str();
  verb->callback([&flags, &serve] { flags.code = serve(flags.serve); });
}

void add_check(CLI::App& app, Flags& flags, Terminal& terminal) {
  CLI::App* verb =
      app.add_subcommand("check", "Read configuration and rules and say every mistake");
  verb->add_option("--config", flags.check.config, "Path of tocsin.yaml")->capture_default_str();
  verb->add_option("--rules", flags.check.rules,
                   "A rules folder instead of those tocsin.yaml names");
  verb->add_flag("--strict", flags.check.strict, "Count warnings as errors");
  CLI::Option* dump =
      verb->add_flag("--dump", flags.check.dump, "Print tocsin.yaml with every default")
          ->excludes("--rules");
  verb->add_option_function<std::string>(
          "-o,--output",
          [&flags](const std::string& name) {
            const auto format = formats().find(name);
            if (format != formats().end()) flags.format = format->second;
            flags.check.host = name == "github"   ? CodeHost::github
                               : name == "gitlab" ? CodeHost::gitlab
                                                  : CodeHost::none;
          },
          "table (default), json or yaml; github: annotations of a pull request; gitlab: a Code "
          "Quality report")
      ->check(CLI::IsMember({"table", "text", "json", "yaml", "github", "gitlab"}))
      ->excludes(dump)
      ->type_name("FORMAT");
  verb->callback([&flags, &terminal] { flags.code = check(flags.check, flags.format, terminal); });
}

TestFormat test_format(const std::string& name) {
  if (name == "tap") return TestFormat::tap;
  if (name == "junit") return TestFormat::junit;
  return name == "json" ? TestFormat::json : TestFormat::text;
}

void add_test(CLI::App& app, Flags& flags, Terminal& terminal) {
  CLI::App* verb = app.add_subcommand(
      "test", "Run cases through the rules in virtual time; see tocsin-rules(5)");
  verb->add_option("path", flags.test.paths,
                   "Files of cases and folders of them; without one, every folder tests in the "
                   "rules folders");
  verb->add_option("--config", flags.test.config, "Path of tocsin.yaml")->capture_default_str();
  verb->add_option("--rules", flags.test.rules,
                   "A rules folder instead of those tocsin.yaml names");
  verb->add_flag("-v,--verbose", flags.test.verbose, "Name the cases that passed, too");
  verb->add_flag("--coverage", flags.test.coverage, "Print how often each rule had a say");
  verb->add_option("--require-coverage", flags.test.require_coverage,
                   "Fail if fewer per cent of the rules decide something")
      ->check(CLI::Range(0U, 100U))
      ->type_name("PERCENT");
  CLI::Option* init = verb->add_option(
      "--init-from", flags.id, "Print a case made of this incident of a running daemon instead");
  init->type_name("INC-42");
  add_connection(*verb, flags);
  const auto format = std::make_shared<std::string>("text");
  verb->add_option("-o,--output", *format, "text (default), tap, junit or json")
      ->check(CLI::IsMember({"text", "tap", "junit", "json"}))
      ->type_name("FORMAT");
  verb->callback([&flags, &terminal, format, init] {
    if (init->count() > 0) {
      flags.code = init_case(flags.remote, flags.id, terminal);
      return;
    }
    flags.code = test(flags.test, test_format(*format), terminal);
  });
}

void add_explain(CLI::App& app, Flags& flags, Terminal& terminal) {
  CLI::App* verb = app.add_subcommand(
      "explain", "Why an alert is what it is: every decision, with its rule and line");
  verb->add_option("what", flags.explain.what,
                   "INC-42 or a fingerprint, of a running daemon; or labels such as "
                   "alertname=HostDown service=checkout; without it, alerts on standard input")
      ->allow_extra_args();
  verb->add_option("--config", flags.explain.config, "Path of tocsin.yaml")->capture_default_str();
  verb->add_option("--rules", flags.explain.rules,
                   "A rules folder instead of those tocsin.yaml names");
  verb->add_option("-s,--source", flags.explain.source,
                   "The source the alerts would come from; else one of kind alertmanager-api");
  verb->add_option("--near", flags.explain.near, "Also so many rules that nearly held")
      ->check(CLI::Range(std::size_t{0}, rules::kNearMax));
  verb->add_option("--limit", flags.explain.limit,
                   "At most so many alerts, up to 100; without it 5 of an incident")
      ->check(CLI::Range(std::size_t{1}, view::kExplainedMax));
  add_remote(*verb, flags);
  CLI::Option* url = verb->get_option("--url");
  verb->callback([&flags, &terminal, url] {
    flags.explain.asks_daemon = url->count() > 0;
    flags.code = explain(flags.explain, flags.remote, flags.format, terminal);
  });
}

void add_reload(CLI::App& app, Flags& flags, Terminal& terminal) {
  CLI::App* verb = app.add_subcommand(
      "reload", "Make the daemon read its files again; waits and prints every mistake");
  verb->add_flag("--reapply", flags.reapply,
                 "Decide alerts that fire anew, by the rules as they are now");
  add_remote(*verb, flags);
  verb->callback([&flags, &terminal] {
    flags.code = reload(flags.remote, flags.reapply, flags.format, terminal);
  });
}

void add_incident_action(CLI::App& group, Flags& flags, Terminal& terminal, const char* name,
                         const char* what) {
  CLI::App* verb = group.add_subcommand(name, what);
  verb->add_option("incident", flags.action.ids, "Ids such as INC-42")->required();
  verb->add_option("--note", flags.action.text, "A note for the timeline");
  add_remote(*verb, flags);
  verb->callback([&flags, &terminal, name] {
    flags.action.verb = name;
    flags.code = act_on_incidents(flags.remote, flags.action, flags.format, terminal);
  });
}

void add_note(CLI::App& group, Flags& flags, Terminal& terminal) {
  CLI::App* verb = group.add_subcommand("note", "Add a note to an incident's timeline");
  verb->add_option("incident", flags.id, "An id such as INC-42")->required();
  verb->add_option("text", flags.action.text, "The note")->required();
  add_remote(*verb, flags);
  verb->callback([&flags, &terminal] {
    flags.action.verb = "note";
    flags.action.ids = {flags.id};
    flags.code = act_on_incidents(flags.remote, flags.action, flags.format, terminal);
  });
}

void add_incident(CLI::App& app, Flags& flags, Terminal& terminal) {
  CLI::App* group = app.add_subcommand("incident", "List, read and act on incidents");
  group->require_subcommand(1);

  CLI::App* list = group->add_subcommand("list", "Open incidents, newest first");
  list->add_option("--state", flags.incidents.states,
                   "triggered, acknowledged, recovering, resolved or closed");
  list->add_option("--severity", flags.incidents.severities, "SEV-1 to SEV-4");
  list->add_option("--service", flags.incidents.services, "Of this service");
  list->add_option("--team", flags.incidents.teams, "Of this team");
  list->add_flag("--all", flags.incidents.all, "Also resolved and closed ones")
      ->excludes("--state");
  add_limit(*list, flags.incidents.limit);
  add_remote(*list, flags);
  list->callback([&flags, &terminal] {
    flags.code = list_incidents(flags.remote, flags.incidents, flags.format, terminal);
  });

  CLI::App* show = group->add_subcommand("show", "One incident with its alerts and timeline");
  show->add_option("incident", flags.id, "An id such as INC-42")->required();
  add_remote(*show, flags);
  show->callback([&flags, &terminal] {
    flags.code = show_incident(flags.remote, flags.id, flags.format, terminal);
  });

  add_incident_action(*group, flags, terminal, "ack", "Acknowledge: escalation stops");
  add_incident_action(*group, flags, terminal, "unack", "Give it back: escalation begins again");
  add_incident_action(*group, flags, terminal, "resolve", "Say that it is over");
  add_incident_action(*group, flags, terminal, "reopen", "Open a resolved one again");
  add_note(*group, flags, terminal);
}

void add_alert(CLI::App& app, Flags& flags, Terminal& terminal) {
  CLI::App* group = app.add_subcommand("alert", "Read alerts");
  group->require_subcommand(1);
  CLI::App* list = group->add_subcommand("list", "Alerts, newest first");
  list->add_option("--state", flags.alerts.state, "Only these")
      ->check(CLI::IsMember({"firing", "resolved"}));
  list->add_option("--source", flags.alerts.source, "Of this source");
  add_limit(*list, flags.alerts.limit);
  add_remote(*list, flags);
  list->callback([&flags, &terminal] {
    flags.code = list_alerts(flags.remote, flags.alerts, flags.format, terminal);
  });
}

void add_backup(CLI::App& app, Flags& flags, Terminal& terminal) {
  CLI::App* make = app.add_subcommand("backup", "Copy the store into one file, daemon or not");
  make->add_option("file", flags.backup.file, "Where; an older backup there is replaced")
      ->required();
  make->callback(
      [&flags, &terminal] { flags.code = backup(flags.backup, flags.format, terminal); });
  CLI::App* back =
      app.add_subcommand("restore", "Make an empty storage folder what a backup holds");
  back->add_option("file", flags.backup.file, "What `tocsin backup` made")->required();
  back->callback(
      [&flags, &terminal] { flags.code = restore(flags.backup, flags.format, terminal); });
  for (CLI::App* verb : {make, back}) {
    verb->add_option("--config", flags.backup.config, "Path of tocsin.yaml")->capture_default_str();
    add_format(*verb, flags);
  }
}

void add_rejected(CLI::App& parent, Flags& flags, Terminal& terminal) {
  CLI::App* group = parent.add_subcommand("rejected", "Bodies that could not be taken");
  group->require_subcommand(1);
  CLI::App* list = group->add_subcommand("list", "Those that are kept, newest first");
  add_limit(*list, flags.limit);
  add_remote(*list, flags);
  list->callback([&flags, &terminal] {
    flags.code = list_rejected(flags.remote, flags.limit, flags.format, terminal);
  });
  const auto add_one = [&](const char* name, const char* what, auto run) {
    CLI::App* verb = group->add_subcommand(name, what);
    verb->add_option("id", flags.id, "An id of the list")->required()->check(CLI::PositiveNumber);
    add_remote(*verb, flags);
    verb->callback([&flags, &terminal, run] {
      flags.code = run(flags.remote, flags.id, flags.format, terminal);
    });
  };
  add_one("show", "One with its body, secrets masked", show_rejected);
  add_one("replay", "Take in anew what was refused of it", replay_rejected);
}

void add_ingest(CLI::App& app, Flags& flags, Terminal& terminal) {
  CLI::App* verb = app.add_subcommand("ingest", "What a payload would become, read from stdin");
  verb->add_option("--source", flags.ingest.source, "The source it would come from");
  verb->add_option("--config", flags.ingest.config, "Path of tocsin.yaml")->capture_default_str();
  add_format(*verb, flags);
  verb->require_subcommand(0, 1);
  add_rejected(*verb, flags, terminal);
  verb->callback([verb, &flags, &terminal] {
    if (!verb->get_subcommands().empty()) return;
    if (flags.ingest.source.empty()) throw CLI::RequiredError("--source");
    flags.code = ingest(flags.ingest, flags.format, terminal);
  });
}

void add_version(CLI::App& app, Terminal& terminal) {
  app.add_subcommand("version", "Say which version this is")->callback([&terminal] {
    terminal.out << "tocsin " << kVersion << '\n';
  });
}

}  // namespace

int run_verb(int argc, const char* const* argv, const Serve& serve, Terminal& terminal) {
  Flags flags;
  flags.remote = remote_of_environment();
  flags.serve.config = flags.check.config = flags.backup.config = flags.ingest.config =
      flags.test.config = flags.explain.config = config::default_path();
  CLI::App app("Tocsin turns alerts into few incidents and pages people until somebody answers.",
               "tocsin");
  app.require_subcommand(1);
  add_serve(app, flags, serve);
  add_check(app, flags, terminal);
  add_test(app, flags, terminal);
  add_explain(app, flags, terminal);
  add_reload(app, flags, terminal);
  add_incident(app, flags, terminal);
  add_alert(app, flags, terminal);
  add_backup(app, flags, terminal);
  add_ingest(app, flags, terminal);
  add_version(app, terminal);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, terminal.out, terminal.err) == 0 ? 0 : kWrongUsage;
  }
  return flags.code;
}

int run(int argc, char** argv, const Serve& serve) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal_kind = std::getenv("TERM");
  const bool plain = (no_colour != nullptr && *no_colour != '\0') ||
                     (terminal_kind != nullptr && std::string_view(terminal_kind) == "dumb");
  Terminal terminal{std::cout,
                    std::cerr,
                    ::isatty(STDOUT_FILENO) != 0 && !plain,
                    std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()),
                    ::isatty(STDERR_FILENO) != 0,
                    &std::cin};
  const int code = run_verb(argc, argv, serve, terminal);
  std::cout.flush();
  return code;
}

}  // namespace tocsin::cli
