#include <gtest/gtest.h>

#include <algorithm>

#include "pipeline/world.h"

namespace tocsin::pipeline {
namespace {

using triage::Fate;
using triage::Idempotency;
using triage::Refusal;

constexpr const char* kSlow = "alertname=Slow service=checkout severity=warning";

Idempotency request(std::uint64_t number, std::uint64_t content = 1) {
  return {.key = {1, number}, .content = content};
}
triage::StepAnswer note(World& world, const Idempotency& once) {
  return world.act(triage::AddNote{IncidentId{1}, "looking"}, "ana", {}, once);
}

TEST(Idempotency, ARepeatedActionIsAnsweredAgainAndDoneOnce) {
  World world;
  world.fires(kSlow);
  EXPECT_EQ(note(world, request(1)).fate, Fate::done);
  const std::uint32_t version = world.incident(1).version;
  const auto again = note(world, request(1));
  EXPECT_EQ(again.fate, Fate::done);
  EXPECT_EQ(again.incident, IncidentId{1});
  EXPECT_EQ(world.incident(1).version, version) << "nothing was done";
  EXPECT_EQ(note(world, request(2)).fate, Fate::done);
  EXPECT_GT(world.incident(1).version, version);
}

TEST(Idempotency, AKeyThatWasAnotherRequestsIsRefused) {
  World world;
  world.fires(kSlow);
  note(world, request(1));
  const auto other = note(world, request(1, 2));
  EXPECT_EQ(other.fate, Fate::refused);
  EXPECT_EQ(other.refusal, Refusal::key_reused);
}

TEST(Idempotency, WhatWasRefusedMayBeTriedAgain) {
  World world;
  EXPECT_EQ(note(world, request(1)).refusal, Refusal::unknown_incident);
  world.fires(kSlow);
  EXPECT_EQ(note(world, request(1)).fate, Fate::done);
}

TEST(Idempotency, AnAnswerIsForgottenAfterADay) {
  World world;
  world.fires(kSlow);
  world.keep_firing(kSlow);
  note(world, request(1));
  world.advance(hours(25));
  const std::uint32_t version = world.incident(1).version;
  EXPECT_EQ(note(world, request(1, 2)).fate, Fate::done);
  EXPECT_GT(world.incident(1).version, version);
  EXPECT_EQ(world.state().past_answers.size(), 1U);
}

TEST(Idempotency, AtMostTenThousandAnswersAreKeptTheOldestGoFirst) {
  World world;
  world.fires(kSlow);
  for (std::uint64_t number = 1; number <= 10'050; ++number) note(world, request(number));
  EXPECT_EQ(world.state().past_answers.size(), 10'000U);
  EXPECT_TRUE(world.state().past_answers.contains(request(10'050).key));
}

}  // namespace
}  // namespace tocsin::pipeline
