/** The proxy in force. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { ProxyChange } from "@app/api/schemas.network";

export const useProxy = () => useQuery({ queryKey: ["proxy"], queryFn: () => body(api.GET("/api/v1/settings/proxy")) });

export function useSetProxy() {
  const queries = useQueryClient();
  return useMutation({ mutationFn: (input: ProxyChange) => body(api.PUT("/api/v1/settings/proxy", { body: input })), onSuccess: (view) => queries.setQueryData(["proxy"], view) });
}
