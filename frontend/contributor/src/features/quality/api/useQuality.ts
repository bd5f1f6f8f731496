/** What quality control found: in one study, and at a glance in all. */
import { useQuery } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { components } from "@app/api/schema";

export type Quality = components["schemas"]["QualityView"];
export type Finding = components["schemas"]["QualityFinding"];
export type FindingPicture = components["schemas"]["QualityPicture"];
export type QualityGlance = components["schemas"]["QualityGlanceView"];
export type QualityLevel = QualityGlance["level"];

export const useQuality = (studyId: string) =>
  useQuery({ queryKey: ["quality", studyId], queryFn: () => body(api.GET("/api/v1/studies/{study_id}/quality", { params: { path: { study_id: studyId } } })) });

/** The level, and why one may not train, by study; asked again whenever there are other studies. */
export const useQualityGlances = (studies: number) =>
  useQuery({
    queryKey: ["quality", "all", studies],
    queryFn: async () => new Map((await body(api.GET("/api/v1/quality"))).items.map((item) => [item.study_id, item])),
    placeholderData: (before) => before,
  });
