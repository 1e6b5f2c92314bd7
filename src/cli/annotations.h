#pragma once

#include <boost/json/array.hpp>
#include <filesystem>
#include <string>

#include "tocsin/base/diagnostic.h"

/// Diagnostics as code hosts show them beside the changed lines.
namespace tocsin::cli {

/// Lines for GitHub's runner, `::error file=…,line=…,col=…::text`, each with its line end. Source:
/// https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions and the
/// escaping of github.com/actions/toolkit, packages/core/src/command.ts.
std::string github_annotations(const Diagnostics&, const std::filesystem::path& folder);

/// A Code Quality report for GitLab. Fingerprints stay the same when a finding moves to another
/// line, and are unique. Source:
/// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
boost::json::array gitlab_report(const Diagnostics&, const std::filesystem::path& folder);

/// `path` as seen from `folder` if it lies below it, else as it is. Both hosts take paths relative
/// to the checked-out repository, in which the verb runs.
std::string seen_from(const std::filesystem::path& folder, const std::string& path);

}  // namespace tocsin::cli
