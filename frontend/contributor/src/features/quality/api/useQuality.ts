/** What quality control found: in one study, and at a glance in all. */
import { useQuery } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { components } from "@app/api/schema";

export type Quality = components["schemas"]["QualityView"];
export type Finding = components["schemas"]["QualityFinding"];
export type FindingPicture = components["schemas"]["QualityPicture"];
export type QualityLevel = components["schemas"]["QualityGlanceView"]["level"];

export const useQuality = (studyId: string) =>
  useQuery({ queryKey: ["quality", studyId], queryFn: () => body(api.GET("/api/v1/studies/{study_id}/quality", { params: { path: { study_id: studyId } } })) });

/** Level by study; asked again whenever there are other studies. */
export const useQualityLevels = (studies: number) =>
  useQuery({
    queryKey: ["quality", "all", studies],
    queryFn: async () => new Map((await body(api.GET("/api/v1/quality"))).items.map((item) => [item.study_id, item.level])),
    placeholderData: (before) => before,
  });
