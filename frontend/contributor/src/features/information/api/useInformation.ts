/** The information sheet for patients. */
import { useQuery } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { components } from "@app/api/schema";

export type Information = components["schemas"]["InformationView"];

export const useInformation = () => useQuery({ queryKey: ["information"], queryFn: () => body(api.GET("/api/v1/information")) });
