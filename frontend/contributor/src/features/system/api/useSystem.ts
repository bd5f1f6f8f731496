/** The daemon itself, with its connection. */
import { useQuery } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";

export const useSystem = () => useQuery({ queryKey: ["system"], queryFn: () => body(api.GET("/api/v1/system")) });
