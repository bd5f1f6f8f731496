/** Who has added studies since its last round; asked again whenever a site's counts or presence change. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { components } from "@app/api/schema";
import type { Site } from "@app/api/schemas";

export type NewDataSite = components["schemas"]["NewDataSite"];

export function useNewData(sites: readonly Site[] | undefined) {
  const mark = sites?.filter(({ state }) => state === "trusted").map((site) => `${site.id} ${site.name} ${site.online} ${site.data?.studies_usable ?? 0} ${site.new_studies}`).join("|");
  return useQuery({
    queryKey: ["new-data", mark],
    queryFn: () => body(api.GET("/api/v1/new-data")),
    enabled: mark !== undefined,
    placeholderData: keepPreviousData,
  });
}
