/** Whether the images of a data set can be compared with the truth. */
import type { SetSummary } from "@app/api/laboratorySchemas";

export const hasReference = (set: SetSummary) => Object.keys(set.facts?.references ?? {}).length > 0;
