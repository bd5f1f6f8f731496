/** What happened, newest first. */
import { snapshot } from "@shared/api/client";
import { useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";

export const useActivity = () => useLiveList(["activity"], () => snapshot(api.GET("/api/v1/activity")));
