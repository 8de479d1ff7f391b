// Every invariant of the engine. `checkInvariants` is what the simulation calls after each step; whoever drives the
// machine in another way can call it as well.

import type { Observation } from "../observation.ts";
import { backOff } from "./back-off.ts";
import { bootsAreBounded } from "./boots-are-bounded.ts";
import { breachIsReal } from "./breach-is-real.ts";
import { capacityFloor } from "./capacity-floor.ts";
import { corruptTemplateGoes } from "./corrupt-template-goes.ts";
import { countsAreRight } from "./counts-are-right.ts";
import { currentIsProven } from "./current-is-proven.ts";
import { drainsEnd } from "./drains-end.ts";
import { failedGoesBack } from "./failed-goes-back.ts";
import { fallbackIsEarned } from "./fallback-is-earned.ts";
import { forkedAsOrdered } from "./forked-as-ordered.ts";
import { heldForTheCanary } from "./held-for-the-canary.ts";
import type { Finding, Invariant } from "./invariant.ts";
import { killBudget } from "./kill-budget.ts";
import { lastGoodTemplateLives } from "./last-good-template-lives.ts";
import { lateIsForgiven } from "./late-is-forgiven.ts";
import { noSlotForgotten } from "./no-slot-forgotten.ts";
import { noStaleCode } from "./no-stale-code.ts";
import { oldTemplatesGo } from "./old-templates-go.ts";
import { oneActionADeadline } from "./one-action-a-deadline.ts";
import { oneReplacement } from "./one-replacement.ts";
import { oneTemplateAGeneration } from "./one-template-a-generation.ts";
import { provenGeneration } from "./proven-generation.ts";
import { settingsBelong } from "./settings-belong.ts";
import { silence } from "./silence.ts";
import { statesHaveDeadlines } from "./states-have-deadlines.ts";
import { stopIsFinal } from "./stop-is-final.ts";
import { surgeBudget } from "./surge-budget.ts";
import { templateBackOff } from "./template-back-off.ts";
import { templateForksItsOwn } from "./template-forks-its-own.ts";
import { templateSilence } from "./template-silence.ts";
import { templatesHaveDeadlines } from "./templates-have-deadlines.ts";
import { truthfulAnswers } from "./truthful-answers.ts";

export type { Finding, Invariant } from "./invariant.ts";

/** A fresh set for one run. The names are what a violation carries. */
export function createInvariants(): readonly Invariant[] {
  return [
    noStaleCode(),
    currentIsProven(),
    provenGeneration(),
    heldForTheCanary(),
    countsAreRight(),
    capacityFloor(),
    surgeBudget(),
    bootsAreBounded(),
    statesHaveDeadlines(),
    noSlotForgotten(),
    oneReplacement(),
    backOff(),
    killBudget(),
    settingsBelong(),
    silence(),
    lateIsForgiven(),
    oneActionADeadline(),
    drainsEnd(),
    stopIsFinal(),
    truthfulAnswers(),
    failedGoesBack(),
    breachIsReal(),
    templateForksItsOwn(),
    forkedAsOrdered(),
    fallbackIsEarned(),
    templatesHaveDeadlines(),
    templateSilence(),
    oneTemplateAGeneration(),
    templateBackOff(),
    corruptTemplateGoes(),
    lastGoodTemplateLives(),
    oldTemplatesGo(),
  ];
}

/** Checks one step. @returns what is broken, nothing when all hold. */
export function checkInvariants(
  observation: Observation,
  invariants: readonly Invariant[],
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { name, check } of invariants) {
    const message = check(observation);
    if (message !== null) findings.push({ invariant: name, message });
  }
  return findings;
}
