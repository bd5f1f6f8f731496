/** The contributor's API, typed by its OpenAPI document. */
import { createApi } from "@shared/api/client";

import type { paths } from "@app/api/schema";

export const api = createApi<paths>();
