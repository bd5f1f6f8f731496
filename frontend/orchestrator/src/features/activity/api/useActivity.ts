/** What happened, newest first. */
import { PAGE, useOlder } from "@shared/activity/older";
import { body, snapshot } from "@shared/api/client";
import { useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";

const KEY = ["activity"];

export const useActivity = () => useLiveList(KEY, () => snapshot(api.GET("/api/v1/activity", { params: { query: { limit: PAGE } } })));

export const useOlderActivity = () =>
  useOlder(KEY, useActivity().data, async (before) => (await body(api.GET("/api/v1/activity", { params: { query: { before, limit: PAGE } } }))).items);
